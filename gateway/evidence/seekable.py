"""The seek table at the end of a segment, in the zstd project's seekable format (version 0.1.0).

Every frame before it has an entry; a skippable frame's has a decompressed size of 0, as that format
says.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Sequence

SEEK_TABLE_MAGIC: Final = 0x184D2A5E
FOOTER_MAGIC: Final = 0x8F92EAB1
# XXH64 of nothing, its low half: the checksum of a frame that holds no data.
EMPTY_CHECKSUM: Final = 0x51D8E999
FRAMES_MAX: Final = 0x8000000
_SKIPPABLE: Final = struct.Struct("<II")
_ENTRY: Final = struct.Struct("<III")
_FOOTER: Final = struct.Struct("<IBI")
_CHECKSUM_FLAG: Final = 0x80
FOOTER_BYTES: Final = _FOOTER.size


class SeekEntry(msgspec.Struct, frozen=True):
    """One frame: its size in the file, and the size and the low 32 bits of XXH64 of its data."""

    frame_bytes: int
    content_bytes: int
    checksum: int


def entry_of(frame: bytes, content_bytes: int) -> SeekEntry:
    """Return the entry of a zstd frame that was written with a content checksum.

    Its last four bytes are that checksum (RFC 8878 section 3.1.1), the very number that the table
    wants.
    """
    return SeekEntry(len(frame), content_bytes, int.from_bytes(frame[-4:], "little"))


def skippable_entry(frame_bytes: int) -> SeekEntry:
    """Return the entry of a skippable frame."""
    return SeekEntry(frame_bytes, 0, EMPTY_CHECKSUM)


def encode_seek_table(entries: Sequence[SeekEntry]) -> bytes:
    """Return the seek table as the skippable frame that ends a file."""
    body = b"".join(
        _ENTRY.pack(entry.frame_bytes, entry.content_bytes, entry.checksum) for entry in entries
    )
    footer = _FOOTER.pack(len(entries), _CHECKSUM_FLAG, FOOTER_MAGIC)
    return _SKIPPABLE.pack(SEEK_TABLE_MAGIC, len(body) + len(footer)) + body + footer


def seek_table_bytes(footer: bytes) -> int:
    """Return the size of the whole table from a file's last nine bytes; raises DamagedError."""
    if len(footer) != FOOTER_BYTES:
        raise DamagedError("the file is too short for a seek table")
    count, descriptor, magic = _FOOTER.unpack(footer)
    if magic != FOOTER_MAGIC or descriptor != _CHECKSUM_FLAG or count > FRAMES_MAX:
        raise DamagedError("the file does not end with a seek table")
    return _SKIPPABLE.size + int(count) * _ENTRY.size + _FOOTER.size


def decode_seek_table(table: bytes) -> list[SeekEntry]:
    """Return the entries of a whole table; raises DamagedError."""
    expected = seek_table_bytes(table[-FOOTER_BYTES:])
    head = _SKIPPABLE.pack(SEEK_TABLE_MAGIC, expected - _SKIPPABLE.size)
    if len(table) != expected or not table.startswith(head):
        raise DamagedError("the seek table's head does not match its end")
    body = table[_SKIPPABLE.size : -FOOTER_BYTES]
    return [SeekEntry(*fields) for fields in _ENTRY.iter_unpack(body)]
