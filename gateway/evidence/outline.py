"""The outline of a sealed segment: what it is, by its first and last header alone.

Reading one costs a few kilobytes and decompresses nothing. Its `digest` is what a converted copy of
the segment can be filed under.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.evidence.block import BlockKind
from gateway.evidence.errors import DamagedError
from gateway.evidence.stored import SegmentFile, StoredHeader

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentOutline:
    """A sealed segment as its first and last header describe it."""

    path: Path
    opening: StoredHeader
    closing: StoredHeader

    @property
    def digest(self) -> str:
        """The hash of the last header in hex: the identity of the segment.

        That header carries the hash of the one before it, each header that of its frame, so it
        stands for every event that was written. It does not show that the file still holds them:
        file a copy under it only when reading the segment met no damage, and `verify` the archive.
        """
        return self.closing.digest

    @property
    def origin(self) -> str:
        """The origin in whose folder the segment lies."""
        return self.path.parent.parent.name

    @property
    def segment(self) -> str:
        """The name of the file."""
        return self.path.name

    @property
    def event_count(self) -> int:
        """The number of events."""
        return self.closing.header.event_count

    @property
    def first_sequence(self) -> int:
        """The sequence number of the first event."""
        return self.closing.header.first_sequence

    @property
    def last_sequence(self) -> int:
        """The sequence number of the last event."""
        return self.closing.header.last_sequence

    @property
    def first_wall_ns(self) -> int | None:
        """The earliest wall clock time of an event, None when there is none."""
        return self.closing.header.first_wall_ns

    @property
    def last_wall_ns(self) -> int | None:
        """The latest wall clock time of an event, None when there is none."""
        return self.closing.header.last_wall_ns


def read_outline(path: Path) -> SegmentOutline | None:
    """Return the outline, None when the file is being written, is damaged or cannot be read.

    Whatever has no outline must be read as a whole: `scan_segments` then tells what is wrong.
    """
    try:
        with path.open("rb") as file:
            return _outline(path, SegmentFile(file))
    except (DamagedError, OSError):
        return None


def _outline(path: Path, file: SegmentFile) -> SegmentOutline:
    # Each header and each frame has an entry, and the last frame belongs to the last header.
    boundaries = file.seek_table().boundaries[:-2]
    if not boundaries:
        raise DamagedError("the segment holds no block")
    opening, closing = file.header(0), file.header(boundaries[-1])
    is_sealed = closing.header.kind is BlockKind.CLOSE and opening.header.kind is BlockKind.OPEN
    if not is_sealed or opening.header.segment_id != closing.header.segment_id:
        raise DamagedError("the first and the last header are not those of one segment")
    return SegmentOutline(path=path, opening=opening, closing=closing)
