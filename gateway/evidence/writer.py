"""Writing an archive: blocks into segments, segments into one chain per origin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.archive import LOCK, create_archive
from gateway.evidence.block import CloseReason
from gateway.evidence.lock import FileLock
from gateway.evidence.resume import resume
from gateway.evidence.segment import SealOptions, SegmentWriter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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
        try:
            self._chain = resume(self._segments, self._origin, self._options, kept_from=kept_from)
        except BaseException:
            self._lock.release()
            raise

    @property
    def next_sequence(self) -> int:
        """The sequence number behind the last event sealed."""
        return self._segment.chain.sequence if self._segment else self._chain.sequence

    @property
    def is_segment_open(self) -> bool:
        """Whether a segment has been started and not sealed."""
        return self._segment is not None

    def append(self, rows: Sequence[Row], reason: CloseReason = CloseReason.SIZE) -> None:
        """Write one block of rows with successive sequence numbers; durable after `sync`."""
        if self._segment is None:
            chain = msgspec.structs.replace(self._chain, sequence=rows[0].sequence)
            self._segment = SegmentWriter.create(self._segments, self._origin, chain, self._options)
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

    def seal(self, reason: CloseReason) -> None:
        """End the segment; the next event starts another."""
        if self._segment is not None:
            self._segment.close(reason)
            self._chain = self._segment.chain
            self._segment = None

    def close(self, reason: CloseReason = CloseReason.SHUTDOWN) -> None:
        """Seal what is open and let another writer in."""
        self.seal(reason)
        self._lock.release()
