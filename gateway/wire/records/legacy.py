"""Message sets v0 and v1: read only, since old segments still hold them (KIP-31, KIP-32)."""

from __future__ import annotations

import struct
from typing import Final

from gateway.wire.errors import MalformedError
from gateway.wire.records.batch import PREFIX_BYTES, BatchHeader, read_header, walk
from gateway.wire.records.compression import decompress
from gateway.wire.records.decode import Record

_KEY_AT: Final = {0: PREFIX_BYTES + 6, 1: PREFIX_BYTES + 14}


def decode_message(message: bytes | memoryview, *, decompressed_bytes_max: int) -> list[Record]:
    """Return the record in one outer message, or those in the message set that it wraps."""
    header = read_header(message)
    key, position = _read_nullable(message, _KEY_AT[header.magic])
    value, position = _read_nullable(message, position)
    if position != len(message):
        raise MalformedError(f"{len(message) - position} bytes follow the message's value")
    if header.codec == "none":
        return [Record(header.base_offset, header.base_timestamp_ms, key, value)]
    if value is None:
        raise MalformedError("a compressed message without a value")
    inner = decompress(header.codec, value, limit_bytes=decompressed_bytes_max)
    return _decode_inner(header, inner)


def _decode_inner(outer: BatchHeader, message_set: bytes) -> list[Record]:
    records = []
    for span in walk(message_set):
        message = message_set[span.start : span.end]
        if span.header is None or span.header.magic != outer.magic or span.header.codec != "none":
            raise MalformedError("a compressed message holds something else than plain messages")
        key, position = _read_nullable(message, _KEY_AT[outer.magic])
        value, _ = _read_nullable(message, position)
        timestamp_ms = span.header.base_timestamp_ms
        if outer.is_log_append_time:
            timestamp_ms = outer.base_timestamp_ms
        records.append(Record(span.header.base_offset, timestamp_ms, key, value))
    if outer.magic == 0 or not records:
        return records
    # KIP-31: inner offsets of v1 are relative, and the outer offset is that of the last one.
    first = outer.base_offset - records[-1].offset
    return [
        Record(first + record.offset, record.timestamp_ms, record.key, record.value)
        for record in records
    ]


def _read_nullable(message: bytes | memoryview, position: int) -> tuple[bytes | None, int]:
    if position + 4 > len(message):
        raise MalformedError("the message ends within a length")
    (length,) = struct.unpack_from(">i", message, position)
    position += 4
    if length == -1:
        return None, position
    if length < 0 or position + length > len(message):
        raise MalformedError(f"a field of {length} bytes goes beyond its message")
    return bytes(message[position : position + length]), position + length
