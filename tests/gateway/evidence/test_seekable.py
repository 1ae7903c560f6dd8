"""The seek table: written as the zstd project describes it, and refused when it is not whole."""

from __future__ import annotations

import struct

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.errors import DamagedError
from gateway.evidence.seekable import (
    EMPTY_CHECKSUM,
    FOOTER_BYTES,
    SEEK_TABLE_MAGIC,
    SeekEntry,
    decode_seek_table,
    encode_seek_table,
    entry_of,
    seek_table_bytes,
    skippable_entry,
)

UINT32 = st.integers(0, 2**32 - 1)
ENTRIES = st.lists(st.builds(SeekEntry, UINT32, UINT32, UINT32), max_size=20)
TABLE = encode_seek_table([SeekEntry(10, 20, 30), SeekEntry(40, 50, 60)])


@given(ENTRIES)
def test_a_table_is_read_as_it_was_written(entries: list[SeekEntry]) -> None:
    """What is encoded decodes to the same entries, and its footer tells its size."""
    table = encode_seek_table(entries)

    assert entries == decode_seek_table(table)
    assert len(table) == seek_table_bytes(table[-FOOTER_BYTES:])


def test_the_bytes_are_those_of_the_format() -> None:
    """A table is a skippable frame of entries and a footer, all little-endian."""
    expected = struct.pack("<II", 0x184D2A5E, 2 * 12 + 9)
    expected += struct.pack("<IIIIII", 10, 20, 30, 40, 50, 60)
    expected += struct.pack("<IBI", 2, 0x80, 0x8F92EAB1)

    assert expected == TABLE


def test_an_entry_has_the_checksum_of_its_frame() -> None:
    """A frame ends with the very checksum that the table wants; one of nothing has a fixed one."""
    frame = zstandard.ZstdCompressor(write_checksum=True).compress(b"content")
    empty = zstandard.ZstdCompressor(write_checksum=True).compress(b"")

    assert SeekEntry(len(frame), 7, struct.unpack("<I", frame[-4:])[0]) == entry_of(frame, 7)
    assert EMPTY_CHECKSUM == entry_of(empty, 0).checksum
    assert SeekEntry(99, 0, EMPTY_CHECKSUM) == skippable_entry(99)


@given(st.integers(0, len(TABLE) - 1))
def test_a_cut_table_is_refused(size: int) -> None:
    """No beginning of a table is taken for a table."""
    with pytest.raises(DamagedError):
        decode_seek_table(TABLE[:size])


@given(st.binary(min_size=1, max_size=30))
def test_a_table_with_something_before_it_is_refused(before: bytes) -> None:
    """The caller cuts the table out; what stands before it is no part of it."""
    with pytest.raises(DamagedError, match="head does not match its end"):
        decode_seek_table(before + TABLE)


@pytest.mark.parametrize(
    "footer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(TABLE[-FOOTER_BYTES + 1 :], id="too short"),
        pytest.param(struct.pack("<IBI", 2, 0x80, 0x8F92EAB2), id="another magic"),
        pytest.param(struct.pack("<IBI", 2, 0x00, 0x8F92EAB1), id="without checksums"),
        pytest.param(struct.pack("<IBI", 0x8000001, 0x80, 0x8F92EAB1), id="too many frames"),
    ],
)
def test_what_is_no_footer_is_refused(footer: bytes) -> None:
    """A file that ends otherwise has no seek table."""
    with pytest.raises(DamagedError):
        seek_table_bytes(footer)


def test_the_most_frames_are_those_of_the_format() -> None:
    """Its reference decoder takes 0x8000000 and no more."""
    footer = struct.pack("<IBI", 0x8000000, 0x80, 0x8F92EAB1)

    assert 8 + 0x8000000 * 12 + 9 == seek_table_bytes(footer)


def test_a_table_of_another_kind_of_frame_is_refused() -> None:
    """The frame around the entries must be the one that the format names."""
    assert struct.pack("<I", SEEK_TABLE_MAGIC) == TABLE[:4]
    with pytest.raises(DamagedError, match="head does not match its end"):
        decode_seek_table(struct.pack("<I", SEEK_TABLE_MAGIC + 1) + TABLE[4:])
