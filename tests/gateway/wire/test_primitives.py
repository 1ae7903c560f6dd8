"""Varints, strings and bytes: read within the frame or refused, written or refused."""

from __future__ import annotations

from mmap import mmap
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.errors import EncodeError, LimitError, MalformedError, WireError
from gateway.wire.primitives import (
    INT32_MAX,
    STRING_BYTES_MAX,
    VALUES_MAX,
    Budget,
    Parts,
    bytes_reader,
    bytes_writer,
    check_count,
    cut_off,
    null_end,
    pack_compact_length,
    pack_uvarint,
    read_compact_length,
    read_int16_length,
    read_int32_length,
    read_uvarint,
    string_reader,
    string_writer,
    wrong_type,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.wire.primitives import ReadLength, Writer

UINT32 = st.integers(0, 0xFFFF_FFFF)
FLAGS = [(compact, nullable) for compact in (False, True) for nullable in (False, True)]

every_form = pytest.mark.parametrize(("compact", "nullable"), FLAGS)


def write(writer: Writer, value: object) -> bytes:
    """Write one value."""
    parts: Parts = []
    writer(value, parts)
    return b"".join(parts)


def test_a_budget_is_spent() -> None:
    """To the last value, and not beyond."""
    budget = Budget(3)
    budget.spend(0)
    budget.spend(3)

    assert budget.values_left == 0
    with pytest.raises(LimitError, match="more than 3 values"):
        budget.spend(1)
    assert Budget().values_left == VALUES_MAX


@pytest.mark.parametrize(
    ("value", "packed"),
    [
        (0, "00"),
        (0x7F, "7f"),
        (0x80, "8001"),
        (300, "ac02"),
        (0x7FFF_FFFF, "ffffffff07"),
        (0xFFFF_FFFF, "ffffffff0f"),
    ],
)
def test_a_varint_has_the_bytes_of_the_protocol(value: int, packed: str) -> None:
    """Seven bits a byte, the lowest first."""
    content = bytes.fromhex(packed)

    assert content == pack_uvarint(value)
    assert (value, len(content)) == read_uvarint(content, 0)
    assert (value, 1 + len(content)) == read_uvarint(b"\xff" + content + b"\xff", 1)


@given(value=UINT32, before=st.binary(max_size=3), after=st.binary(max_size=3))
def test_varints_survive_a_round_trip(value: int, before: bytes, after: bytes) -> None:
    """Wherever they stand; a length is a varint of one more."""
    packed = pack_uvarint(value)
    frame = before + packed + after
    end = len(before) + len(packed)

    assert (value, end) == read_uvarint(frame, len(before))
    assert (value - 1, end) == read_compact_length(frame, len(before))
    assert packed == pack_compact_length(value - 1)


@pytest.mark.parametrize("length", range(5))
def test_a_varint_cut_anywhere_is_refused(length: int) -> None:
    """All of its bytes must be there."""
    with pytest.raises(MalformedError, match="end inside the varint at byte 1"):
        read_uvarint(b"\x00" + bytes.fromhex("ffffffff0f")[:length], 1)


@pytest.mark.parametrize("content", ["ffffffff10", "8080808080", "808080808000", "ff" * 300_000])
def test_a_varint_beyond_32_bits_is_refused(content: str) -> None:
    """After five bytes, however many more seem to belong to it."""
    with pytest.raises(MalformedError, match="varint at byte 0 does not fit 32 bits"):
        read_uvarint(bytes.fromhex(content), 0)


def test_a_padded_varint_is_read() -> None:
    """Kafka reads it too, as long as it has five bytes at most."""
    assert read_uvarint(bytes.fromhex("8080808000"), 0) == (0, 5)
    assert read_compact_length(bytes.fromhex("818000"), 0) == (0, 3)


@pytest.mark.parametrize(
    ("read_length", "packed", "expected"),
    [
        (read_int16_length, "0007", (7, 2)),
        (read_int16_length, "ffff", (-1, 2)),
        (read_int32_length, "00000007", (7, 4)),
        (read_int32_length, "80000000", (-(1 << 31), 4)),
        (read_compact_length, "08", (7, 1)),
        (read_compact_length, "00", (-1, 1)),
        (read_compact_length, "8108", (1024, 2)),
    ],
)
def test_a_length_is_read_and_refused_when_it_is_cut(
    read_length: ReadLength, packed: str, expected: tuple[int, int]
) -> None:
    """In each of its three forms."""
    content = bytes.fromhex(packed)

    assert expected == read_length(content, 0)
    for length in range(len(content)):
        with pytest.raises(MalformedError):
            read_length(content[:length], 0)


@every_form
@given(text=st.text(max_size=300), tail=st.binary(max_size=3))
def test_strings_survive_a_round_trip(
    text: str, tail: bytes, *, compact: bool, nullable: bool
) -> None:
    """In both forms, at any place in the frame."""
    written = write(string_writer(compact=compact, nullable=nullable), text)
    read = string_reader(compact=compact, nullable=nullable)

    assert (text, len(written)) == read(written + tail, 0, Budget())
    assert (text, 2 + len(written)) == read(b"--" + written + tail, 2, Budget())


@every_form
@given(value=st.binary(max_size=300), tail=st.binary(max_size=3))
def test_bytes_survive_a_round_trip(
    value: bytes, tail: bytes, *, compact: bool, nullable: bool
) -> None:
    """In both forms, copied out of the frame or as a view into it."""
    writer = bytes_writer(compact=compact, nullable=nullable)
    written = write(writer, value)
    frame = b"--" + written + tail
    copied, end = bytes_reader(compact=compact, nullable=nullable, zero_copy=False)(
        frame, 2, Budget()
    )
    view, view_end = bytes_reader(compact=compact, nullable=nullable, zero_copy=True)(
        frame, 2, Budget()
    )

    assert value == copied
    assert type(copied) is bytes
    assert isinstance(view, memoryview)
    assert frame is view.obj
    assert 2 + len(written) == end == view_end
    assert written == write(writer, view)


@pytest.mark.parametrize("compact", [False, True])
def test_null_is_not_empty(*, compact: bool) -> None:
    """Both can be read and written where the version allows null."""
    text, raw = (
        string_writer(compact=compact, nullable=True),
        bytes_writer(compact=compact, nullable=True),
    )

    assert string_reader(compact=compact, nullable=True)(write(text, None), 0, Budget())[0] is None
    assert string_reader(compact=compact, nullable=True)(write(text, ""), 0, Budget())[0] == ""
    for zero_copy in (False, True):
        read = bytes_reader(compact=compact, nullable=True, zero_copy=zero_copy)
        assert read(write(raw, None), 0, Budget())[0] is None
        assert read(write(raw, b""), 0, Budget())[0] == b""


@pytest.mark.parametrize("compact", [False, True])
def test_null_is_refused_where_the_version_has_none(*, compact: bool) -> None:
    """Read or written."""
    null = write(string_writer(compact=compact, nullable=True), None)
    null_bytes = write(bytes_writer(compact=compact, nullable=True), None)

    with pytest.raises(MalformedError, match="null before byte"):
        string_reader(compact=compact, nullable=False)(null, 0, Budget())
    with pytest.raises(MalformedError, match="null before byte"):
        bytes_reader(compact=compact, nullable=False, zero_copy=False)(null_bytes, 0, Budget())
    with pytest.raises(EncodeError, match="str wanted, NoneType given"):
        write(string_writer(compact=compact, nullable=False), None)
    with pytest.raises(EncodeError, match="bytes or memoryview wanted, NoneType given"):
        write(bytes_writer(compact=compact, nullable=False), None)


@pytest.mark.parametrize(
    ("content", "compact", "text"),
    [
        ("0005 6162", False, "5 bytes announced at byte 2, 2 are left"),
        ("06 6162", True, "5 bytes announced at byte 1, 2 are left"),
        ("8000", False, "negative length -32768 before byte 2"),
        ("818002", True, "a string of 32768 bytes at byte 0, Kafka allows 32767"),
        ("ffffffff0f", True, "a string of 4294967294 bytes"),
        ("0002 c328", False, "the string at byte 0 is no UTF-8"),
        ("0003 eda080", False, "the string at byte 0 is no UTF-8"),
    ],
)
def test_a_string_that_breaks_the_protocol_is_refused(
    content: str, text: str, *, compact: bool
) -> None:
    """The error says what and where, and nothing is allocated for a length."""
    with pytest.raises(MalformedError, match=text):
        string_reader(compact=compact, nullable=True)(bytes.fromhex(content), 0, Budget())


@pytest.mark.parametrize(
    ("content", "compact", "text"),
    [
        ("7fffffff 61", False, "2147483647 bytes announced at byte 4, 1 are left"),
        ("fffffffe", False, "negative length -2 before byte 4"),
        ("ffffffff0f", True, "4294967294 bytes announced at byte 5, 0 are left"),
    ],
)
@pytest.mark.parametrize("zero_copy", [False, True])
def test_bytes_that_break_the_protocol_are_refused(
    content: str, text: str, *, compact: bool, zero_copy: bool
) -> None:
    """As for strings, though bytes may be longer."""
    read = bytes_reader(compact=compact, nullable=True, zero_copy=zero_copy)

    with pytest.raises(MalformedError, match=text):
        read(bytes.fromhex(content), 0, Budget())


@pytest.mark.parametrize("compact", [False, True])
def test_the_longest_string_is_read_and_written(*, compact: bool) -> None:
    """Kafka's limit counts bytes, not characters; one more is refused."""
    writer = string_writer(compact=compact, nullable=False)
    longest = "\u00e9" * (STRING_BYTES_MAX // 2) + "x"
    read = string_reader(compact=compact, nullable=False)

    assert longest == read(write(writer, longest), 0, Budget())[0]
    with pytest.raises(EncodeError, match="a string of 32768 bytes, Kafka allows 32767"):
        write(writer, longest + "x")


@pytest.mark.parametrize(
    ("make", "value", "text"),
    [
        (string_writer, b"bytes", "str or None wanted, bytes given"),
        (string_writer, "\ud800", "the string is not encodable: surrogates not allowed"),
        (bytes_writer, "text", "bytes or memoryview or None wanted, str given"),
        (bytes_writer, 7, "bytes or memoryview or None wanted, int given"),
    ],
)
def test_a_value_of_another_type_is_not_written(
    make: Callable[..., Writer], value: object, text: str
) -> None:
    """Nothing is guessed."""
    with pytest.raises(EncodeError, match=text):
        write(make(compact=True, nullable=True), value)


def test_bytes_beyond_an_int32_are_not_written() -> None:
    """No length can announce them; the pages of this mapping are never touched."""
    with (
        mmap(-1, INT32_MAX + 1) as pages,
        memoryview(pages) as huge,
        pytest.raises(EncodeError, match="2147483648 bytes, Kafka allows 2147483647"),
    ):
        write(bytes_writer(compact=True, nullable=False), huge)


def test_a_null_is_minus_one() -> None:
    """Any other negative length is no null."""
    assert null_end(-1, 9, nullable=True) == 9
    with pytest.raises(MalformedError, match="null before byte 9 where this version allows none"):
        null_end(-1, 9, nullable=False)
    with pytest.raises(MalformedError, match="negative length -2"):
        null_end(-2, 9, nullable=True)


def test_a_count_must_fit_the_frame() -> None:
    """Exactly as many elements as the rest can hold are believed."""
    check_count(bytes(10), 4, 3, 2)

    with pytest.raises(MalformedError, match="8 bytes announced at byte 4, 6 are left"):
        check_count(bytes(10), 4, 4, 2)
    with pytest.raises(MalformedError, match="4294967294 bytes announced"):
        check_count(bytes(10), 4, INT32_MAX, 2)


def test_errors_say_what_was_wanted() -> None:
    """The bytes that are missing, or the type."""
    assert str(cut_off(bytes(3), 1, 9)) == "9 bytes announced at byte 1, 2 are left"
    assert str(wrong_type("dict", [])) == "dict wanted, list given"
    assert str(wrong_type("dict", [], nullable=True)) == "dict or None wanted, list given"


@every_form
@given(frame=st.binary(max_size=40), position=st.integers(0, 40))
def test_only_wire_errors_come_out_of_arbitrary_bytes(
    frame: bytes, position: int, *, compact: bool, nullable: bool
) -> None:
    """Whatever is read lies between the position and the end of the frame."""
    readers = (
        string_reader(compact=compact, nullable=nullable),
        bytes_reader(compact=compact, nullable=nullable, zero_copy=False),
        bytes_reader(compact=compact, nullable=nullable, zero_copy=True),
        lambda frame, position, _: read_uvarint(frame, position),
    )
    for read in readers:
        try:
            end = read(frame, position, Budget())[1]
        except WireError:
            continue

        assert position < end <= len(frame)
