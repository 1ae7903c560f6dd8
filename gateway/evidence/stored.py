"""What stands where in a segment file: headers, frames and the seek table, each read by itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from gateway.evidence.block import (
    HEADER_BYTES_MAX,
    HEADER_MAGIC,
    SKIPPABLE,
    BlockHeader,
    EncodedHeader,
    decode_header,
)
from gateway.evidence.errors import DamagedError
from gateway.evidence.seekable import FOOTER_BYTES, SeekEntry, decode_seek_table, seek_table_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHeader:
    """A sound header, as it is stored and where."""

    header: BlockHeader
    encoded: EncodedHeader
    position: int

    @property
    def digest(self) -> str:
        """The header's hash in hex."""
        return self.encoded.digest

    @property
    def header_bytes(self) -> int:
        """The bytes that it takes up."""
        return len(self.encoded.frame)

    @property
    def frame_position(self) -> int:
        """Where the frame starts."""
        return self.position + self.header_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBlock(StoredHeader):
    """A sound header and its frame as stored; `frame_error` tells what is wrong with the frame."""

    frame: bytes
    frame_error: str | None

    @property
    def end_position(self) -> int:
        """Where the next header starts."""
        return self.frame_position + len(self.frame)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSeekTable:
    """A seek table that accounts for every byte before it and ends the file."""

    entries: Sequence[SeekEntry]
    position: int

    @property
    def boundaries(self) -> list[int]:
        """Return where each frame starts, and last the table itself."""
        positions = [0]
        for entry in self.entries:
            positions.append(positions[-1] + entry.frame_bytes)
        return positions


class UnfinishedError(DamagedError):
    """The file ends within something; the header is known when that is its frame."""

    def __init__(self, message: str, header: BlockHeader | None = None) -> None:
        super().__init__(message)
        self.header = header


class SegmentFile:
    """A segment file as long as it was when this was made, so one that grows can be read.

    Every method raises DamagedError for what is not there or not sound.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)

    def read(self, position: int, count: int) -> bytes:
        """Return that many bytes."""
        available = max(self.size - position, 0)
        if count <= available:
            self._file.seek(position)
            content = self._file.read(count)
            if len(content) == count:
                return content
        raise UnfinishedError(
            f"the file ends {available} bytes into something of {count} bytes or more"
        )

    def magic(self, position: int) -> int:
        """Return the magic number of the frame at the position."""
        return int.from_bytes(self.read(position, 4), "little")

    def header(self, position: int) -> StoredHeader:
        """Return the header at the position."""
        magic, content_bytes = SKIPPABLE.unpack(self.read(position, SKIPPABLE.size))
        if magic != HEADER_MAGIC or content_bytes > HEADER_BYTES_MAX:
            raise DamagedError("no block header stands where one should")
        content = self.read(position + SKIPPABLE.size, content_bytes)
        header, encoded = decode_header(content)
        return StoredHeader(header=header, encoded=encoded, position=position)

    def block(self, position: int) -> StoredBlock:
        """Return the header at the position with its frame."""
        stored = self.header(position)
        header = stored.header
        available = self.size - stored.frame_position
        if header.frame_bytes > available:
            message = f"a frame of {header.frame_bytes} bytes ends after {available}"
            raise UnfinishedError(message, header)
        frame = self.read(stored.frame_position, header.frame_bytes)
        is_sound = hashlib.sha256(frame).hexdigest() == header.frame_sha256
        return StoredBlock(
            header=header,
            encoded=stored.encoded,
            position=position,
            frame=frame,
            frame_error=None if is_sound else "the frame does not match the SHA-256 in its header",
        )

    def seek_table(self) -> StoredSeekTable:
        """Return the seek table that ends the file."""
        footer = self.read(max(self.size - FOOTER_BYTES, 0), FOOTER_BYTES)
        position = self.size - seek_table_bytes(footer)
        if position < 0:
            raise DamagedError("the seek table is longer than the file")
        entries = decode_seek_table(self.read(position, self.size - position))
        table = StoredSeekTable(entries=entries, position=position)
        if table.boundaries[-1] != position:
            raise DamagedError("the seek table does not cover what stands before it")
        return table
