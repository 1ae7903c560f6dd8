"""Requests whose outcome the journal has not told: what recovery must call unknown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.errors import JournalError
from gateway.evidence.event import Event, EventKind
from gateway.evidence.files import sync_directory, write_all

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.rows import Row

CARRY: Final = "carry.msgpack"
_FORMAT: Final = 1

_Exchange = tuple[str | None, int | None]
_Part = tuple[str | None, str | None, int | None]


class OpenIntent(msgspec.Struct, frozen=True, array_like=True):
    """An intent as it was recorded, without its payload."""

    sequence: int
    boot_id: str
    event: Event


class _Carry(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    sequence: int
    intents: tuple[OpenIntent, ...]
    answered: dict[str, int]


class OpenIntents:
    """Follows the journal; a file beside it carries over what stood in files freed since."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / CARRY
        self._open: dict[_Exchange, dict[_Part, OpenIntent]] = {}
        # The last exchange of each session that has its answer: with acks=0 the answer row may come
        # before the produce rows, which are then no open intents.
        self._answered: dict[str, int] = {}
        self.next_sequence = 0
        self._load()

    def follow(self, row: Row) -> None:
        """Take in one event; what was taken in before, by whatever process, changes nothing."""
        if row.sequence < self.next_sequence:
            return
        self.next_sequence = row.sequence + 1
        event = row.event
        exchange = (event.session, event.exchange)
        part = (event.topic, event.topic_id, event.partition)
        match event.kind:
            case EventKind.INTENT | EventKind.PRODUCE:
                if event.session is None or self._answered.get(event.session) != event.exchange:
                    intent = OpenIntent(row.sequence, row.boot_id, _without_payload(event))
                    self._open.setdefault(exchange, {})[part] = intent
            case EventKind.PRODUCED:
                self._close_part(exchange, part)
            case EventKind.OUTCOME_UNKNOWN:
                self._close_part(exchange, part)
            case EventKind.EXCHANGE:
                self._open.pop(exchange, None)
                if event.session is not None and event.exchange is not None:
                    self._answered[event.session] = event.exchange
            case EventKind.SESSION_CLOSE if event.session is not None:
                self._answered.pop(event.session, None)
            case _:
                pass

    def unknown_outcomes(self, *, wall_ns: int, monotonic_ns: int) -> list[Event]:
        """Return an event for each open intent, oldest first, that says its outcome is unknown."""
        intents = [intent for parts in self._open.values() for intent in parts.values()]
        return [
            msgspec.structs.replace(
                intent.event,
                kind=EventKind.OUTCOME_UNKNOWN,
                wall_ns=wall_ns,
                monotonic_ns=monotonic_ns,
                detail=_detail(intent),
            )
            for intent in sorted(intents, key=lambda intent: intent.sequence)
        ]

    def save(self) -> None:
        """Make what was followed so far durable, so that the journal files with it can go."""
        carry = _Carry(
            format=_FORMAT,
            sequence=self.next_sequence,
            intents=tuple(intent for parts in self._open.values() for intent in parts.values()),
            answered=self._answered,
        )
        temporary = self._path.with_suffix(".tmp")
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            write_all(fd, [msgspec.msgpack.encode(carry)])
            os.fsync(fd)
        finally:
            os.close(fd)
        temporary.rename(self._path)
        sync_directory(self._path.parent)

    def _load(self) -> None:
        if not self._path.exists():
            return
        try:
            carry = msgspec.msgpack.decode(self._path.read_bytes(), type=_Carry)
        except msgspec.MsgspecError as error:
            raise JournalError(
                f"{self._path} cannot be read ({error}): it tells which requests had no answer yet "
                "when journal files were freed; move it away to go on without them"
            ) from error
        self.next_sequence = carry.sequence
        self._answered = carry.answered
        for intent in carry.intents:
            event = intent.event
            part = (event.topic, event.topic_id, event.partition)
            self._open.setdefault((event.session, event.exchange), {})[part] = intent

    def _close_part(self, exchange: _Exchange, part: _Part) -> None:
        parts = self._open.get(exchange, {})
        parts.pop(part, None)
        if not parts:
            self._open.pop(exchange, None)


def _without_payload(event: Event) -> Event:
    return msgspec.structs.replace(event, payload=None, extents=(), detail=None)


def _detail(intent: OpenIntent) -> str:
    told = {"kind": intent.event.kind, "sequence": intent.sequence, "boot_id": intent.boot_id}
    return msgspec.json.encode({"intent": told}).decode()
