"""What a client asks for, and under which terms it may have it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from gateway.approval.digest import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class GrantKind(StrEnum):
    """What an approval allows."""

    SINGLE = "single"
    """This very request, once."""
    TIME_BOX = "time_box"
    """Requests of this API on these topics by this principal, for a time and up to limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody as an issuer knows them; nobody is anybody by a group or by a name to show."""

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the rule that holds a request demands, and what it grants.

    Without reviewer groups any reviewer of the gateway may vote. `minutes` is how long an approval
    can be used. A limit of None is none.
    """

    rule_id: str
    reviewers: int = 1
    reviewer_groups: tuple[str, ...] = ()
    wait_seconds: float = 20.0
    kind: GrantKind = GrantKind.SINGLE
    minutes: int = 60
    records_max: int | None = None
    bytes_max: int | None = None

    def __post_init__(self) -> None:
        """Refuse terms under which nobody would have to agree."""
        if self.reviewers < 1:
            raise ValueError(f"rule {self.rule_id}: at least one reviewer must agree")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request of a client that is held.

    `topics` is None where it can be about any. `parameters` are what the decision is bound to and
    what a digest is made of: they may hold the bytes of records. `shown` is what reviewers read.
    """

    asker: Person
    terms: Terms
    api: str
    topics: tuple[str, ...] | None
    parameters: Mapping[str, object]
    groups: tuple[str, ...] = ()
    client_id: str | None = None
    peer: str | None = None
    listener: str | None = None
    session: str | None = None
    shown: Mapping[str, object] = field(default_factory=dict)
    sent: tuple[int, int] | None = None
    """Records and bytes that go out with the request itself, charged when it is granted."""
    byte_count: int = 0
    """What holding it costs in memory."""

    @cached_property
    def digest(self) -> str:
        """Bind a decision to this request: a retry has the same digest, a changed one another.

        A time box is for requests that differ, so it is bound to all but their parameters.
        """
        terms = self.terms
        bound: dict[str, object] = {
            "issuer": self.asker.issuer,
            "subject": self.asker.subject,
            "api": self.api,
            "topics": None if self.topics is None else sorted(self.topics),
            "rule": terms.rule_id,
            "reviewers": terms.reviewers,
            "reviewer_groups": sorted(terms.reviewer_groups),
            "kind": terms.kind.value,
            "minutes": terms.minutes,
            "records_max": terms.records_max,
            "bytes_max": terms.bytes_max,
        }
        if terms.kind is GrantKind.SINGLE:
            bound["parameters"] = self.parameters
        return digest_of(bound)
