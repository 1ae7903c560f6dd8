"""Decoding a frame: everything a writer of ours would never write is refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.block import BlockKind, CloseReason
from gateway.evidence.damage import DamageKind, Flaw
from gateway.evidence.decode import Decoded, decode
from gateway.evidence.event import EVENT_SCHEMA
from gateway.evidence.rows import Row, to_record_batch, torn_event
from gateway.evidence.segment import CONTENT_BYTES_MAX, END_OF_STREAM, Chain, SegmentWriter
from gateway.evidence.stored import SegmentFile, StoredBlock
from tests.gateway.evidence.samples import BOOT, ORIGIN, event, options, rows

if TYPE_CHECKING:
    from collections.abc import Mapping

PAYLOAD = b"payload"
DIGEST = hashlib.sha256(PAYLOAD).digest()
ROWS = [
    *rows(5, 2, payload=PAYLOAD),
    Row(7, BOOT, torn_event(b"torn", wall_ns=1, monotonic_ns=2, detail="{}")),
    Row(8, BOOT, msgspec.structs.replace(event(at=8), bundle_digest=b"d" * 32)),
]
BATCH = to_record_batch(ROWS, set())


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> dict[BlockKind, StoredBlock]:
    """Write a segment of one block of events and return its three blocks."""
    folder = tmp_path_factory.mktemp("segment")
    writer = SegmentWriter.create(folder, ORIGIN, Chain(sequence=5), options())
    writer.append(ROWS, CloseReason.TIME)
    with writer.close(CloseReason.TIME).open("rb") as file:
        segment = SegmentFile(file)
        first = segment.block(0)
        second = segment.block(first.end_position)
        return {
            each.header.kind: each for each in (first, second, segment.block(second.end_position))
        }


@pytest.fixture
def block(blocks: dict[BlockKind, StoredBlock]) -> StoredBlock:
    """Return the block of events."""
    return blocks[BlockKind.BLOCK]


def holding(block: StoredBlock, content: bytes, **changes: object) -> StoredBlock:
    """Return the block with a sound frame of other content, and a header that says other things."""
    frame = zstandard.ZstdCompressor(write_checksum=True).compress(content)
    said = {"content_bytes": len(content)} | changes
    return replace(block, frame=frame, header=msgspec.structs.replace(block.header, **said))


def column_set(name: str, values: pa.Array) -> bytes:
    """Serialize the rows with another column."""
    position = EVENT_SCHEMA.get_field_index(name)
    arrays = [*BATCH.columns]
    arrays[position] = values
    serialized: bytes = (
        pa.RecordBatch.from_arrays(arrays, schema=EVENT_SCHEMA).serialize().to_pybytes()
    )
    return serialized


def batches_with(**changes: object) -> bytes:
    """Serialize the rows with other values in the first row's record batch."""
    values = BATCH.column("batches").to_pylist()
    values[0][0] |= changes
    return column_set("batches", pa.array(values, EVENT_SCHEMA.field("batches").type))


def message_of(found: Decoded | Flaw, kind: DamageKind = DamageKind.ROWS) -> str:
    """Return what is wrong, which must be of that kind."""
    assert isinstance(found, Flaw)
    assert kind == found.kind
    return found.message


def test_rows_come_out_as_they_went_in(block: StoredBlock) -> None:
    """A sound block is its rows, and tells which payloads it holds."""
    decoded = decode(block)

    assert isinstance(decoded, Decoded)
    assert BATCH.equals(decoded.rows)
    assert {DIGEST, hashlib.sha256(b"torn").digest()} == decoded.stored
    assert frozenset() == decoded.referred


def test_a_payload_that_stands_earlier_is_told(block: StoredBlock) -> None:
    """What a block refers to without holding it must be in a block before."""
    content = to_record_batch(ROWS, {DIGEST}).serialize().to_pybytes()
    decoded = decode(holding(block, content))

    assert isinstance(decoded, Decoded)
    assert {DIGEST} == decoded.referred
    assert {hashlib.sha256(b"torn").digest()} == decoded.stored


@pytest.mark.parametrize("kind", [BlockKind.OPEN, BlockKind.CLOSE])
def test_schema_and_end_hold_no_rows(blocks: dict[BlockKind, StoredBlock], kind: BlockKind) -> None:
    """They are what makes the segment one Arrow stream."""
    assert Decoded() == decode(blocks[kind])


def test_lost_events_are_named(blocks: dict[BlockKind, StoredBlock], block: StoredBlock) -> None:
    """Only a block of events loses any."""
    lost = decode(replace(block, frame_error="bad"))
    lost_schema = decode(replace(blocks[BlockKind.OPEN], frame_error="bad"))

    assert Flaw(DamageKind.FRAME, "bad", 5, 8) == lost
    assert Flaw(DamageKind.FRAME, "bad") == lost_schema


def test_a_frame_of_another_size_is_refused_before_it_is_decompressed(block: StoredBlock) -> None:
    """Neither a bomb nor a mistake gets memory."""
    for declared in (len(PAYLOAD), CONTENT_BYTES_MAX + 1):
        header = msgspec.structs.replace(block.header, content_bytes=declared)
        found = decode(replace(block, header=header))

        assert "the frame's size contradicts its header" == message_of(found, DamageKind.FRAME)


