"""Reading the files of a journal as one stream, while they are being written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.evidence.durability import WRITTEN
from gateway.evidence.journal import JournalEntry, JournalReader, journal_files

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class TailedEntry:
    """An entry with what its file says about it."""

    boot_id: str
    durability: str
    """What was promised about the event."""
    entry: JournalEntry


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A journal file that has been read to its end, and a newer one exists or nobody writes."""

    path: Path
    last_sequence: int | None
    """None for a file without a whole entry."""
    whole_bytes: int
    """Where its last whole entry ends."""


class JournalTail:
    """Yields entries in the order of their sequence numbers, and remembers which files are done."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._reader: JournalReader | None = None
        self._last_sequence: int | None = None
        # By name, not by order: a file that a crash left without entries has the next one's number.
        self._opened: set[str] = set()
        self.read_files: list[ReadFile] = []

    def read(self) -> TailedEntry | None:
        """Return the next entry, None when the writer has written no further one yet."""
        while True:
            if (found := self._read_current()) is not None:
                return found
            following = self._following()
            if following is None:
                return None
            # The writer may have appended since, but now that a newer file exists it will not.
            if (found := self._read_current()) is not None:
                return found
            self.leave()
            self._opened.add(following.name)
            self._reader = JournalReader(following)

    def leave(self) -> None:
        """Call the current file read to its end; only right when its writer will not go on."""
        if self._reader is None:
            return
        self.read_files.append(
            ReadFile(self._reader.path, self._last_sequence, self._reader.position)
        )
        self.close()

    def close(self) -> None:
        """Read no further; the current file counts as unfinished."""
        if self._reader is not None:
            self._reader.close()
        self._reader = None
        self._last_sequence = None

    def forget(self, read: ReadFile) -> None:
        """Drop a file that has been deleted."""
        self.read_files.remove(read)
        self._opened.discard(read.path.name)

    def _read_current(self) -> TailedEntry | None:
        if self._reader is None or (entry := self._reader.read()) is None:
            return None
        header = self._reader.header
        assert header is not None, "no entry is read before its file's header"
        self._last_sequence = entry.sequence
        listener = entry.event.listener if entry.event is not None else None
        return TailedEntry(header.boot_id, header.durability.get(listener or "", WRITTEN), entry)

    def _following(self) -> Path | None:
        for path in journal_files(self._directory):
            if path.name not in self._opened:
                return path
        return None
