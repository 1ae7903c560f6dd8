"""Batch headers: found in a run of bytes without decompressing, however it is cut."""

from __future__ import annotations

import struct
import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.errors import MalformedError, WireError
from gateway.wire.records.batch import (
    CODECS,
    V2_HEADER_BYTES,
    BatchHeader,
    BatchSpan,
    crc_is_valid,
    read_cut_header,
    read_header,
    walk,
    with_crc,
)
from gateway.wire.records.encode import encode_batch
from tests.gateway.wire.records.strategies import record_lists
from tests.gateway.wire.records.written_by_kafka import BATCHES, RECORDS

if TYPE_CHECKING:
    from gateway.wire.records.record import Record

V0, V1, V2 = (BATCHES[version, "gzip"] for version in ("v0", "v1", "v2"))
MAGIC_AT = 16


def changed(batch: bytes, at: int, layout: str, value: int) -> bytes:
    """Put another value into a batch."""
    target = bytearray(batch)
    struct.pack_into(layout, target, at, value)
    return bytes(target)


def test_the_header_of_a_batch_is_read() -> None:
    """Every field of it, as Kafka wrote it."""
    assert read_header(BATCHES["v2", "zstd"]) == BatchHeader(
        base_offset=7,
        batch_bytes=109,
        partition_leader_epoch=-1,
        magic=2,
        crc=0x9CBB7FBB,
        attributes=4,
        last_offset_delta=2,
        base_timestamp_ms=1_000,
        max_timestamp_ms=1_005,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        record_count=3,
    )


@pytest.mark.parametrize(
    ("batch", "magic", "crc", "timestamp_ms"),
    [(V0, 0, 0x468DA655, -1), (V1, 1, 0x7B822E73, 1_005)],
)
def test_the_header_of_an_old_message_is_read(
    batch: bytes, magic: int, crc: int, timestamp_ms: int
) -> None:
    """It counts as one record at its own offset; v0 has no timestamp."""
    header = read_header(batch)

    assert (9, 9, 1) == (header.base_offset, header.last_offset, header.record_count)
    assert (magic, crc, len(batch)) == (header.magic, header.crc, header.batch_bytes)
    assert timestamp_ms == header.base_timestamp_ms == header.max_timestamp_ms
    assert header.codec == "gzip"
    assert not header.is_control
    assert not header.is_transactional


@pytest.mark.parametrize(("version", "codec"), BATCHES)
def test_the_codec_is_known_without_decompressing(version: str, codec: str) -> None:
    """It is told by the attributes, and the checksum is right as Kafka wrote it."""
    header = next(walk(BATCHES[version, codec])).header

    assert header is not None
    assert codec == header.codec
    assert f"v{header.magic}" == version
    assert crc_is_valid(BATCHES[version, codec][: header.batch_bytes])


@pytest.mark.parametrize(
    ("attributes", "flags"),
    [
        (0x08, (True, False, False)),
        (0x10, (False, True, False)),
        (0x20, (False, False, True)),
        (0x7C0, (False, False, False)),
    ],
)
def test_the_attributes_are_told_apart(attributes: int, flags: tuple[bool, bool, bool]) -> None:
    """Append time, transaction, control; bits that nobody knows mean nothing."""
    header = read_header(changed(V2, 21, ">h", attributes))

    assert flags == (header.is_log_append_time, header.is_transactional, header.is_control)


def test_old_messages_have_fewer_attributes() -> None:
    """Transactions came with v2, append time with v1."""
    v0 = read_header(changed(V0, 17, ">b", 0x38))
    v1 = read_header(changed(V1, 17, ">b", 0x38))

    assert not any((v0.is_log_append_time, v0.is_transactional, v0.is_control))
    assert v1.is_log_append_time
    assert not any((v1.is_transactional, v1.is_control))


def test_a_codec_that_kafka_has_not_is_refused() -> None:
    """When it is asked for: offsets and counts can be read without."""
    header = read_header(changed(V2, 21, ">h", len(CODECS)))

    assert header.record_count == len(RECORDS)
    with pytest.raises(MalformedError, match="compression codec 5 does not exist"):
        _ = header.codec


@pytest.mark.parametrize("kind", [bytes, memoryview])
def test_batches_are_found_whole_and_cut_anywhere(kind: type[bytes | memoryview]) -> None:
    """A fetch may end within a batch: what is whole is found, and the tail is told from it."""
    payload = V2 + V0 + V1 + V2
    ends = [0, len(V2), len(V2 + V0), len(V2 + V0 + V1), len(payload)]

    for length in range(len(payload) + 1):
        spans = list(walk(kind(payload[:length])))
        whole = [end for end in ends if end <= length]

        assert [(span.start, span.end) for span in spans if span.header] == list(pairwise(whole))
        assert [span for span in spans if not span.header] == [
            BatchSpan(whole[-1], length, None) for _ in range(whole[-1] != length)
        ]


