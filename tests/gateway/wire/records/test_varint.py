"""Varints of records: the values that Kafka reads, and an end after ten bytes at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.errors import EncodeError, MalformedError
from gateway.wire.records.varint import read_varint, read_varlong, write_varint

if TYPE_CHECKING:
    from collections.abc import Callable

INT32 = st.integers(-(1 << 31), (1 << 31) - 1)
INT64 = st.integers(-(1 << 63), (1 << 63) - 1)

both = pytest.mark.parametrize("read", [read_varint, read_varlong])


def write(value: int) -> bytes:
    """Write one value."""
    target = bytearray()
    write_varint(target, value)
    return bytes(target)


@pytest.mark.parametrize(
    ("value", "content"),
    [
        (0, "00"),
        (-1, "01"),
        (1, "02"),
        (63, "7e"),
        (-64, "7f"),
        (64, "8001"),
        (300, "d804"),
        ((1 << 31) - 1, "feffffff0f"),
        (-(1 << 31), "ffffffff0f"),
        ((1 << 63) - 1, "feffffffffffffffff01"),
        (-(1 << 63), "ffffffffffffffffff01"),
    ],
)
def test_a_varint_has_the_bytes_of_the_protocol(value: int, content: str) -> None:
    """Zigzag, seven bits a byte, the lowest first."""
    packed = bytes.fromhex(content)

    assert packed == write(value)
    assert (value, len(packed)) == read_varlong(packed, 0)
    if len(packed) <= 5:
        assert (value, len(packed)) == read_varint(packed, 0)


@given(value=INT64, before=st.binary(max_size=3), after=st.binary(max_size=3))
def test_64_bits_survive_a_round_trip(value: int, before: bytes, after: bytes) -> None:
    """Wherever they stand."""
    source = before + write(value) + after

    assert (value, len(source) - len(after)) == read_varlong(source, len(before))


@given(value=INT32, before=st.binary(max_size=3), after=st.binary(max_size=3))
def test_32_bits_survive_a_round_trip(value: int, before: bytes, after: bytes) -> None:
    """Wherever they stand."""
    source = before + write(value) + after

    assert (value, len(source) - len(after)) == read_varint(source, len(before))


@pytest.mark.parametrize(
    ("read", "content", "expected"),
    [
        (read_varint, "8280808000", 1),
        (read_varint, "8280808070", 1),
        (read_varint, "feffffff7f", (1 << 31) - 1),
        (read_varlong, "82808080808080808000", 1),
        (read_varlong, "8280808080808080807e", 1),
        (read_varlong, "8280808080", None),
    ],
)
def test_padding_and_bits_too_many_are_read_as_kafka_reads_them(
    read: Callable[[bytes, int], tuple[int, int]], content: str, expected: int | None
) -> None:
    """A producer could hide a record by writing it so; an end must come all the same."""
    source = bytes.fromhex(content)
    if expected is None:
        with pytest.raises(MalformedError):
            read(source, 0)
        return

    assert (expected, len(source)) == read(source + b"\xff", 0)


@both
@pytest.mark.parametrize("length", range(4))
def test_a_varint_cut_anywhere_is_refused(
    read: Callable[[bytes, int], tuple[int, int]], length: int
) -> None:
    """Its last byte must be there."""
    with pytest.raises(MalformedError, match=f"does not end by byte {1 + length}"):
        read(b"-" + b"\xff" * length, 1)


@pytest.mark.parametrize(("read", "end"), [(read_varint, 5), (read_varlong, 10)])
def test_a_varint_that_does_not_end_is_refused(
    read: Callable[[bytes, int], tuple[int, int]], end: int
) -> None:
    """After five or ten bytes, however many follow."""
    with pytest.raises(MalformedError, match=f"does not end by byte {end}"):
        read(b"\x80" * 300_000, 0)


@pytest.mark.parametrize("value", [1 << 63, -(1 << 63) - 1])
def test_a_value_beyond_64_bits_is_not_written(value: int) -> None:
    """No reader could read it."""
    with pytest.raises(EncodeError, match="does not fit 64 bits"):
        write(value)
