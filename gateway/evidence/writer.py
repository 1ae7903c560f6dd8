"""Writing an archive: blocks into segments, segments into one chain per origin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.archive import LOCK, create_archive
from gateway.evidence.block import DISTINCT_MAX, CloseReason
from gateway.evidence.leaves import carry_on, newest_keys
from gateway.evidence.listing import FileList
from gateway.evidence.lock import FileLock
from gateway.evidence.log.folder import log_directory
from gateway.evidence.log.writer import LogWriter
from gateway.evidence.resume import resume
from gateway.evidence.segment import SealOptions, SegmentWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from gateway.evidence.log.writer import LogSigning
    from gateway.evidence.rows import Row

SEGMENT_BYTES_MAX: Final = 64 * 1024 * 1024
# Repetitive data may be a hundredth of its size when stored; these two keep a reader's memory
# bounded.
SEGMENT_CONTENT_BYTES_MAX: Final = 512 * 1024 * 1024
SEGMENT_BATCHES_MAX: Final = 500_000


class ArchiveWriter:
    """Writes one origin's part of an archive; nobody else can while it is open.

    `kept_from` is the first sequence number that the journal still holds, None for none. Bytes at
    the end of an unfinished segment are dropped only if the journal has their events, so that they
    are sealed again.
    """

    def __init__(
        self,
        archive: Path,
        origin: str,
        options: SealOptions | None = None,
        *,
        kept_from: int | None = None,
        lock_wait_seconds: float = 0.0,
    ) -> None:
        self._origin = origin
        self._options = options or SealOptions()
        self._segments = create_archive(archive, origin)
        self._lock = FileLock(
            self._segments.parent / LOCK,
            what="seals this origin",
            wait_seconds=lock_wait_seconds,
        )
        self._segment: SegmentWriter | None = None
        self._log: LogWriter | None = None
        self._list: FileList | None = None
        try:
            self._chain = resume(self._segments, self._origin, self._options, kept_from=kept_from)
            if self._options.log is not None:
                directory = log_directory(archive, origin)
                keys = newest_keys(self._segments)
                self._log = LogWriter(directory, self._options.log, keys)
                self._chain = carry_on(self._log, self._segments, self._chain)
                self._list = _file_list(self._segments.parent, self._options.log)
                self._list.reopen()
        except BaseException:
            self._lock.release()
            raise
        self._covered_sequence = 0

    @property
    def next_sequence(self) -> int:
        """The sequence number behind the last event sealed."""
        return self._segment.chain.sequence if self._segment else self._chain.sequence

    @property
    def is_segment_open(self) -> bool:
        """Whether a segment has been started and not sealed."""
        return self._segment is not None

    @property
    def covered_sequence(self) -> int:
        """The sequence number behind the last event that a checkpoint made by this writer covers.

        Without a log it is that behind the last event that was synced.
        """
        return self._covered_sequence

    def append(self, rows: Sequence[Row], reason: CloseReason = CloseReason.SIZE) -> None:
        """Write rows with successive sequence numbers, in one block; durable after `sync`.

        Rows of more boots and policy bundles than a header lists take several blocks.
        """
        for part in _listable(rows):
            self._append(part, reason)

    def _append(self, rows: Sequence[Row], reason: CloseReason) -> None:
        if self._segment is None:
            chain = msgspec.structs.replace(self._chain, sequence=rows[0].sequence)
            self._segment = SegmentWriter.create(
                self._segments, self._origin, chain, self._options, self._log
            )
        self._segment.append(rows, reason)
        if (
            self._segment.stored_bytes >= SEGMENT_BYTES_MAX
            or self._segment.content_bytes >= SEGMENT_CONTENT_BYTES_MAX
            or self._segment.batch_count >= SEGMENT_BATCHES_MAX
        ):
            self.seal(CloseReason.SIZE)

    def sync(self) -> None:
        """Make everything appended so far durable."""
        if self._segment is not None:
            self._segment.sync()
        if self._log is None:
            self._covered_sequence = self.next_sequence

    def checkpoint(self) -> None:
        """Make everything appended so far durable, and sign that."""
        self.sync()
        self._sign()

    def seal(self, reason: CloseReason) -> None:
        """End the segment; the next event starts another."""
        if self._segment is not None:
            self._segment.close(reason)
            self._chain = self._segment.chain
            self._segment = None
            self._sign(is_kept=True)
            if self._list is not None:
                self._list.write()

    def close(
        self,
        reason: CloseReason = CloseReason.SHUTDOWN,
        cosign: Callable[[], object] = lambda: None,
    ) -> None:
        """Seal what is open, sign what is not signed yet, and let another writer in.

        `cosign` is called when the last checkpoint stands, for the list of files that is written
        after it names that one as well.
        """
        self.seal(reason)
        self._sign()
        cosign()
        if self._list is not None and self._log is not None and self._log.is_key_told:
            self._list.write(is_final=True)
        self._lock.release()

    def _sign(self, *, is_kept: bool = False) -> None:
        if self._log is not None:
            if not self._log.is_key_told:
                return  # What stands there was written under another key, which alone may sign it.
            self._log.checkpoint(is_kept=is_kept)
            if self._list is not None and self._list.is_by_previous_key:
                self._list.write()
        self._covered_sequence = self.next_sequence


def _file_list(directory: Path, signing: LogSigning) -> FileList:
    return FileList(directory, signing.signers[0], signing.previous)


def _listable(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Divide rows so that a header can list the boots and policy bundles of each part."""
    boots = {row.boot_id for row in rows}
    bundles = {row.event.bundle_digest for row in rows}
    if len(boots) + len(bundles) <= DISTINCT_MAX:
        yield rows
    else:
        middle = len(rows) // 2
        yield from _listable(rows[:middle])
        yield from _listable(rows[middle:])
