"""Writing a record batch of format v2: a new one, or an old one with changed records."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.wire.errors import EncodeError
from gateway.wire.records.batch import (
    CODECS,
    CONTROL_BIT,
    LOG_APPEND_BIT,
    MAGIC_V2,
    PREFIX_BYTES,
    TRANSACTIONAL_BIT,
    V2_HEADER,
    V2_HEADER_BYTES,
    BatchHeader,
    Codec,
    with_crc,
)
from gateway.wire.records.compression import compress
from gateway.wire.records.record import to_int64
from gateway.wire.records.varint import write_varint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.wire.records.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """What a batch says besides its records; the defaults are those of a plain producer."""

    codec: Codec = "none"
    partition_leader_epoch: int = -1
    producer_id: int = -1
    producer_epoch: int = -1
    base_sequence: int = -1
    is_transactional: bool = False
    is_control: bool = False
    is_log_append_time: bool = False


def encode_batch(records: Sequence[Record], options: BatchOptions | None = None) -> bytes:
    """Return one batch of records in ascending order of offset; at least one."""
    assert records, "a batch that a producer sends holds at least one record"
    options = options or BatchOptions()
    first, last = records[0], records[-1]
    assert first.offset <= last.offset, "records stand in the order of their offsets"
    header = BatchHeader(
        base_offset=first.offset,
        batch_bytes=0,
        partition_leader_epoch=options.partition_leader_epoch,
        magic=MAGIC_V2,
        crc=0,
        attributes=_attributes(options),
        last_offset_delta=last.offset - first.offset,
        base_timestamp_ms=first.timestamp_ms,
        max_timestamp_ms=max(record.timestamp_ms for record in records),
        producer_id=options.producer_id,
        producer_epoch=options.producer_epoch,
        base_sequence=options.base_sequence,
        record_count=len(records),
    )
    return rewrite_batch(header, records)


def rewrite_batch(header: BatchHeader, records: Sequence[Record]) -> bytes:
    """Return the batch of `header` with these records in place of its own.

    All else stays as it was: offsets, timestamps, producer, sequence, epochs, codec. No record may
    be added or left out, since the sequence of an idempotent producer counts them.
    """
    assert header.magic == MAGIC_V2, "older formats are read only"
    assert header.record_count == len(records), "a rewrite keeps the number of records"
    body = bytearray()
    for record in records:
        _write_record(body, record, header)
    stored = compress(header.codec, bytes(body))
    length = V2_HEADER_BYTES - PREFIX_BYTES + len(stored)
    try:
        packed = V2_HEADER.pack(header.base_offset, length, *header[2:])
    except struct.error as error:
        raise EncodeError(f"the batch header cannot hold its values: {error}") from error
    return with_crc(bytearray(packed) + stored)


def _attributes(options: BatchOptions) -> int:
    return (
        CODECS.index(options.codec)
        | LOG_APPEND_BIT * options.is_log_append_time
        | TRANSACTIONAL_BIT * options.is_transactional
        | CONTROL_BIT * options.is_control
    )


def _write_record(target: bytearray, record: Record, header: BatchHeader) -> None:
    body = bytearray(b"\x00")
    write_varint(body, to_int64(record.timestamp_ms - header.base_timestamp_ms))
    write_varint(body, to_int64(record.offset - header.base_offset))
    _write_nullable(body, record.key)
    _write_nullable(body, record.value)
    write_varint(body, len(record.headers))
    for name, value in record.headers:
        _write_nullable(body, _encode_name(name))
        _write_nullable(body, value)
    write_varint(target, len(body))
    target += body


def _encode_name(name: str) -> bytes:
    try:
        return name.encode(errors="surrogateescape")
    except UnicodeEncodeError as error:
        raise EncodeError(f"a header's name is not encodable: {error.reason}") from error


def _write_nullable(target: bytearray, value: bytes | None) -> None:
    if value is None:
        write_varint(target, -1)
        return
    write_varint(target, len(value))
    target += value
