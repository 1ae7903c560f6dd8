"""Walking a segment: in order, around whatever is damaged, and never with an exception."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence import walk
from gateway.evidence.block import SKIPPABLE, BlockKind, CloseReason
from gateway.evidence.damage import Damage
from gateway.evidence.seekable import encode_seek_table
from gateway.evidence.segment import PARTIAL_SUFFIX, SUFFIX, Chain, SegmentWriter
from gateway.evidence.stored import SegmentFile, StoredBlock
from gateway.evidence.walk import SegmentWalk
from tests.gateway.evidence.samples import ORIGIN, options, rows

if TYPE_CHECKING:
    from pathlib import Path

BLOCKS = 4
"""The first, two of events, and the last."""


def write(folder: Path, *, payload: bytes = b"payload") -> bytes:
    """Write a sealed segment of two blocks and return its bytes."""
    writer = SegmentWriter.create(folder, ORIGIN, Chain(), options())
    writer.append(rows(0, 2, payload=payload), CloseReason.TIME)
    writer.append(rows(2, 1), CloseReason.TIME)
    return writer.close(CloseReason.TIME).read_bytes()


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Write the segment that most tests damage."""
    return write(tmp_path_factory.mktemp("segment"))


@pytest.fixture(scope="module")
def sound(content: bytes) -> list[StoredBlock]:
    """Return its blocks."""
    return [item for item in walked(content) if isinstance(item, StoredBlock)]


def walked(content: bytes, *, suffix: str = SUFFIX) -> list[StoredBlock | Damage]:
    """Walk bytes as if they were a segment's."""
    return list(SegmentWalk(io.BytesIO(content), origin=ORIGIN, segment="0" + suffix))


def told(found: list[StoredBlock | Damage]) -> list[str]:
    """Return kinds: of blocks what they are (with ! for a bad frame), of damages what is wrong."""
    return [
        f"damage:{item.kind}"
        if isinstance(item, Damage)
        else item.header.kind + ("!" if item.frame_error else "")
        for item in found
    ]


def flipped(content: bytes, position: int) -> bytes:
    """Change one byte."""
    changed = bytearray(content)
    changed[position] ^= 0xFF
    return bytes(changed)


def test_a_whole_segment_is_its_blocks(content: bytes) -> None:
    """Nothing is wrong with what the writer wrote."""
    assert ["open", "block", "block", "close"] == told(walked(content))


@pytest.mark.parametrize("suffix", [SUFFIX, PARTIAL_SUFFIX])
def test_a_cut_segment_ends_with_its_last_whole_block(
    content: bytes, sound: list[StoredBlock], suffix: str
) -> None:
    """Cut after every byte: the blocks before the cut, and one damage where it is."""
    for size in range(len(content)):
        *blocks, damage = walked(content[:size], suffix=suffix)
        whole = [block for block in sound if block.end_position <= size]

        assert whole == blocks
        assert isinstance(damage, Damage)
        assert ("open_tail" if suffix == PARTIAL_SUFFIX else "truncated") == damage.kind
        assert damage.byte_offset == (whole[-1].end_position if whole else 0)


def test_a_cut_frame_names_its_events(content: bytes, sound: list[StoredBlock]) -> None:
    """The header in front of it is whole, so what is lost is known."""
    block = sound[1]
    damage = walked(content[: block.end_position - 1])[-1]

    assert isinstance(damage, Damage)
    assert (1, 0, 1) == (damage.block, damage.first_sequence, damage.last_sequence)


def test_every_changed_byte_is_found_and_costs_one_block(
    content: bytes, sound: list[StoredBlock]
) -> None:
    """Changed byte by byte: what stands before and behind the block with the change is kept."""
    for position in range(len(content)):
        found = walked(flipped(content, position))
        hit = next((block for block in sound if position < block.end_position), None)
        kept = [item for item in found if isinstance(item, StoredBlock) and not item.frame_error]

        assert [block for block in sound if block is not hit] == kept
        if hit is None:
            # A table that claims to be longer than it is looks cut.
            expected = {"damage:seek_table", "damage:truncated"}
        elif position < hit.frame_position:
            expected = {"damage:header"}
        else:
            expected = {hit.header.kind + "!"}
        (wrong,) = (each for each in told(found) if "!" in each or "damage" in each)
        assert wrong in expected


