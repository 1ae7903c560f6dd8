"""Read and write the values of Kafka's protocol that have a length: varints, strings, bytes.

A reader takes the frame, the position to read at and the message's budget, and returns the value
with the position after it. It raises `MalformedError` for bytes that break the protocol, an early
end among them, and `LimitError` when the budget is spent. No reader allocates what a length
announces before it has seen that the frame holds as much. A writer appends its bytes to the parts
of the message and raises `EncodeError`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from gateway.wire.errors import EncodeError, LimitError, MalformedError

STRING_BYTES_MAX = 32_767
"""Kafka's own limit for both string forms, the compact one included."""

VALUES_MAX = 4_000_000
"""Values that one message may hold in its arrays: Metadata of 200,000 partitions has 3.2 million. A
value takes as little as one byte on the wire and some 100 bytes of memory, so the limit of the
frame alone would not bound memory."""

INT32_MAX = 0x7FFF_FFFF

_UVARINT_BYTES_MAX = 5
_CONTINUATION = 0x80
_UINT32_MAX = 0xFFFF_FFFF
_INT16 = struct.Struct(">h")
_INT32 = struct.Struct(">i")


class Budget:
    """What a message may still hold while it is decoded."""

    __slots__ = ("values_left", "values_max")

    def __init__(self, values_max: int = VALUES_MAX) -> None:
        assert values_max > 0, "a message that may hold nothing cannot be read"
        self.values_max = values_max
        self.values_left = values_max

    def spend(self, values: int) -> None:
        """Take `values` from what is left; raise `LimitError` when that is not enough."""
        self.values_left -= values
        if self.values_left < 0:
            raise LimitError(f"the message holds more than {self.values_max:,} values")


Reader = Callable[[bytes, int, Budget], tuple[Any, int]]
ReadLength = Callable[[bytes, int], tuple[int, int]]
Parts = list[bytes | memoryview]
Writer = Callable[[Any, Parts], None]
PackLength = Callable[[int], bytes]


def read_uvarint(frame: bytes, position: int) -> tuple[int, int]:
    """Read an unsigned varint of at most 32 bits."""
    try:
        byte = frame[position]
        if not byte & _CONTINUATION:
            return byte, position + 1
        value = byte & 0x7F
        for index in range(1, _UVARINT_BYTES_MAX):
            byte = frame[position + index]
            value |= (byte & 0x7F) << (7 * index)
            if not byte & _CONTINUATION and value <= _UINT32_MAX:
                return value, position + index + 1
    except IndexError:
        raise MalformedError(f"the bytes end inside the varint at byte {position}") from None
    raise MalformedError(f"the varint at byte {position} does not fit 32 bits")


def pack_uvarint(value: int) -> bytes:
    """Write an unsigned varint."""
    assert 0 <= value <= _UINT32_MAX, "varints of messages have 32 bits"
    packed = bytearray()
    while value >= _CONTINUATION:
        packed.append(value & 0x7F | _CONTINUATION)
        value >>= 7
    packed.append(value)
    return bytes(packed)


_SMALL_UVARINTS = [pack_uvarint(value) for value in range(1 << 10)]


def read_compact_length(frame: bytes, position: int) -> tuple[int, int]:
    """Read a length that is stored plus one; null gives -1."""
    # Most lengths take one byte, and this function is called for most fields: a call saved counts.
    if position < len(frame) and frame[position] < _CONTINUATION:
        return frame[position] - 1, position + 1
    value, position = read_uvarint(frame, position)
    return value - 1, position


def read_int16_length(frame: bytes, position: int) -> tuple[int, int]:
    """Read the length of a string in a version that is not flexible; null gives -1."""
    try:
        return _INT16.unpack_from(frame, position)[0], position + 2
    except struct.error:
        raise cut_off(frame, position, 2) from None


def read_int32_length(frame: bytes, position: int) -> tuple[int, int]:
    """Read the length of bytes or of an array in a version that is not flexible; null gives -1."""
    try:
        return _INT32.unpack_from(frame, position)[0], position + 4
    except struct.error:
        raise cut_off(frame, position, 4) from None


def pack_compact_length(length: int) -> bytes:
    """Write a length plus one; -1 stands for null."""
    assert length >= -1, "only null has a negative length"
    return (
        _SMALL_UVARINTS[length + 1]
        if length < len(_SMALL_UVARINTS) - 1
        else pack_uvarint(length + 1)
    )


