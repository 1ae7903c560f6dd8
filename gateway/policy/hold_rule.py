"""What a hold rule asks for before a request may pass; `gateway.approval` sees to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MINUTES_MAX = 7 * 24 * 60


class GrantKind(StrEnum):
    """What an approval is good for."""

    SINGLE = "single"
    TIME_BOX = "time_box"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The limits of an approval; None where there is no such limit."""

    kind: GrantKind = GrantKind.SINGLE
    minutes: int | None = None
    records_max: int | None = None
    bytes_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRule:
    """How many of whom must approve, how long the request waits for them, and what they grant.

    Without `groups` everybody who may review at all may review this.
    """

    id: str
    reviewers: int
    groups: tuple[str, ...] = ()
    wait_seconds: int = 20
    grant: Grant = Grant()
