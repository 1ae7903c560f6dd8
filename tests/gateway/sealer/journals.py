"""What the tests of the sealer share: small journals, and what an archive holds of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.evidence.archive import scan
from gateway.evidence.event import Event, EventKind
from gateway.evidence.journal import FILE_BYTES_MAX, JournalWriter, journal_files
from gateway.evidence.reader import Block
from gateway.evidence.synced import SyncedJournalWriter
from gateway.sealer.sealing import SealerOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ORIGIN = "test.0"
BOOT = "boot"

Cells = dict[str, object]


def options(folder: Path, *, lock_wait_seconds: float = 0.0) -> SealerOptions:
    """Say which journal is sealed where."""
    return SealerOptions(
        archive=folder / "archive",
        journal=folder / "journal",
        origin=ORIGIN,
        lock_wait_seconds=lock_wait_seconds,
    )


class StrictJournal(SyncedJournalWriter):
    """A journal whose `append` returns when the disk has the events."""

    def append(self, events: Sequence[Event]) -> int:
        """Append and sync."""
        super().append(events)
        return self.sync()


def record(
    folder: Path, *, next_sequence: int = 0, file_bytes_max: int = FILE_BYTES_MAX
) -> JournalWriter:
    """Take the gateway's place."""
    return JournalWriter(
        folder / "journal",
        origin=ORIGIN,
        boot_id=BOOT,
        next_sequence=next_sequence,
        file_bytes_max=file_bytes_max,
    )


def event(
    kind: EventKind = EventKind.DELIVERED,
    *,
    exchange: int | None = None,
    partition: int | None = None,
    payload: bytes | None = None,
) -> Event:
    """Make an event of one session."""
    return Event(
        kind=kind,
        wall_ns=1,
        monotonic_ns=1,
        session="s",
        exchange=exchange,
        topic=None if partition is None else "t",
        partition=partition,
        payload=None if payload is None else memoryview(payload),
    )


def names(folder: Path) -> list[str]:
    """List the journal's files."""
    return [path.name for path in journal_files(folder / "journal")]


def blocks(folder: Path) -> list[Block]:
    """Read the blocks of the archive; anything wrong with it fails the test.

    A segment that is still being written is nothing wrong.
    """
    found = list(scan(folder / "archive"))
    read = [each for each in found if isinstance(each, Block)]
    wrong = [each for each in found if not isinstance(each, Block) and not each.is_information]
    assert wrong == []
    return read


def sealed(folder: Path) -> list[Cells]:
    """Read the rows of the archive."""
    return [row for block in blocks(folder) for row in block.rows.to_pylist()]


def kinds(folder: Path) -> list[str]:
    """Read the kinds of the archive's events in order."""
    return [str(row["kind"]) for row in sealed(folder)]