@given(lists=st.lists(record_lists(), max_size=4), tail=st.integers(0, 60))
def test_what_was_written_is_found(lists: list[list[Record]], tail: int) -> None:
    """Batch by batch, with offsets and counts."""
    batches = [encode_batch(records) for records in lists]
    cut = encode_batch(RECORDS)[:tail]
    spans = list(walk(memoryview(b"".join(batches) + cut)))
    found = [span.header for span in spans if span.header]

    assert [records[0].offset for records in lists] == [header.base_offset for header in found]
    assert [records[-1].offset for records in lists] == [header.last_offset for header in found]
    assert list(map(len, lists)) == [header.record_count for header in found]
    assert list(map(len, batches)) == [header.batch_bytes for header in found]
    assert len(spans) - len(found) == bool(tail)


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (changed(V2, MAGIC_AT, ">b", 3), "no record batch at byte 0: magic 3"),
        (changed(V2, MAGIC_AT, ">b", -1), "no record batch at byte 0: magic 255"),
        (V2 + changed(V2, MAGIC_AT, ">b", 9), f"no record batch at byte {len(V2)}: magic 9"),
        (changed(V2, 8, ">i", 48), "the batch at byte 0 has 48 bytes, below 49"),
        (changed(V2, 8, ">i", -1), "the batch at byte 0 has -1 bytes, below 49"),
        (changed(V0, 8, ">i", 13), "the batch at byte 0 has 13 bytes, below 14"),
        (changed(V1, 8, ">i", 21), "the batch at byte 0 has 21 bytes, below 22"),
        (changed(V2, 57, ">i", -1), "a negative record count or offset delta"),
        (changed(V2, 23, ">i", -1), "a negative record count or offset delta"),
        (bytes(17), "the batch at byte 0 has 0 bytes, below 14"),
    ],
)
def test_bytes_that_can_be_no_batch_are_refused(payload: bytes, text: str) -> None:
    """They are told from a batch that is only cut off."""
    with pytest.raises(MalformedError, match=text):
        list(walk(payload))


def test_what_lies_before_bad_bytes_is_found_first() -> None:
    """The batches come one by one."""
    spans = walk(V2 + bytes(17))

    assert next(spans).end == len(V2)
    with pytest.raises(MalformedError):
        next(spans)


def test_a_length_beyond_the_payload_is_a_tail() -> None:
    """However large it claims to be."""
    payload = changed(V2, 8, ">i", (1 << 31) - 1)

    assert list(walk(payload)) == [BatchSpan(0, len(payload), None)]


@pytest.mark.parametrize("batch", [V2[:-1], V2 + b"\x00", V2[:MAGIC_AT], b""])
def test_only_one_whole_batch_has_a_header(batch: bytes) -> None:
    """Less or more is refused."""
    with pytest.raises(MalformedError, match=f"{len(batch)} bytes are not one whole batch"):
        read_header(batch)


@pytest.mark.parametrize("batch", [V0, V1, V2])
@pytest.mark.parametrize("kind", [bytes, memoryview])
def test_a_checksum_covers_what_clients_rely_on(
    batch: bytes, kind: type[bytes | memoryview]
) -> None:
    """Every byte of the records and attributes; brokers may change offset and leader epoch."""
    covered = range(21 if batch is V2 else MAGIC_AT + 1, len(batch))

    assert crc_is_valid(kind(batch))
    assert crc_is_valid(kind(changed(batch, 0, ">q", 99)))
    assert not any(
        crc_is_valid(kind(batch[:at] + bytes([batch[at] ^ 1]) + batch[at + 1 :])) for at in covered
    )


def test_a_checksum_is_set() -> None:
    """After a change it is right again, and nothing else has changed."""
    target = bytearray(changed(V2, 43, ">q", 5))

    assert not crc_is_valid(bytes(target))
    assert crc_is_valid(with_crc(target))
    assert with_crc(target)[21:] == bytes(target[21:])


def test_many_small_messages_take_little_memory() -> None:
    """A run of the shortest messages is walked without a list of all of them."""
    message = bytes(11) + b"\x0e" + bytes(14)
    payload = message * 40_000
    tracemalloc.start()
    count = sum(1 for _ in walk(payload))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == 40_000
    assert peak < 20_000


@given(
    start=st.sampled_from([b"", V0, V1, V2[:V2_HEADER_BYTES]]),
    payload=st.binary(max_size=80),
    magic=st.none() | st.integers(0, 3),
)
def test_only_wire_errors_come_out_of_arbitrary_bytes(
    start: bytes, payload: bytes, magic: int | None
) -> None:
    """What is found lies side by side in the payload."""
    if magic is not None and len(payload) > MAGIC_AT:
        payload = payload[:8] + bytes(3) + payload[11:16] + bytes([magic]) + payload[17:]
    try:
        spans = list(walk(start + payload))
    except WireError:
        return

    assert len(start + payload) == sum(span.end - span.start for span in spans)
    assert all(span.header for span in spans[:-1])


@pytest.mark.parametrize("name", ["v2", "v1", "v0"])
def test_a_batch_that_lacks_its_end_still_tells_its_header(name: str) -> None:
    """From the first byte behind the header on; before, there is none."""
    batch = {"v2": V2, "v1": V1, "v0": V0}[name]
    whole = read_header(batch)
    told = [read_cut_header(batch[:size]) for size in range(len(batch) + 1)]
    first = next(size for size, header in enumerate(told) if header is not None)

    assert {whole} == set(told[first:])
    assert {"v2": 61, "v1": 34, "v0": 26}[name] == first
