"""Varints of the record format: zigzag, as in Protocol Buffers' sint32 and sint64.

Bits beyond 32 or 64 are dropped and padding is taken, as Kafka's Java clients do: what they can
read must be readable here, or a record could be hidden from an investigation by how it is written.
"""

from __future__ import annotations

from gateway.wire.errors import EncodeError, MalformedError

_CONTINUATION = 0x80
_VARINT_BYTES_MAX = 5
_VARLONG_BYTES_MAX = 10
_UINT32_MAX = 0xFFFF_FFFF
_UINT64_MAX = 0xFFFF_FFFF_FFFF_FFFF
_INT64_MIN = -1 << 63


def read_varint(source: bytes, position: int) -> tuple[int, int]:
    """Return the value of 32 bits at `position` and the position behind it."""
    # Most are lengths and deltas of one byte, and each record has six or more: a loop saved counts.
    if position < len(source) and (byte := source[position]) < _CONTINUATION:
        return (byte >> 1) ^ -(byte & 1), position + 1
    value, position = _read_groups(source, position, _VARINT_BYTES_MAX)
    value &= _UINT32_MAX
    return (value >> 1) ^ -(value & 1), position


def read_varlong(source: bytes, position: int) -> tuple[int, int]:
    """Return the value of 64 bits at `position` and the position behind it."""
    value, position = _read_groups(source, position, _VARLONG_BYTES_MAX)
    value &= _UINT64_MAX
    return (value >> 1) ^ -(value & 1), position


def _read_groups(source: bytes, position: int, bytes_max: int) -> tuple[int, int]:
    value = shift = 0
    for byte in source[position : position + bytes_max]:
        position += 1
        value |= (byte & ~_CONTINUATION) << shift
        if byte < _CONTINUATION:
            return value, position
        shift += 7
    raise MalformedError(f"a varint does not end by byte {position}")


def write_varint(target: bytearray, value: int) -> None:
    """Append a value of up to 64 bits; one of up to 32 looks the same in both lengths."""
    if not _INT64_MIN <= value < -_INT64_MIN:
        raise EncodeError(f"{value} does not fit 64 bits")
    rest = (value << 1) ^ (value >> 63)
    assert 0 <= rest <= _UINT64_MAX, "zigzag of 64 bits has 64 bits"
    while rest >= _CONTINUATION:
        target.append(rest & ~_CONTINUATION & 0xFF | _CONTINUATION)
        rest >>= 7
    target.append(rest)