def test_a_segment_without_seek_table_is_searched(
    content: bytes, sound: list[StoredBlock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged header is stepped over even where nothing tells how long it is."""
    monkeypatch.setattr(walk, "_SEARCH_BYTES", 100)
    table = sound[-1].end_position
    damaged = flipped(content[:table], sound[1].position)

    assert ["open", "damage:header", "block", "close", "damage:truncated"] == told(walked(damaged))


def test_the_first_header_may_be_the_damaged_one(content: bytes, sound: list[StoredBlock]) -> None:
    """Then any header of the format is one to go on at."""
    table = sound[-1].end_position
    damaged = flipped(content[:table], 0)

    assert ["damage:header", "block", "block", "close", "damage:truncated"] == told(walked(damaged))


def test_a_recorded_payload_that_looks_like_a_header_is_none(tmp_path: Path) -> None:
    """Who gets a header into a topic does not get it read: the segment's id is not theirs."""
    (tmp_path / "other").mkdir()
    forged = write(tmp_path / "other")[:700].replace(b"0" * 32, b"f" * 32, 1)
    # What does not shrink is stored as it is.
    with_header = write(tmp_path, payload=os.urandom(60_000) + forged + os.urandom(60_000))
    blocks = [item for item in walked(with_header) if isinstance(item, StoredBlock)]
    damaged = flipped(with_header[: blocks[-1].end_position], blocks[1].position)

    assert forged in with_header
    assert ["open", "damage:header", "block", "close", "damage:truncated"] == told(walked(damaged))


def test_what_only_starts_like_a_header_is_passed_over(
    content: bytes, sound: list[StoredBlock]
) -> None:
    """A line that begins as a header's does and has no hash to fit is no header."""
    fake = SKIPPABLE.pack(0x184D2A5B, 50) + b'{"format":1,"segment_id":"' + b"0" * 32 + b'"'
    first = sound[0].end_position
    spoiled = content[:first] + fake * 3 + content[first : sound[-1].end_position]

    assert ["open", "damage:header", "block", "block", "close", "damage:truncated"] == told(
        walked(spoiled)
    )


def test_bytes_behind_the_seek_table_are_found(content: bytes) -> None:
    """One byte is enough."""
    found = walked(content + b"\0")

    assert "damage:trailing_bytes" == told(found)[-1]
    assert BLOCKS + 1 == len(found)


def test_a_seek_table_of_other_sizes_is_found(content: bytes, sound: list[StoredBlock]) -> None:
    """A well-formed table must still be the one that the frames call for."""
    position = sound[-1].end_position
    entries = list(SegmentFile(io.BytesIO(content)).seek_table().entries)
    entries[0], entries[2] = entries[2], entries[0]
    found = walked(content[:position] + encode_seek_table(entries))

    assert [*["open", "block", "block", "close"], "damage:seek_table"] == told(found)


def test_a_seek_table_is_checked_behind_damage_too(
    content: bytes, sound: list[StoredBlock]
) -> None:
    """Where its entries cannot be known, they must at least cover the file."""
    position = sound[-1].end_position
    short = encode_seek_table(list(SegmentFile(io.BytesIO(content)).seek_table().entries)[:-1])
    damaged = flipped(content[:position], sound[1].frame_position)

    assert ["open", "block!", "block", "close", "damage:seek_table"] == told(
        walked(damaged + short)
    )


@given(st.binary(max_size=200))
def test_any_bytes_can_be_walked(content: bytes) -> None:
    """Garbage is damage."""
    found = walked(content)

    assert found
    assert all(isinstance(item, Damage) for item in found)


def test_an_empty_file_ends_too_early() -> None:
    """A sealed segment holds something; one that was just begun need not."""
    assert ["damage:truncated"] == told(walked(b""))
    assert ["damage:open_tail"] == told(walked(b"", suffix=PARTIAL_SUFFIX))


def test_a_closed_segment_that_was_not_renamed_is_whole(content: bytes) -> None:
    """Between the last write and the rename, or after a crash there, nothing is missing."""
    assert ["open", "block", "block", "close"] == told(walked(content, suffix=PARTIAL_SUFFIX))


def test_the_last_block_is_the_end_of_the_stream(sound: list[StoredBlock]) -> None:
    """The sample is what the tests above take it for."""
    assert BlockKind.CLOSE == sound[-1].header.kind
    assert BLOCKS == len(sound)
