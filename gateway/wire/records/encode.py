"""Writing a record batch of format v2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.wire.records.batch import (
    CODECS,
    MAGIC_V2,
    PREFIX_BYTES,
    V2_HEADER,
    V2_HEADER_BYTES,
    Codec,
    with_crc,
)
from gateway.wire.records.compression import compress
from gateway.wire.records.varint import write_varint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.wire.records.decode import Record


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
    first = records[0]
    body = bytearray()
    for record in records:
        _write_record(body, record, first)
    stored = compress(options.codec, bytes(body))
    batch = bytearray(
        V2_HEADER.pack(
            first.offset,
            V2_HEADER_BYTES - PREFIX_BYTES + len(stored),
            options.partition_leader_epoch,
            MAGIC_V2,
            0,
            _attributes(options),
            records[-1].offset - first.offset,
            first.timestamp_ms,
            max(record.timestamp_ms for record in records),
            options.producer_id,
            options.producer_epoch,
            options.base_sequence,
            len(records),
        )
    )
    return with_crc(batch + stored)


def _attributes(options: BatchOptions) -> int:
    return (
        CODECS.index(options.codec)
        | options.is_log_append_time << 3
        | options.is_transactional << 4
        | options.is_control << 5
    )


def _write_record(target: bytearray, record: Record, first: Record) -> None:
    body = bytearray(b"\x00")
    write_varint(body, record.timestamp_ms - first.timestamp_ms)
    write_varint(body, record.offset - first.offset)
    _write_nullable(body, record.key)
    _write_nullable(body, record.value)
    write_varint(body, len(record.headers))
    for name, value in record.headers:
        _write_nullable(body, name.encode(errors="surrogateescape"))
        _write_nullable(body, value)
    write_varint(target, len(body))
    target += body


def _write_nullable(target: bytearray, value: bytes | None) -> None:
    if value is None:
        write_varint(target, -1)
        return
    write_varint(target, len(value))
    target += value