def test_a_frame_beyond_the_limit_is_refused(
    block: StoredBlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where header and frame agree."""
    monkeypatch.setattr("gateway.evidence.decode.CONTENT_BYTES_MAX", 10)

    assert "size" in message_of(decode(block), DamageKind.FRAME)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        pytest.param(b"", "does not decompress", id="nothing"),
        pytest.param(b"garbage" * 9, "does not decompress", id="no frame"),
        pytest.param(
            zstandard.ZstdCompressor(write_checksum=False).compress(PAYLOAD),
            "no checksum",
            id="without checksum",
        ),
        pytest.param(
            zstandard.ZstdCompressor(write_checksum=True).compress(PAYLOAD)[:-5],
            "does not decompress",
            id="cut",
        ),
        pytest.param(
            zstandard.ZstdCompressor(write_checksum=True).compress(PAYLOAD) + b"x",
            "does not decompress",
            id="with a tail",
        ),
        pytest.param(
            zstandard.ZstdCompressor(write_checksum=True, write_content_size=False).compress(
                PAYLOAD
            ),
            "contradicts",
            id="without its size",
        ),
    ],
)
def test_a_frame_that_zstd_would_not_have_written_so_is_refused(
    block: StoredBlock, frame: bytes, message: str
) -> None:
    """Its hash may be right and it still be none of ours."""
    header = msgspec.structs.replace(block.header, content_bytes=len(PAYLOAD))

    assert message in message_of(
        decode(replace(block, header=header, frame=frame)), DamageKind.FRAME
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"event_count": 3}, "not events 5 to 8"),
        ({"first_sequence": 4}, "not events 4 to 8"),
        ({"last_sequence": 9}, "not events 5 to 9"),
        ({"first_wall_ns": 2}, "times"),
        ({"last_wall_ns": 1}, "times"),
        ({"boot_ids": ()}, "boots"),
        ({"boot_ids": (BOOT, "c")}, "boots"),
        ({"bundle_digests": ()}, "bundles"),
        ({"torn_bytes": 3}, "torn bytes"),
    ],
)
def test_a_header_that_says_what_the_rows_do_not_is_found(
    block: StoredBlock, changes: Mapping[str, object], message: str
) -> None:
    """Readers choose blocks by their headers, so those must be true."""
    header = msgspec.structs.replace(block.header, **changes)

    assert message in message_of(decode(replace(block, header=header)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "no Arrow message", id="nothing"),
        pytest.param(b"garbage" * 9, "no Arrow message", id="garbage"),
        pytest.param(BATCH.serialize().to_pybytes()[:-8], "no Arrow message", id="cut"),
        pytest.param(BATCH.serialize().to_pybytes() + b"x" * 8, "more than one", id="with a tail"),
        pytest.param(BATCH.serialize().to_pybytes()[4:], "", id="the older framing"),
        pytest.param(EVENT_SCHEMA.serialize().to_pybytes(), "an Arrow schema", id="a schema"),
        pytest.param(BATCH[:0].serialize().to_pybytes(), "no rows", id="no rows"),
        pytest.param(
            BATCH.select([0]).serialize().to_pybytes(), "no Arrow message", id="other columns"
        ),
        pytest.param(
            column_set("sequence", pa.array([5, 7, 6, 8])), "not events", id="another order"
        ),
        pytest.param(
            column_set("sequence", pa.array([5, 6, 7, None])), "what every row has", id="a null"
        ),
        pytest.param(
            column_set(
                "subject",
                pa.StringArray.from_buffers(
                    4,
                    pa.py_buffer(bytes([0, 0, 0, 0, 1, 0, 0, 0] + [1, 0, 0, 0] * 3)),
                    pa.py_buffer(b"\xff"),
                ),
            ),
            "no Arrow message",
            id="text that is no UTF-8",
        ),
        pytest.param(batches_with(sha256=b"0" * 32), "not what its digest says", id="a digest"),
        pytest.param(batches_with(payload=b"Payload"), "not what its digest", id="a payload"),
        pytest.param(batches_with(byte_count=8), "not what its digest says", id="a size"),
        pytest.param(batches_with(byte_count=None), "no digest or no size", id="no size"),
        pytest.param(batches_with(sha256=None), "no digest or no size", id="no digest"),
    ],
)
def test_a_sound_frame_that_holds_something_else_is_refused(
    block: StoredBlock, content: bytes, message: str
) -> None:
    """Whoever writes a frame with right hashes has still to write what the format says."""
    assert message in message_of(decode(holding(block, content)))


def test_another_schema_is_refused(blocks: dict[BlockKind, StoredBlock]) -> None:
    """Also where only its version differs."""
    other = EVENT_SCHEMA.with_metadata({"streamwitness.format": "2"})
    found = decode(holding(blocks[BlockKind.OPEN], other.serialize().to_pybytes()))

    assert "the segment was written with another schema" == message_of(found)


def test_another_end_is_refused(blocks: dict[BlockKind, StoredBlock]) -> None:
    """The stream ends with eight fixed bytes."""
    found = decode(holding(blocks[BlockKind.CLOSE], END_OF_STREAM + b"\0"))

    assert "the last frame holds no Arrow end of stream" == message_of(found)


@pytest.mark.parametrize("kind", list(BlockKind))
@given(st.data())
def test_no_content_raises(
    blocks: dict[BlockKind, StoredBlock], kind: BlockKind, data: st.DataObject
) -> None:
    """Whatever an Arrow message claims to be, decoding it ends with what it holds or a flaw."""
    messages = [BATCH.serialize().to_pybytes(), EVENT_SCHEMA.serialize().to_pybytes()]
    content = bytearray(data.draw(st.sampled_from(messages)))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(0, 255))

    assert isinstance(decode(holding(blocks[kind], bytes(content))), Decoded | Flaw)
