"""Bytes at the end of a journal file that form no entry: kept as `torn` events, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.errors import UNREADABLE_JSON
from gateway.evidence.rows import torn_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.evidence.event import Event
    from gateway.sealer.tail import ReadFile

# Far below what one entry may hold, and little enough to have in memory a few times.
CHUNK_BYTES: Final = 64 * 1024 * 1024


class _Detail(msgspec.Struct, frozen=True, kw_only=True):
    journal: str
    position: int


class TornBytes:
    """Knows which torn bytes the journal itself already tells of."""

    def __init__(self) -> None:
        self._ends: dict[str, int] = {}

    def follow(self, event: Event) -> None:
        """Take in a `torn` event that was read from the journal."""
        try:
            detail = msgspec.json.decode(event.detail or "", type=_Detail)
        except UNREADABLE_JSON:
            return
        end = detail.position + (event.byte_count or 0)
        self._ends[detail.journal] = max(end, self._ends.get(detail.journal, 0))

    def is_recorded(self, read: ReadFile) -> bool:
        """Whether nothing of the file would be lost with it."""
        return read.path.stat().st_size <= self._start(read)

    def missing(
        self, read_files: Sequence[ReadFile], *, wall_ns: int, monotonic_ns: int
    ) -> Iterator[Event]:
        """Yield events for the torn bytes that no event tells of yet, in pieces of bounded size."""
        for read in read_files:
            with read.path.open("rb") as file:
                position = file.seek(self._start(read))
                while chunk := file.read(CHUNK_BYTES):
                    detail = _Detail(journal=read.path.name, position=position)
                    position += len(chunk)
                    yield torn_event(
                        chunk,
                        wall_ns=wall_ns,
                        monotonic_ns=monotonic_ns,
                        detail=msgspec.json.encode(detail).decode(),
                    )

    def _start(self, read: ReadFile) -> int:
        return max(read.whole_bytes, self._ends.get(read.path.name, 0))
