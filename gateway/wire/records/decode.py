"""Opening a batch: its records, whatever format and codec it has.

A record is read as Kafka's Java clients read it, oddities included: what a client could read must
not be unreadable to an investigation.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, Literal

from gateway.wire.errors import MalformedError
from gateway.wire.records.batch import MAGIC_V2, V2_HEADER_BYTES, read_header
from gateway.wire.records.compression import decompress
from gateway.wire.records.legacy import decode_message
from gateway.wire.records.record import Record, to_int64
from gateway.wire.records.varint import read_varint, read_varlong

if TYPE_CHECKING:
    from gateway.wire.records.batch import BatchHeader
    from gateway.wire.records.record import Headers

# length, attributes, two deltas, two lengths, header count: one byte each at least
_RECORD_BYTES_MIN: Final = 7
_CONTROL_KEY: Final = struct.Struct(">hh")


def decode_batch(batch: bytes | memoryview, *, decompressed_bytes_max: int) -> list[Record]:
    """Return the records of one whole batch.

    A control batch holds none: ask `is_control` first, and `control_type` what it says. Raises
    MalformedError, and LimitError where the batch expands beyond the limit. Records of 7 bytes, the
    shortest, take some 25 times as much in memory.
    """
    header = read_header(batch)
    assert not header.is_control, "control batches carry no records"
    if header.magic != MAGIC_V2:
        return decode_message(batch, decompressed_bytes_max=decompressed_bytes_max)
    return _decode_records(header, _body(header, batch, decompressed_bytes_max))


def control_type(batch: bytes | memoryview) -> Literal["abort", "commit"]:
    """Return how the transaction ended that a control batch closes (KIP-98).

    Raises MalformedError, also for the control records that only controllers exchange.
    """
    header = read_header(batch)
    assert header.is_control, "only control batches end transactions"
    records = _decode_records(header, _body(header, batch, len(batch)))
    key = records[0].key if records else None
    if key is None or len(key) < _CONTROL_KEY.size:
        raise MalformedError("a control batch without a control record")
    _, kind = _CONTROL_KEY.unpack_from(key)
    if kind not in (0, 1):
        raise MalformedError(f"control record type {kind} is not the end of a transaction")
    return "commit" if kind else "abort"


def _body(header: BatchHeader, batch: bytes | memoryview, limit_bytes: int) -> bytes:
    return decompress(header.codec, bytes(batch[V2_HEADER_BYTES:]), limit_bytes=limit_bytes)


def _decode_records(header: BatchHeader, body: bytes) -> list[Record]:
    if header.record_count > len(body) // _RECORD_BYTES_MIN:
        raise MalformedError(f"{header.record_count} records cannot lie in {len(body)} bytes")
    records = []
    position = 0
    for _ in range(header.record_count):
        length, start = read_varint(body, position)
        position = start + length
        if length < 0 or position > len(body):
            raise MalformedError(f"the record at byte {start} has a length of {length}")
        records.append(_decode_record(header, body, start, position))
    if position != len(body):
        raise MalformedError(f"{len(body) - position} bytes follow the last record")
    assert len(records) == header.record_count, "each record that was counted was read"
    return records


def _decode_record(header: BatchHeader, body: bytes, position: int, end: int) -> Record:
    # The byte skipped holds attributes, of which Kafka has none.
    timestamp_delta, position = read_varlong(body, position + 1)
    offset_delta, position = read_varint(body, position)
    key, position = _read_nullable(body, position, end)
    value, position = _read_nullable(body, position, end)
    header_count, position = read_varint(body, position)
    headers, position = _read_headers(body, position, end, header_count)
    if position != end:
        raise MalformedError(f"the record that ends at byte {end} does not fit its length")
    timestamp_ms = header.base_timestamp_ms + timestamp_delta
    return Record(
        to_int64(header.base_offset + offset_delta),
        header.max_timestamp_ms if header.is_log_append_time else to_int64(timestamp_ms),
        key,
        value,
        headers,
    )


def _read_headers(body: bytes, position: int, end: int, count: int) -> tuple[Headers, int]:
    if not count:
        return (), position
    if not 0 <= count <= (end - position) // 2:
        raise MalformedError(f"{count} headers cannot lie in {end - position} bytes")
    headers = []
    for _ in range(count):
        name, position = _read_nullable(body, position, end)
        value, position = _read_nullable(body, position, end)
        if name is None:
            raise MalformedError(f"the header before byte {position} has no name")
        # Java writes names as UTF-8; what is not must not be lost, nor stop the reader.
        headers.append((name.decode(errors="surrogateescape"), value))
    return tuple(headers), position


def _read_nullable(body: bytes, position: int, end: int) -> tuple[bytes | None, int]:
    length, position = read_varint(body, position)
    if length < 0:
        return None, position
    stop = position + length
    if stop > end:
        raise MalformedError(f"a field of {length} bytes at byte {position} goes beyond its record")
    return body[position:stop], stop
