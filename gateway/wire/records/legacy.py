"""Message sets v0 and v1: read only, since old segments still hold them (KIP-31, KIP-32)."""

from __future__ import annotations

import struct
from typing import Final

import lz4.frame

from gateway.wire.errors import MalformedError
from gateway.wire.records.batch import (
    MAGIC_V2,
    PREFIX_BYTES,
    BatchHeader,
    BatchSpan,
    read_header,
    walk,
)
from gateway.wire.records.compression import decompress
from gateway.wire.records.record import Record, to_int64

_KEY_AT: Final = {0: PREFIX_BYTES + 6, 1: PREFIX_BYTES + 14}
_LENGTH: Final = struct.Struct(">i")

# Magic, two bytes of flags, the size (8 bytes) where bit 3 of the first says so, checksum.
_LZ4_FLAGS: Final = slice(4, 5)
_LZ4_CHECKSUM_AT: Final = 6
_LZ4_SIZE_BIT: Final = 0x08


def decode_message(message: bytes | memoryview, *, decompressed_bytes_max: int) -> list[Record]:
    """Return the record in one outer message, or those in the message set that it wraps."""
    header = read_header(message)
    assert header.magic < MAGIC_V2, "record batches are decoded elsewhere"
    key, value = _read_key_and_value(message, header.magic)
    if header.codec == "none":
        return [Record(header.base_offset, header.base_timestamp_ms, key, value)]
    if value is None:
        raise MalformedError("a compressed message without a value")
    if header.magic == 0 and header.codec == "lz4":
        value = _with_right_checksum(value)
    inner = decompress(header.codec, value, limit_bytes=decompressed_bytes_max)
    return _decode_inner(header, inner)


def _with_right_checksum(frame: bytes) -> bytes:
    """Mend the checksum of an lz4 frame's header, which Kafka computed wrongly in v0 (KAFKA-3160).

    It has one byte, so that trying all values is simpler than another hash function.
    """
    at = _LZ4_CHECKSUM_AT + (int.from_bytes(frame[_LZ4_FLAGS]) & _LZ4_SIZE_BIT)
    for checksum in range(256):
        start = frame[:at] + bytes([checksum])
        try:
            lz4.frame.get_frame_info(start)
        except RuntimeError:
            continue
        assert len(start) == at + 1, "one byte takes the place of another"
        return start + frame[at + 1 :]
    raise MalformedError("the lz4 frame has no header")


def _decode_inner(outer: BatchHeader, message_set: bytes) -> list[Record]:
    # Kafka ignores a message at the end that is cut off, in here as elsewhere.
    records = [
        _decode_inner_message(outer, span.header, message_set, span)
        for span in walk(message_set)
        if span.header
    ]
    if not records:
        raise MalformedError("a compressed message holds no message")
    # KIP-31: inner offsets of v1 are relative, and the outer offset is that of the last one. Old
    # librdkafka left the outer offset at 0.
    if outer.magic == 0 or outer.base_offset == 0:
        return records
    first = outer.base_offset - records[-1].offset
    return [
        Record(to_int64(first + record.offset), record.timestamp_ms, record.key, record.value)
        for record in records
    ]


def _decode_inner_message(
    outer: BatchHeader, header: BatchHeader, message_set: bytes, span: BatchSpan
) -> Record:
    if header.magic == MAGIC_V2 or header.codec != "none":
        raise MalformedError("a compressed message holds something else than plain messages")
    key, value = _read_key_and_value(message_set[span.start : span.end], header.magic)
    timestamp_ms = header.base_timestamp_ms
    if outer.is_log_append_time and header.magic > 0:
        timestamp_ms = outer.base_timestamp_ms
    return Record(header.base_offset, timestamp_ms, key, value)


def _read_key_and_value(
    message: bytes | memoryview, magic: int
) -> tuple[bytes | None, bytes | None]:
    key, position = _read_nullable(message, _KEY_AT[magic])
    value, _ = _read_nullable(message, position)
    return key, value


def _read_nullable(message: bytes | memoryview, position: int) -> tuple[bytes | None, int]:
    if position + _LENGTH.size > len(message):
        raise MalformedError("the message ends within a length")
    (length,) = _LENGTH.unpack_from(message, position)
    position += _LENGTH.size
    if length < 0:
        return None, position
    if position + length > len(message):
        raise MalformedError(f"a field of {length} bytes goes beyond its message")
    return bytes(message[position : position + length]), position + length