def string_reader(*, compact: bool, nullable: bool) -> Reader:
    """Make the reader of a string."""
    read_length = read_compact_length if compact else read_int16_length

    def read_string(frame: bytes, position: int, _: Budget) -> tuple[str | None, int]:
        length, start = read_length(frame, position)
        if length < 0:
            return None, null_end(length, start, nullable=nullable)
        end = start + length
        if length > STRING_BYTES_MAX:
            raise MalformedError(
                f"a string of {length} bytes at byte {position}, Kafka allows {STRING_BYTES_MAX}"
            )
        if end > len(frame):
            raise cut_off(frame, start, length)
        try:
            return frame[start:end].decode(), end
        except UnicodeDecodeError as error:
            raise MalformedError(
                f"the string at byte {position} is no UTF-8: {error.reason}"
            ) from error

    return read_string


def bytes_reader(*, compact: bool, nullable: bool, zero_copy: bool) -> Reader:
    """Make the reader of bytes; with `zero_copy` the value is a view into the frame."""
    read_length = read_compact_length if compact else read_int32_length

    def read_bytes(frame: bytes, position: int, _: Budget) -> tuple[bytes | memoryview | None, int]:
        length, start = read_length(frame, position)
        if length < 0:
            return None, null_end(length, start, nullable=nullable)
        end = start + length
        if end > len(frame):
            raise cut_off(frame, start, length)
        return (memoryview(frame)[start:end] if zero_copy else frame[start:end]), end

    return read_bytes


def null_end(length: int, position: int, *, nullable: bool) -> int:
    """Return the position after a null, or refuse a negative length that stands for no null."""
    assert length < 0, "what has a length is not null"
    if length != -1:
        raise MalformedError(f"negative length {length} before byte {position}")
    if not nullable:
        raise MalformedError(f"null before byte {position} where this version allows none")
    return position


def check_count(frame: bytes, position: int, count: int, bytes_min: int) -> None:
    """Refuse an array count that the rest of the frame cannot hold, before allocating for it."""
    assert count >= 0, "null is no count"
    if count * bytes_min > len(frame) - position:
        raise cut_off(frame, position, count * bytes_min)


def cut_off(frame: bytes, position: int, wanted: int) -> MalformedError:
    """Build the error for a length that goes beyond the end of the frame."""
    assert position + wanted > len(frame), "what lies within the frame is not cut off"
    return MalformedError(
        f"{wanted} bytes announced at byte {position}, {len(frame) - position} are left"
    )


def string_writer(*, compact: bool, nullable: bool) -> Writer:
    """Make the writer of a string."""
    pack_length = pack_compact_length if compact else _INT16.pack

    def write_string(value: object, parts: Parts) -> None:
        if isinstance(value, str):
            try:
                encoded = value.encode()
            except UnicodeEncodeError as error:
                raise EncodeError(f"the string is not encodable: {error.reason}") from error
            if len(encoded) > STRING_BYTES_MAX:
                raise EncodeError(
                    f"a string of {len(encoded)} bytes, Kafka allows {STRING_BYTES_MAX}"
                )
            parts += (pack_length(len(encoded)), encoded)
        elif value is None and nullable:
            parts.append(pack_length(-1))
        else:
            raise wrong_type("str", value, nullable=nullable)

    return write_string


def bytes_writer(*, compact: bool, nullable: bool) -> Writer:
    """Make the writer of bytes."""
    pack_length = pack_compact_length if compact else _INT32.pack

    def write_bytes(value: object, parts: Parts) -> None:
        if isinstance(value, bytes | memoryview):
            size = value.nbytes if isinstance(value, memoryview) else len(value)
            if size > INT32_MAX:
                raise EncodeError(f"{size} bytes, Kafka allows {INT32_MAX}")
            parts += (pack_length(size), value)
        elif value is None and nullable:
            parts.append(pack_length(-1))
        else:
            raise wrong_type("bytes or memoryview", value, nullable=nullable)

    return write_bytes


def wrong_type(wanted: str, value: object, *, nullable: bool = False) -> EncodeError:
    """Build the error for a value of a type that the field does not take."""
    null = " or None" if nullable else ""
    return EncodeError(f"{wanted}{null} wanted, {type(value).__name__} given")
