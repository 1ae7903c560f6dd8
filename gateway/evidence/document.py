"""The result of verification as a document for programs; docs/verifying.md explains each field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.block import least, most
from gateway.evidence.claims import not_shown, shown
from gateway.evidence.verify import REMEDIES, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.damage import Damage
    from gateway.evidence.log_check import LogVerification
    from gateway.evidence.stored import StoredHeader
    from gateway.evidence.verify import OriginVerification, Verification

DOCUMENT_FORMAT: Final = 2
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class HeadDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The last header of an origin."""

    digest: str
    segment: int
    block: int


class TimestampDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What existed by a time, as an authority says."""

    size: int
    sequence: int | None
    before: str | None


class LogDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What an origin's log shows; docs/verifying.md explains each field."""

    name: str | None
    root_key: str | None
    is_root_key_given: bool
    size: int
    root_hash: str | None
    covered_sequence: int | None
    uncovered_events: int
    keys: int
    cosigned: dict[str, str | None]
    timestamps: list[TimestampDocument]
    unchecked_timestamps: int


class OriginDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What one origin's segments hold that is sound."""

    origin: str
    segments: int
    stored_bytes: int
    blocks: int
    events: int
    first_sequence: int | None
    last_sequence: int | None
    first_time: str | None
    last_time: str | None
    left_out_events: int
    is_open: bool
    head: HeadDocument | None
    log: LogDocument


class DamageDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong or to be known, where it is, and what to do about it."""

    kind: str
    is_information: bool
    message: str
    remedy: str
    origin: str
    segment: str
    byte_offset: int
    block: int | None
    first_sequence: int | None
    last_sequence: int | None


class VerificationDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The result of verification."""

    format: int
    archive: str
    verdict: Verdict
    segments: int
    stored_bytes: int
    blocks: int
    events: int
    first_time: str | None
    last_time: str | None
    origins: list[OriginDocument]
    damages: list[DamageDocument]
    shown: tuple[str, ...]
    not_shown: tuple[str, ...]


def document_of(archive: Path, verification: Verification) -> VerificationDocument:
    """Return the document."""
    found = verification.origins
    first: int | None = None
    last: int | None = None
    for origin in found:
        first, last = least(first, origin.first_wall_ns), most(last, origin.last_wall_ns)
    return VerificationDocument(
        format=DOCUMENT_FORMAT,
        archive=printable(str(archive)),
        verdict=verification.verdict,
        segments=sum(origin.segments for origin in found),
        stored_bytes=sum(origin.stored_bytes for origin in found),
        blocks=sum(origin.blocks for origin in found),
        events=sum(origin.events for origin in found),
        first_time=time_text(first),
        last_time=time_text(last),
        origins=[_origin(origin) for origin in found],
        damages=[_damage(damage) for damage in verification.damages],
        shown=shown(found),
        not_shown=not_shown(found),
    )


def time_text(wall_ns: int | None) -> str | None:
    """Return the time in UTC with all its nanoseconds, as RFC 3339 writes it."""
    if wall_ns is None:
        return None
    seconds, nanoseconds = divmod(wall_ns, 1_000_000_000)
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z"


def printable(text: str) -> str:
    """Return the text with what could steer a terminal escaped; names in an archive are foreign."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def _origin(found: OriginVerification) -> OriginDocument:
    return OriginDocument(
        origin=printable(found.origin),
        segments=found.segments,
        stored_bytes=found.stored_bytes,
        blocks=found.blocks,
        events=found.events,
        first_sequence=found.first_sequence,
        last_sequence=found.last_sequence,
        first_time=time_text(found.first_wall_ns),
        last_time=time_text(found.last_wall_ns),
        left_out_events=found.left_out_events,
        is_open=found.is_open,
        head=_head(found.head),
        log=_log(found.log),
    )


def _log(log: LogVerification) -> LogDocument:
    return LogDocument(
        name=None if log.log is None else printable(log.log),
        root_key=None if log.root_vkey is None else printable(log.root_vkey),
        is_root_key_given=log.is_root_given,
        size=log.size,
        root_hash=log.root_hash,
        covered_sequence=log.covered_sequence,
        uncovered_events=log.uncovered_events,
        keys=len(log.keys),
        cosigned={name: time_text(at * 1_000_000_000) for name, at in log.cosigned.items()},
        timestamps=[
            TimestampDocument(
                size=each.size, sequence=each.sequence, before=time_text(each.before_ns)
            )
            for each in log.timestamps
        ],
        unchecked_timestamps=log.unchecked_timestamps,
    )


def _head(head: StoredHeader | None) -> HeadDocument | None:
    if head is None:
        return None
    return HeadDocument(digest=head.digest, segment=head.header.segment, block=head.header.block)


def _damage(damage: Damage) -> DamageDocument:
    return DamageDocument(
        kind=damage.kind,
        is_information=damage.is_information,
        message=printable(damage.message),
        remedy=REMEDIES[damage.kind],
        origin=printable(damage.origin),
        segment=printable(damage.segment),
        byte_offset=damage.byte_offset,
        block=damage.block,
        first_sequence=damage.first_sequence,
        last_sequence=damage.last_sequence,
    )
