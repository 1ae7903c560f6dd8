"""What a policy is asked about: one request, as far as rules can tell requests apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Asking(Protocol):
    """Who asks: what rules look at of a verified principal, which must be hashable."""

    @property
    def issuer(self) -> str:
        """Who vouches for the subject."""

    @property
    def subject(self) -> str:
        """The name."""

    @property
    def groups(self) -> tuple[str, ...]:
        """What the subject belongs to."""


NUMBERS: Mapping[str, str] = MappingProxyType(
    {
        "records": "records sent (Produce)",
        "bytes": "bytes of records sent (Produce)",
        "max_bytes": "bytes asked for at most (Fetch, ShareFetch)",
        "topic_count": "topics named",
        "partition_count": "partitions named",
    }
)
"""The numbers that rules can look at, and what each is; 0 where an API has no such thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """One request. `topics` is None where it may be about any topic of the cluster.

    `peer` is "host:port", as a session knows it; `numbers` are by the names in `NUMBERS`.
    """

    api_key: int
    api_version: int = 0
    listener: str = ""
    principal: Asking | None = None
    client_id: str | None = None
    peer: str = ""
    topics: frozenset[str] | None = frozenset()
    consumer_groups: frozenset[str] = frozenset()
    transactional_ids: frozenset[str] = frozenset()
    numbers: Mapping[str, int] = field(default_factory=dict)
    wall_ns: int = 0


def host_of(peer: str) -> str:
    """Give the address of a "host:port", without the brackets of an IPv6 one."""
    return peer.rpartition(":")[0].strip("[]")
