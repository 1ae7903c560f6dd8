"""Zigzag varints as Kafka's record format uses them (the encoding of Protocol Buffers' sint64)."""

from __future__ import annotations

from gateway.wire.errors import MalformedError

_VARINT_BYTES_MAX = 10


def read_varint(source: bytes, position: int) -> tuple[int, int]:
    """Return the value at `position` and the position behind it; raises MalformedError."""
    value = shift = 0
    end = min(position + _VARINT_BYTES_MAX, len(source))
    while position < end:
        byte = source[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), position
        shift += 7
    raise MalformedError(f"a varint does not end by byte {position}")


def write_varint(target: bytearray, value: int) -> None:
    """Append the value, which fits 64 bits."""
    rest = (value << 1) ^ (value >> 63)
    while rest > 0x7F:
        target.append((rest & 0x7F) | 0x80)
        rest >>= 7
    target.append(rest)
