"""Records as the tests speak of them, and the ways in which clients send and read them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Headers = tuple[tuple[str, bytes | None], ...]
Codec = Literal["none", "gzip", "snappy", "lz4", "zstd"]
Acks = Literal["0", "1", "all"]
CODECS: tuple[Codec, ...] = ("none", "gzip", "snappy", "lz4", "zstd")
Protocol = Literal["classic", "consumer"]
ALL_ACKS: tuple[Acks, ...] = ("0", "1", "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record; an offset or a time is None where nobody has said it (yet)."""

    partition: int = 0
    offset: int | None = None
    key: bytes | None = None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int | None = None

    def without_time(self) -> Record:
        """Return what does not depend on when the test ran."""
        return replace(self, timestamp_ms=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How a producer sends."""

    codec: Codec = "none"
    acks: Acks = "all"
    is_idempotent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """Some records and how their transaction ends."""

    records: tuple[Record, ...]
    is_committed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a consumer reads: so many records, as a group, or partitions from given offsets."""

    count: int
    group: str | None = None
    protocol: Protocol = "classic"
    start: Mapping[int, int] = field(default_factory=dict)
    is_committed_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Offsets:
    """What a partition's offsets are: its ends, and the first record at or after a time."""

    first: int
    end: int
    at_time: int


def numbered(
    count: int, *, partitions: int = 1, timestamp_ms: int | None = None
) -> tuple[Record, ...]:
    """Make records with values 0, 1, 2, ... and five different keys, in partitions by turns."""
    return tuple(
        Record(
            partition=n % partitions,
            key=b"%d" % (n % 5),
            value=b"%d" % n,
            timestamp_ms=None if timestamp_ms is None else timestamp_ms + n,
        )
        for n in range(count)
    )


def in_order(records: Iterable[Record]) -> list[Record]:
    """Sort records as they stand in their partitions."""
    return sorted(records, key=lambda record: (record.partition, record.offset or 0))
