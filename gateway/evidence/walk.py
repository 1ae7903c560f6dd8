"""Going through a segment's headers and frames in order, and around whatever is damaged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO, Final

from gateway.evidence.block import SEGMENT_FORMATS, SKIPPABLE, BlockHeader, BlockKind
from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.errors import DamagedError
from gateway.evidence.seekable import (
    SEEK_TABLE_MAGIC,
    SeekEntry,
    decode_seek_table,
    encode_seek_table,
    entry_of,
    skippable_entry,
)
from gateway.evidence.segment import is_partial
from gateway.evidence.stored import SegmentFile, StoredBlock, UnfinishedError

if TYPE_CHECKING:
    from collections.abc import Iterator

# More than a header line starts with, many times over.
_SEARCH_BYTES: Final = 1024 * 1024


class SegmentWalk:
    """Iterates over one segment: its stored blocks, and a damage for each other run of bytes.

    It sees the file as long as it was when the walk was made, so a segment that grows can be
    walked.
    """

    def __init__(self, file: BinaryIO, *, origin: str, segment: str) -> None:
        self._file = SegmentFile(file)
        self._origin = origin
        self._segment = segment
        self._is_partial = is_partial(segment)
        self._size = self._file.size
        self._segment_id: str | None = None
        # Behind the last header only the seek table may stand.
        self._is_closed = False
        # What the seek table must say; None when damage makes that unknowable.
        self._entries: list[SeekEntry] | None = []

    def __iter__(self) -> Iterator[StoredBlock | Damage]:
        """Yield in the order of the file; never raises DamagedError."""
        position = 0
        is_ended = False
        while position < self._size and not is_ended:
            try:
                if self._file.magic(position) == SEEK_TABLE_MAGIC:
                    position += self._seek_table(position)
                    is_ended = True
                    continue
                stored = self._file.block(position)
            except DamagedError as error:
                following = self._resync(position)
                yield self._damaged(error, position, following)
                is_ended = following == self._size
                position = following
                self._entries = None
                continue
            self._take(stored)
            position = stored.end_position
            yield stored
        yield from self._ending(position, is_ended=is_ended)

    def _ending(self, position: int, *, is_ended: bool) -> Iterator[Damage]:
        if is_ended and position < self._size:
            message = f"{self._size - position} bytes stand behind the end of the segment"
            yield self._damage(DamageKind.TRAILING_BYTES, message, position)
        elif not is_ended and self._is_partial:
            message = "the segment is still being written"
            yield self._damage(DamageKind.OPEN_TAIL, message, position)
        elif not is_ended:
            message = "the segment ends without its seek table"
            yield self._damage(DamageKind.TRUNCATED, message, position)

    def _take(self, stored: StoredBlock) -> None:
        self._segment_id = stored.header.segment_id
        self._is_closed = stored.header.kind is BlockKind.CLOSE
        if stored.frame_error is not None:
            self._entries = None
        elif self._entries is not None:
            entry = entry_of(stored.frame, stored.header.content_bytes)
            self._entries += (skippable_entry(stored.header_bytes), entry)

    def _seek_table(self, position: int) -> int:
        """Return the size of the seek table at the position; raises DamagedError if it is wrong."""
        _, content_bytes = SKIPPABLE.unpack(self._file.read(position, SKIPPABLE.size))
        table = self._file.read(
            position, min(SKIPPABLE.size + content_bytes, self._size - position)
        )
        if SKIPPABLE.size + content_bytes > len(table):
            raise UnfinishedError("the seek table is cut")
        entries = decode_seek_table(table)
        expected = self._entries
        if expected is not None and encode_seek_table(expected) != table:
            raise DamagedError("the seek table contradicts the frames before it")
        if sum(entry.frame_bytes for entry in entries) != position:
            raise DamagedError("the seek table does not cover what stands before it")
        return len(table)

    def _resync(self, position: int) -> int:
        """Return where the next sound header or the seek table starts, else the end of the file."""
        boundaries = self._boundaries()
        for boundary in boundaries:
            if boundary > position and (boundary == boundaries[-1] or self._has_header(boundary)):
                return boundary
        return self._size if boundaries else self._search(position + 1)

    def _search(self, start: int) -> int:
        """Return the position of the next sound header by how its line starts."""
        # The whole prefix, not the magic number: a payload full of that would take hours.
        pattern, prefix_bytes = self._header_pattern()
        position = start + SKIPPABLE.size
        while position < self._size:
            chunk = self._file.read(position, min(_SEARCH_BYTES, self._size - position))
            for found in pattern.finditer(chunk):
                if self._has_header(position + found.start() - SKIPPABLE.size):
                    return position + found.start() - SKIPPABLE.size
            # The prefix may lie across two chunks.
            position += max(len(chunk) - prefix_bytes + 1, 1)
        return self._size

    def _boundaries(self) -> list[int]:
        """Return where frames start, and last the seek table, by a table that fits the file."""
        try:
            return self._file.seek_table().boundaries
        except DamagedError:
            return []

    def _has_header(self, position: int) -> bool:
        pattern, prefix_bytes = self._header_pattern()
        try:
            if not pattern.match(self._file.read(position + SKIPPABLE.size, prefix_bytes)):
                return False
            self._file.header(position)
        except DamagedError:
            return False
        return True

    def _header_pattern(self) -> tuple[re.Pattern[bytes], int]:
        """Return how a header line starts, and the bytes of that."""
        formats = b"".join(b"%d" % number for number in SEGMENT_FORMATS)
        known = re.escape((self._segment_id or "").encode())
        pattern = re.compile(b'\\{"format":[%b],"segment_id":"%b' % (formats, known))
        return pattern, len(b'{"format":1,"segment_id":"') + len(self._segment_id or "")

    def _damaged(self, error: DamagedError, position: int, following: int) -> Damage:
        message = f"{error}; {following - position} bytes cannot be read"
        if isinstance(error, UnfinishedError) and following == self._size:
            if self._is_partial:
                message = f"the segment is still being written: {error}"
                return self._damage(DamageKind.OPEN_TAIL, message, position)
            return self._damage(DamageKind.TRUNCATED, message, position, error.header)
        is_table = self._is_closed or self._file.magic(position) == SEEK_TABLE_MAGIC
        kind = DamageKind.SEEK_TABLE if is_table else DamageKind.HEADER
        return self._damage(kind, message, position)

    def _damage(
        self, kind: DamageKind, message: str, position: int, header: BlockHeader | None = None
    ) -> Damage:
        return Damage(
            kind=kind,
            message=message,
            origin=self._origin,
            segment=self._segment,
            byte_offset=position,
            block=header.block if header else None,
            first_sequence=header.first_sequence if header else None,
            last_sequence=header.last_sequence if header else None,
        )
