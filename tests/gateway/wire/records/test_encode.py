"""Encoding: batches that Kafka's clients read, and batches rewritten with all else kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.errors import EncodeError
from gateway.wire.records.batch import CODECS, Codec, crc_is_valid, read_header
from gateway.wire.records.decode import control_type, decode_batch
from gateway.wire.records.encode import BatchOptions, encode_batch, rewrite_batch
from gateway.wire.records.record import Record
from tests.gateway.wire.records.handmade import make_batch, make_record
from tests.gateway.wire.records.strategies import record_lists
from tests.gateway.wire.records.written_by_kafka import BATCHES, RECORDS

LIMIT = 1 << 20
OPTIONS = st.builds(
    BatchOptions,
    codec=st.sampled_from(CODECS),
    partition_leader_epoch=st.integers(-1, 9),
    producer_id=st.integers(-1, 1 << 40),
    producer_epoch=st.integers(-1, 9),
    base_sequence=st.integers(-1, 9),
    is_transactional=st.booleans(),
)


def test_a_batch_has_the_bytes_that_kafka_writes() -> None:
    """Without a codec there is one way to write records, and it is Kafka's."""
    assert BATCHES["v2", "none"] == encode_batch(RECORDS)


@given(records=record_lists(), options=OPTIONS)
def test_a_batch_says_what_it_was_told(records: list[Record], options: BatchOptions) -> None:
    """Header, checksum and records agree."""
    batch = encode_batch(records, options)
    header = read_header(batch)

    assert crc_is_valid(batch)
    assert records == decode_batch(batch, decompressed_bytes_max=LIMIT)
    assert (records[0].offset, records[-1].offset) == (header.base_offset, header.last_offset)
    assert records[0].timestamp_ms == header.base_timestamp_ms
    assert max(record.timestamp_ms for record in records) == header.max_timestamp_ms
    assert len(records) == header.record_count
    assert options == BatchOptions(
        codec=header.codec,
        partition_leader_epoch=header.partition_leader_epoch,
        producer_id=header.producer_id,
        producer_epoch=header.producer_epoch,
        base_sequence=header.base_sequence,
        is_transactional=header.is_transactional,
    )


def test_control_batches_and_append_time_can_be_written() -> None:
    """Brokers write these; tests and samples stand in for brokers."""
    end = Record(5, 1_000, b"\x00\x00\x00\x01", bytes(6))
    marker = encode_batch([end], BatchOptions(is_control=True, is_transactional=True))
    stamped = encode_batch(RECORDS, BatchOptions(is_log_append_time=True))

    assert control_type(marker) == "commit"
    assert read_header(marker).is_transactional
    assert read_header(stamped).is_log_append_time
    assert not read_header(stamped).is_transactional


@given(records=record_lists(), options=OPTIONS)
def test_a_batch_rewritten_as_it_was_is_the_same(
    records: list[Record], options: BatchOptions
) -> None:
    """Nothing is lost on the way through."""
    batch = encode_batch(records, options)

    assert batch == rewrite_batch(read_header(batch), records)


@pytest.mark.parametrize("codec", CODECS)
def test_a_rewrite_keeps_all_but_the_records(codec: Codec) -> None:
    """Offsets, times, producer, epochs and every attribute stay; size and checksum follow."""
    first = make_record("00 0a 04 01 06 736563 00") + make_record("00 00 08 01 02 61 00")
    header = read_header(make_batch(first, 2, base_offset=40))._replace(
        attributes=0x50 | CODECS.index(codec),
        last_offset_delta=9,
        partition_leader_epoch=3,
        producer_id=77,
        producer_epoch=2,
        base_sequence=5,
    )
    masked = [Record(42, 1_005, None, b"***", (("h", None),)), Record(44, 1_000, None, None)]
    batch = rewrite_batch(header, masked)
    kept = read_header(batch)

    assert crc_is_valid(batch)
    assert masked == decode_batch(batch, decompressed_bytes_max=LIMIT)
    assert header == kept._replace(crc=header.crc, batch_bytes=header.batch_bytes)


def test_a_rewrite_survives_deltas_that_overflow() -> None:
    """What a producer wrote into them in bad faith stays as it was."""
    odd = make_batch(make_record("00 feffffffffffffffff01 feffffff0f 01 02 61 00"), base_ms=9)
    records = decode_batch(odd, decompressed_bytes_max=LIMIT)

    assert odd == rewrite_batch(read_header(odd), records)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"offset": 1 << 63}, "the batch header cannot hold its values"),
        ({"timestamp_ms": 1 << 63}, "the batch header cannot hold its values"),
        ({"headers": (("\ud800", None),)}, "a header's name is not encodable"),
    ],
)
def test_a_record_that_does_not_fit_is_not_written(changes: dict[str, Any], text: str) -> None:
    """Our own mistakes have a kind of error too."""
    with pytest.raises(EncodeError, match=text):
        encode_batch([replace(RECORDS[0], **changes)])


def test_offsets_too_far_apart_do_not_fit_a_batch() -> None:
    """The distance has 32 bits."""
    with pytest.raises(EncodeError, match="the batch header cannot hold its values"):
        encode_batch([RECORDS[0], replace(RECORDS[1], offset=1 << 40)])


def test_a_header_name_that_is_no_text_is_written_as_it_was_read() -> None:
    """Bytes that decoding kept come out again."""
    odd = make_batch(make_record("00 00 00 01 01 02 04 ff68 01"))
    records = decode_batch(odd, decompressed_bytes_max=LIMIT)

    assert odd == rewrite_batch(read_header(odd), records)
