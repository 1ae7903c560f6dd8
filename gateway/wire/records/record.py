"""A record, whatever format its batch has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_INT64_LIMIT: Final = 1 << 63

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it stands in the log; None is a null key or value, b"" an empty one."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def to_int64(value: int) -> int:
    """Let a sum overflow as it does in Kafka: nobody checks what producers write into deltas."""
    return (value + _INT64_LIMIT) % (2 * _INT64_LIMIT) - _INT64_LIMIT
