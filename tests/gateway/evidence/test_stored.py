"""What stands where in a segment file, also while it is being written."""

from __future__ import annotations

import io

import pytest

from gateway.evidence.block import SKIPPABLE, CloseReason
from gateway.evidence.errors import DamagedError
from gateway.evidence.seekable import encode_seek_table, skippable_entry
from gateway.evidence.segment import Chain, SegmentWriter
from gateway.evidence.stored import SegmentFile, UnfinishedError
from tests.gateway.evidence.samples import ORIGIN, options, rows


@pytest.fixture
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Write a sealed segment of one block."""
    folder = tmp_path_factory.mktemp("segment")
    writer = SegmentWriter.create(folder, ORIGIN, Chain(), options())
    writer.append(rows(0, 2), CloseReason.TIME)
    return writer.close(CloseReason.TIME).read_bytes()


def opened(content: bytes) -> SegmentFile:
    """Open bytes as a segment file."""
    return SegmentFile(io.BytesIO(content))


def test_blocks_stand_one_behind_the_other(content: bytes) -> None:
    """Each block's end is where the next starts, and the seek table knows all of them."""
    file = opened(content)
    first = file.block(0)
    second = file.block(first.end_position)
    last = file.block(second.end_position)
    table = file.seek_table()

    assert [
        0,
        first.frame_position,
        second.position,
        second.frame_position,
        last.position,
        last.frame_position,
        last.end_position,
    ] == table.boundaries
    assert (last.end_position, len(content)) == (table.position, file.size)
    assert [0x184D2A5B, 0xFD2FB528] == [file.magic(0), file.magic(first.frame_position)]
    assert [None] * 3 == [each.frame_error for each in (first, second, last)]


@pytest.mark.parametrize("tail", [b"", b"\0", b"anything"])
def test_a_header_that_is_cut_anywhere_is_unfinished(content: bytes, tail: bytes) -> None:
    """Byte by byte, no beginning is taken for a block; then it is one, whatever follows."""
    block = opened(content).block(0)
    for size in range(block.end_position):
        with pytest.raises(UnfinishedError) as caught:
            opened(content[:size]).block(0)

        is_header_known = size >= block.frame_position
        assert (block.header if is_header_known else None) == caught.value.header
    assert block == opened(content[: block.end_position] + tail).block(0)


def test_a_file_is_as_long_as_it_was_when_it_was_opened(content: bytes) -> None:
    """A writer that goes on changes nothing for a reader."""
    growing = io.BytesIO(content[:10])
    file = SegmentFile(growing)
    growing.seek(0, 2)
    growing.write(content[10:])

    assert 10 == file.size
    with pytest.raises(UnfinishedError):
        file.block(0)


def test_a_file_that_shrinks_is_unfinished(content: bytes) -> None:
    """Bytes that were there when the file was opened may be gone when they are read."""
    shrinking = io.BytesIO(content)
    file = SegmentFile(shrinking)
    shrinking.truncate(10)

    with pytest.raises(UnfinishedError, match="the file ends"):
        file.read(5, 20)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(SKIPPABLE.pack(0x184D2A5A, 10) + b"x" * 10, id="another magic"),
        pytest.param(SKIPPABLE.pack(0x184D2A5B, 2**20 + 1), id="beyond what a header takes"),
    ],
)
def test_what_is_no_header_is_refused(content: bytes) -> None:
    """Nothing is read or allocated for a header that cannot be one."""
    with pytest.raises(DamagedError, match="no block header stands where one should"):
        opened(content).header(0)


def test_a_changed_frame_is_returned_with_what_is_wrong(content: bytes) -> None:
    """Its header is sound, so a reader knows what was lost and where to go on."""
    block = opened(content).block(0)
    changed = bytearray(content)
    changed[block.frame_position] ^= 1
    found = opened(bytes(changed)).block(0)

    assert "the frame does not match the SHA-256 in its header" == found.frame_error
    assert (block.header, block.end_position) == (found.header, found.end_position)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="an empty file"),
        pytest.param(b"x" * 50, id="no footer"),
        pytest.param(encode_seek_table([skippable_entry(1)] * 9)[30:], id="a table that is cut"),
        pytest.param(b"xx" + encode_seek_table([skippable_entry(1)]), id="a byte too many"),
    ],
)
def test_a_seek_table_must_fit_its_file(content: bytes) -> None:
    """Only a table that accounts for every byte before it is trusted."""
    with pytest.raises(DamagedError):
        opened(content).seek_table()
