"""Record batches against aiokafka and kafka-python, which read and write them in ways of their own.

aiokafka knows every format and codec; kafka-python is asked where it needs no further packages.
Neither bounds what it expands, so both see our own bytes only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords as AiokafkaRecords
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.record import MemoryRecords as KafkaPythonRecords
from kafka.record import MemoryRecordsBuilder as KafkaPythonBuilder

from gateway.wire.records.batch import CODECS, Codec, crc_is_valid, read_header, walk
from gateway.wire.records.decode import decode_batch
from gateway.wire.records.encode import BatchOptions, encode_batch
from gateway.wire.records.record import Record
from tests.gateway.wire.records.strategies import record_lists

if TYPE_CHECKING:
    from collections.abc import Sequence

# Twenty-six comparisons of everything: a few examples of each are hundreds in all.
EVERY_CLIENT = settings(max_examples=settings().max_examples // 4)

LIMIT = 1 << 20
BATCH_BYTES = 1 << 20
WORTH_COMPRESSING = bytes(2_000)

V2_CODECS = {
    "aiokafka": CODECS,
    "kafka-python": tuple(codec for codec in CODECS if codec != "snappy"),
}
V2 = [(client, codec) for client, codecs in V2_CODECS.items() for codec in codecs]
# Kafka never had zstd in old formats, and lz4 in v0 is a case of its own.
LEGACY = [(0, "none"), (0, "gzip"), (0, "snappy")] + [(1, codec) for codec in CODECS[:4]]

DENSE = record_lists(first=0, is_dense=True)
LISTS = st.lists(record_lists(), min_size=1, max_size=3)


class ClientRecord(Protocol):
    """What the records of both clients have."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def to_record(record: ClientRecord) -> Record:
    """Turn a client's record into ours."""
    return Record(record.offset, record.timestamp, record.key, record.value, tuple(record.headers))


def read_with(client: str, payload: bytes) -> list[Record]:
    """Read batches with a client."""
    batches = AiokafkaRecords(payload) if client == "aiokafka" else KafkaPythonRecords(payload)
    records = []
    while batches.has_next():
        batch = batches.next_batch()
        assert batch.validate_crc()
        records += [to_record(record) for record in batch]
    return records


def write_with(client: str, codec: Codec, records: list[Record]) -> bytes:
    """Write a batch with a client, as its producer does."""
    number = CODECS.index(codec)
    if client == "kafka-python":
        builder = KafkaPythonBuilder(magic=2, compression_type=number, batch_size=BATCH_BYTES)
        for record in records:
            builder.append(
                record.timestamp_ms, record.key, record.value, headers=list(record.headers)
            )
        builder.close()
        return bytes(builder.buffer())
    batch = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=number,
        is_transactional=0,
        producer_id=77,
        producer_epoch=3,
        base_sequence=5,
        batch_size=BATCH_BYTES,
    )
    for record in records:
        batch.append(
            record.offset, record.timestamp_ms, record.key, record.value, list(record.headers)
        )
    return bytes(batch.build())


def decode(payload: bytes) -> list[Record]:
    """Decode batches with our own code."""
    return [
        record
        for span in walk(payload)
        for record in decode_batch(payload[span.start : span.end], decompressed_bytes_max=LIMIT)
    ]


@pytest.mark.parametrize(("client", "codec"), V2)
@EVERY_CLIENT
@given(lists=LISTS)
def test_clients_read_what_we_write(client: str, codec: Codec, lists: list[list[Record]]) -> None:
    """The same records, and a checksum that they find right."""
    payload = b"".join(encode_batch(records, BatchOptions(codec=codec)) for records in lists)

    assert [record for records in lists for record in records] == read_with(client, payload)


@pytest.mark.parametrize(("client", "codec"), V2)
@EVERY_CLIENT
@given(records=DENSE)
def test_we_read_what_clients_write(client: str, codec: Codec, records: list[Record]) -> None:
    """The same records, and a checksum that we find right."""
    written = [*records, Record(len(records), 1_000, None, WORTH_COMPRESSING)]
    batch = write_with(client, codec, written)

    assert crc_is_valid(batch)
    assert codec == read_header(batch).codec
    assert written == decode(batch)


@EVERY_CLIENT
@given(lists=LISTS, flags=st.tuples(st.booleans(), st.booleans()))
def test_headers_mean_the_same_to_aiokafka(
    lists: list[list[Record]], flags: tuple[bool, bool]
) -> None:
    """Every field that it knows."""
    options = BatchOptions(
        producer_id=77,
        producer_epoch=3,
        base_sequence=5,
        is_transactional=flags[0],
        is_log_append_time=flags[1],
    )
    for records in lists:
        batch = encode_batch(records, options)
        header, theirs = read_header(batch), DefaultRecordBatch(batch)

        assert theirs.crc == header.crc
        assert theirs.base_offset == header.base_offset
        assert theirs.attributes == header.attributes
        assert theirs.last_offset_delta == header.last_offset_delta
        assert theirs.first_timestamp == header.base_timestamp_ms
        assert theirs.max_timestamp == header.max_timestamp_ms
        assert theirs.producer_id == header.producer_id
        assert theirs.producer_epoch == header.producer_epoch
        assert theirs.base_sequence == header.base_sequence
        assert theirs.is_transactional == header.is_transactional
        assert theirs.timestamp_type == header.is_log_append_time
        assert len(list(theirs)) == header.record_count


@pytest.mark.parametrize(("magic", "codec"), LEGACY)
@EVERY_CLIENT
@given(records=DENSE)
def test_old_message_sets_mean_the_same_to_aiokafka(
    magic: int, codec: str, records: list[Record]
) -> None:
    """What it writes we both read: the old formats have no headers, and v0 no times."""
    builder = LegacyRecordBatchBuilder(
        magic=magic, compression_type=CODECS.index(codec), batch_size=BATCH_BYTES
    )
    for record in records:
        builder.append(record.offset, record.timestamp_ms, record.key, record.value)
    payload = bytes(builder.build())
    expected = [
        Record(record.offset, record.timestamp_ms if magic else -1, record.key, record.value)
        for record in records
    ]
    read = read_with("aiokafka", payload)

    assert expected == decode(payload)
    assert [(each.offset, each.key, each.value) for each in expected] == [
        (each.offset, each.key, each.value) for each in read
    ]
