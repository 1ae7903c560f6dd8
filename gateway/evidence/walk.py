"""Going through a segment's headers and frames in order, and around whatever is damaged."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from gateway.evidence.block import (
    HEADER_BYTES_MAX,
    HEADER_MAGIC,
    SKIPPABLE,
    BlockHeader,
    decode_header,
)
from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.errors import DamagedError
from gateway.evidence.seekable import (
    FOOTER_BYTES,
    SEEK_TABLE_MAGIC,
    SeekEntry,
    decode_seek_table,
    encode_seek_table,
    entry_of,
    seek_table_bytes,
    skippable_entry,
)
from gateway.evidence.segment import PARTIAL_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC_BYTES: Final = struct.pack("<I", HEADER_MAGIC)
_SEARCH_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBlock:
    """A sound header and its frame as stored; `frame_error` tells what is wrong with the frame."""

    header: BlockHeader
    digest: str
    position: int
    header_bytes: int
    frame: bytes
    frame_error: str | None

    @property
    def end_position(self) -> int:
        """Where the next header starts."""
        return self.position + self.header_bytes + len(self.frame)


class _UnfinishedError(DamagedError):
    """The file ends within something; the header is known when that is its frame."""

    def __init__(self, message: str, header: BlockHeader | None = None) -> None:
        super().__init__(message)
        self.header = header


class SegmentWalk:
    """Iterates over one segment: its stored blocks, and a damage for each other run of bytes.

    It sees the file as long as it was when the walk was made, so a segment that grows can be
    walked.
    """

    def __init__(self, file: BinaryIO, *, origin: str, segment: str) -> None:
        self._file = file
        self._origin = origin
        self._segment = segment
        self._is_partial = segment.endswith(PARTIAL_SUFFIX)
        self._size = file.seek(0, 2)
        self._segment_id: str | None = None
        # What the seek table must say; None when damage makes that unknowable.
        self._entries: list[SeekEntry] | None = []

    def __iter__(self) -> Iterator[StoredBlock | Damage]:
        """Yield in the order of the file; never raises DamagedError."""
        position = 0
        is_ended = False
        while position < self._size and not is_ended:
            try:
                if self._magic(position) == SEEK_TABLE_MAGIC:
                    position += self._seek_table(position)
                    is_ended = True
                    continue
                stored = self._stored(position)
            except DamagedError as error:
                following = self._resync(position)
                damage = self._damaged(error, position, following)
                is_ended = following == self._size and damage.kind in _ENDINGS
                yield damage
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
        if stored.frame_error is not None:
            self._entries = None
        elif self._entries is not None:
            entry = entry_of(stored.frame, stored.header.content_bytes)
            self._entries += (skippable_entry(stored.header_bytes), entry)

    def _stored(self, position: int) -> StoredBlock:
        header, digest, header_bytes = self._header(position)
        available = self._size - position - header_bytes
        if header.frame_bytes > available:
            message = f"a frame of {header.frame_bytes} bytes ends after {available}"
            raise _UnfinishedError(message, header)
        frame = self._read(position + header_bytes, header.frame_bytes)
        is_sound = hashlib.sha256(frame).hexdigest() == header.frame_sha256
        error = None if is_sound else "the frame does not match the SHA-256 in its header"
        return StoredBlock(
            header=header,
            digest=digest,
            position=position,
            header_bytes=header_bytes,
            frame=frame,
            frame_error=error,
        )

    def _header(self, position: int) -> tuple[BlockHeader, str, int]:
        magic, content_bytes = SKIPPABLE.unpack(self._read(position, SKIPPABLE.size))
        if magic != HEADER_MAGIC or content_bytes > HEADER_BYTES_MAX:
            raise DamagedError("no block header stands where one should")
        content = self._read(position + SKIPPABLE.size, content_bytes)
        header, digest = decode_header(content)
        return header, digest, SKIPPABLE.size + content_bytes

    def _seek_table(self, position: int) -> int:
        """Return the size of the seek table at the position; raises DamagedError if it is wrong."""
        _, content_bytes = SKIPPABLE.unpack(self._read(position, SKIPPABLE.size))
        table = self._read(position, min(SKIPPABLE.size + content_bytes, self._size - position))
        if SKIPPABLE.size + content_bytes > len(table):
            raise _UnfinishedError("the seek table is cut")
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
        start = position + 1
        while not boundaries and start < self._size:
            chunk = self._read(start, min(_SEARCH_BYTES, self._size - start))
            found = chunk.find(_MAGIC_BYTES)
            if found < 0:
                # The magic may lie across two chunks.
                start += max(len(chunk) - len(_MAGIC_BYTES) + 1, 1)
            elif self._has_header(start + found):
                return start + found
            else:
                start += found + 1
        return self._size

    def _boundaries(self) -> list[int]:
        """Return where frames start, and last the seek table, by a table that fits the file."""
        try:
            footer = self._read(max(self._size - FOOTER_BYTES, 0), FOOTER_BYTES)
            table_position = self._size - seek_table_bytes(footer)
            table = self._read(max(table_position, 0), self._size - table_position)
            entries = decode_seek_table(table)
        except DamagedError:
            return []
        positions = [0]
        for entry in entries:
            positions.append(positions[-1] + entry.frame_bytes)
        return positions if positions[-1] == table_position else []

    def _has_header(self, position: int) -> bool:
        known = self._segment_id or ""
        prefix = b'{"format":1,"segment_id":"%b' % known.encode()
        try:
            if self._read(position + SKIPPABLE.size, len(prefix)) != prefix:
                return False
            self._header(position)
        except DamagedError:
            return False
        return True

    def _magic(self, position: int) -> int:
        return int.from_bytes(self._read(position, 4), "little")

    def _read(self, position: int, count: int) -> bytes:
        available = max(self._size - position, 0)
        if count <= available:
            self._file.seek(position)
            content = self._file.read(count)
            if len(content) == count:
                return content
        raise _UnfinishedError(
            f"the file ends {available} bytes into something of {count} bytes or more"
        )

    def _damaged(self, error: DamagedError, position: int, following: int) -> Damage:
        message = f"{error}; {following - position} bytes cannot be read"
        if isinstance(error, _UnfinishedError) and following == self._size:
            if self._is_partial:
                message = f"the segment is still being written: {error}"
                return self._damage(DamageKind.OPEN_TAIL, message, position)
            return self._damage(DamageKind.TRUNCATED, message, position, error.header)
        is_header = self._magic_or_none(position) != SEEK_TABLE_MAGIC
        kind = DamageKind.HEADER if is_header else DamageKind.SEEK_TABLE
        return self._damage(kind, message, position)

    def _magic_or_none(self, position: int) -> int | None:
        try:
            return self._magic(position)
        except DamagedError:
            return None

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


_ENDINGS: Final = frozenset({DamageKind.OPEN_TAIL, DamageKind.TRUNCATED})
