"""Requests whose outcome the journal has not told: what recovery must call unknown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from gateway.evidence.errors import UNREADABLE_JSON, JournalError
from gateway.evidence.event import Event, EventKind
from gateway.evidence.failpoints import Failpoint, reach
from gateway.evidence.files import sync_directory, write_all

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.rows import Row

CARRY: Final = "carry.msgpack"
# A start reads back what was sealed since the last save, so traffic without intents is saved too.
EVENTS_UNSAVED_MAX: Final = 10_000

_Exchange = tuple[str | None, int | None]
_Part = tuple[str | None, str | None, int | None]


class OpenIntent(msgspec.Struct, frozen=True, array_like=True):
    """An intent as it was recorded, without its payload."""

    sequence: int
    boot_id: str
    event: Event


class _Carry(msgspec.Struct, frozen=True, kw_only=True):
    format: Literal[1] = 1
    sequence: int
    intents: tuple[OpenIntent, ...]


class OpenIntents:
    """Follows the journal; a file beside it carries over what is open by events sealed since."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / CARRY
        self._open: dict[_Exchange, dict[_Part, OpenIntent]] = {}
        self._is_changed = False
        self._saved_sequence = 0
        self.next_sequence = 0
        self._load()

    def follow(self, row: Row) -> None:
        """Take in one event; what was taken in before, by whatever process, changes nothing."""
        if row.sequence < self.next_sequence:
            return
        self.next_sequence = row.sequence + 1
        match row.event.kind:
            case EventKind.INTENT | EventKind.PRODUCE:
                self._add(OpenIntent(row.sequence, row.boot_id, _outline(row.event)))
            case EventKind.PRODUCED | EventKind.OUTCOME_UNKNOWN:
                self._close_part(row.event)
            case EventKind.EXCHANGE:
                self._is_changed |= self._open.pop(_exchange_of(row.event), None) is not None
            case _:
                pass

    def unknown_outcomes(self, *, wall_ns: int, monotonic_ns: int) -> list[Event]:
        """Return an event for each open intent, oldest first, that says its outcome is unknown."""
        return [
            msgspec.structs.replace(
                intent.event,
                kind=EventKind.OUTCOME_UNKNOWN,
                wall_ns=wall_ns,
                monotonic_ns=monotonic_ns,
                detail=_detail(intent),
            )
            for intent in sorted(self._intents(), key=lambda intent: intent.sequence)
        ]

    def save(self) -> None:
        """Make durable which intents are open by all that was followed, if that is worth it."""
        if not self._is_changed and self.next_sequence - self._saved_sequence < EVENTS_UNSAVED_MAX:
            return
        carry = _Carry(sequence=self.next_sequence, intents=tuple(self._intents()))
        temporary = self._path.with_suffix(".tmp")
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            write_all(fd, [msgspec.msgpack.encode(carry)])
            os.fsync(fd)
        finally:
            os.close(fd)
        reach(Failpoint.INTENTS_WRITTEN)
        temporary.rename(self._path)
        sync_directory(self._path.parent)
        reach(Failpoint.INTENTS_SAVED)
        self._saved_sequence = self.next_sequence
        self._is_changed = False

    def _load(self) -> None:
        if not self._path.exists():
            return
        try:
            carry = msgspec.msgpack.decode(self._path.read_bytes(), type=_Carry)
        except UNREADABLE_JSON as error:
            raise JournalError(
                f"{self._path} cannot be read ({error}): it tells which requests had no answer yet "
                "when journal files were freed; move it away to go on without them"
            ) from error
        for intent in carry.intents:
            self._add(intent)
        self._is_changed = False
        self.next_sequence = self._saved_sequence = carry.sequence

    def _intents(self) -> list[OpenIntent]:
        return [intent for parts in self._open.values() for intent in parts.values()]

    def _add(self, intent: OpenIntent) -> None:
        parts = self._open.setdefault(_exchange_of(intent.event), {})
        parts[_part_of(intent.event)] = intent
        self._is_changed = True

    def _close_part(self, event: Event) -> None:
        exchange = _exchange_of(event)
        parts = self._open.get(exchange, {})
        self._is_changed |= parts.pop(_part_of(event), None) is not None
        if not parts:
            self._open.pop(exchange, None)


def _exchange_of(event: Event) -> _Exchange:
    return event.session, event.exchange


def _part_of(event: Event) -> _Part:
    return event.topic, event.topic_id, event.partition


def _outline(event: Event) -> Event:
    return msgspec.structs.replace(event, payload=None, extents=(), detail=None)


def _detail(intent: OpenIntent) -> str:
    told = {"kind": intent.event.kind, "sequence": intent.sequence, "boot_id": intent.boot_id}
    return msgspec.json.encode({"intent": told}).decode()
