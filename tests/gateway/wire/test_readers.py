"""Readers: what is compiled from fields reads their bytes, and refuses all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.errors import LimitError, MalformedError, WireError
from gateway.wire.primitives import Budget
from gateway.wire.readers import TAGS, Body, compile_reader, fixed_format, read_tag, runs
from tests.gateway.wire.fields import make_field

if TYPE_CHECKING:
    from gateway.wire.table import Field

NUMBER = make_field(name="number")
NAME = make_field("string", name="name")
PAIR = make_field("struct", NUMBER, NAME, name="pair")
PAIRS = make_field("[]struct", NUMBER, NAME, name="pairs", nullable="0+")
TAGGED = make_field(name="count", tag=3, default=-1)
TAGGED_PAIR = make_field("struct", NUMBER, NAME, name="leader", tag=4)

# One of everything, for cutting and damaging.
MIXED = (
    NUMBER,
    make_field("bool", name="flag"),
    NAME,
    make_field("[]int16", name="shorts"),
    PAIRS,
    make_field("struct", NUMBER, name="cursor", nullable="0+"),
    make_field("records", name="records", nullable="0+"),
    TAGGED,
    TAGGED_PAIR,
)
MIXED_BYTES = bytes.fromhex(
    "00000007 01 026e 03 0001 0002 03 00000001 0261 00 00000002 0262 00 01 00000009 00 03 7272 03"
    "03 04 00000005 04 07 00000006 0263 00 09 01 ff"
)
MIXED_BODY = {
    "number": 7,
    "flag": True,
    "name": "n",
    "shorts": [1, 2],
    "pairs": [{"number": 1, "name": "a"}, {"number": 2, "name": "b"}],
    "cursor": {"number": 9},
    "records": memoryview(b"rr"),
    "count": 5,
    "leader": {"number": 6, "name": "c"},
    TAGS: {9: b"\xff"},
}


def read(
    fields: tuple[Field, ...], content: str | bytes, version: int = 0, *, flexible: bool = True
) -> Body:
    """Read a structure that fills its bytes."""
    frame = bytes.fromhex(content) if isinstance(content, str) else content
    body: Body
    body, end = compile_reader(fields, version, flexible=flexible)(frame, 0, Budget())
    assert len(frame) == end
    return body


def test_neighbours_of_fixed_size_are_one_run() -> None:
    """Each field of varying size ends a run, and arrays vary."""
    number, flag, numbers = NUMBER, make_field("bool"), make_field("[]int32")

    assert list(runs([number, flag, NAME, numbers, flag])) == [
        ([number, flag], NAME),
        ([], numbers),
        ([flag], None),
    ]
    assert list(runs([])) == []
    assert fixed_format(flag) == "?"
    assert fixed_format(numbers) is None
    assert fixed_format(NAME) is None


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("bool", "01", True),
        ("bool", "00", False),
        ("bool", "7f", True),
        ("int8", "ff", -1),
        ("int16", "8000", -(1 << 15)),
        ("uint16", "ffff", 0xFFFF),
        ("int32", "00000007", 7),
        ("int64", "ffffffffffffffff", -1),
        ("float64", "3ff8000000000000", 1.5),
        ("uuid", "00112233445566778899aabbccddeeff", bytes(range(0, 256, 17))),
        ("string", "03 6162", "ab"),
        ("bytes", "03 6162", b"ab"),
        ("[]int32", "01", []),
        ("[]int8", "09 0102030405060708", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("[]int64", "02 0000000000000009", [9]),
        ("[]bool", "03 0001", [False, True]),
        ("[]uuid", "02" + "11" * 16, [b"\x11" * 16]),
        ("[]string", "03 0261 01", ["a", ""]),
        ("[]bytes", "02 0261", [b"a"]),
    ],
)
def test_each_type_is_read(kind: str, content: str, expected: object) -> None:
    """In its flexible form: lengths are varints of one more, and tags close the structure."""
    assert {"field": expected} == read((make_field(kind),), content + "00")


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("string", "0002 6162", "ab"),
        ("bytes", "00000002 6162", b"ab"),
        ("[]int32", "00000001 00000007", [7]),
        ("[]string", "00000002 0001 61 0000", ["a", ""]),
    ],
)
def test_each_length_has_its_old_form(kind: str, content: str, expected: object) -> None:
    """In versions that are not flexible, without tags."""
    assert {"field": expected} == read((make_field(kind),), content, flexible=False)


def test_records_are_a_view_into_the_frame() -> None:
    """However large they are, nothing is copied."""
    frame = b"\x04abc\x00"
    body = read((make_field("records"),), frame)

    assert body["field"].tobytes() == b"abc"
    assert frame is body["field"].obj


@pytest.mark.parametrize(
    ("kind", "content"),
    [("string", "00"), ("bytes", "00"), ("records", "00"), ("[]int32", "00"), ("[]string", "00")],
)
def test_null_is_read_where_it_may_stand(kind: str, content: str) -> None:
    """And refused where the version allows none."""
    assert {"field": None} == read((make_field(kind, nullable="0+"),), content + "00")
    with pytest.raises(MalformedError, match="field: null before byte 1"):
        read((make_field(kind),), content + "00")


def test_a_structure_that_may_be_null_has_a_mark() -> None:
    """One byte says whether it follows; other values of the byte are refused."""
    cursor = make_field("struct", NUMBER, name="cursor", nullable="1+")

    assert {"cursor": {"number": 7}} == read((cursor,), "00000007 00 00", version=0)
    assert {"cursor": {"number": 7}} == read((cursor,), "01 00000007 00 00", version=1)
    assert {"cursor": None} == read((cursor,), "ff 00", version=1)
    with pytest.raises(MalformedError, match=r"cursor: byte 0 must say .* not 02"):
        read((cursor,), "02 00000007 00 00", version=1)
    with pytest.raises(MalformedError, match=r"cursor: byte 0 must say .* not end"):
        read((cursor,), "", version=1)


def test_only_the_fields_of_the_version_are_read() -> None:
    """A field may come, go, and learn to be null."""
    fields = (
        make_field(name="old", versions="0-1"),
        make_field("string", name="name", nullable="2+"),
        make_field(name="new", versions="2+"),
    )

    assert {"old": 7, "name": ""} == read(fields, "00000007 01 00", version=1)
    assert {"name": None, "new": 8} == read(fields, "00 00000008 00", version=2)


def test_tagged_fields_that_are_absent_have_their_default() -> None:
    """Each message gets its own, so that nobody changes another's."""
    fields = (NUMBER, TAGGED, TAGGED_PAIR)
    first = read(fields, "00000007 00")
    first["leader"]["number"] = 1

    assert read(fields, "00000007 00") == {
        "number": 7,
        "count": -1,
        "leader": {"number": 0, "name": ""},
    }


def test_tags_that_nobody_knows_are_kept() -> None:
    """Beside those that are known, at every depth."""
    content = "02 00000001 0261 01 07 02 beef 03 03 04 00000005 08 00 09 01 ff"

    assert read((PAIRS, TAGGED), content) == {
        "pairs": [{"number": 1, "name": "a", TAGS: {7: b"\xbe\xef"}}],
        "count": 5,
        TAGS: {8: b"", 9: b"\xff"},
    }


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("02 0900 0900", "_tags: tag 9 after tag 9: tags must ascend"),
        ("02 0900 0800", "_tags: tag 8 after tag 9: tags must ascend"),
        ("01 0902 01", "_tags: 2 bytes announced at byte 3, 1 are left"),
        ("05 0900", "_tags: 10 bytes announced at byte 1, 2 are left"),
        ("ffffffff0f", "_tags: 8589934590 bytes announced"),
        ("01 0303 000000 00", "_tags: tag 3 announces 3 bytes, its value has 4"),
        ("01 0305 0000000000", "_tags: tag 3 announces 5 bytes, its value has 4"),
        ("01 0302 0000", "_tags: the bytes end after byte 5"),
        ("01 0405 00000006 09 63", "_tags.leader.name: 8 bytes announced"),
        ("80", "_tags: the bytes end inside the varint at byte 0"),
        ("", "_tags: the bytes end inside the varint at byte 0"),
    ],
)
def test_tags_that_break_the_protocol_are_refused(content: str, text: str) -> None:
    """They ascend, lie within the frame, and hold their value exactly."""
    with pytest.raises(MalformedError, match=text):
        read((TAGGED, TAGGED_PAIR), content)


def test_a_padded_count_of_no_tags_is_read() -> None:
    """Zero may be written longer than it has to be."""
    assert read((), "8000") == {}


def test_a_tag_says_where_its_value_lies() -> None:
    """Its number, and the beginning and end of the value."""
    assert read_tag(b"-\x05\x02ab-", 1, 4) == (5, 3, 5)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("0000", "number: the bytes end after byte 2"),
        ("00000007 01 05 61", r"name: 4 bytes announced at byte 6"),
        ("00000007 01 026e 03 0001", r"shorts: 4 bytes announced at byte 8"),
        (MIXED_BYTES[:12].hex() + "09 00", r"pairs: 48 bytes announced at byte 13, 1 are left"),
        (MIXED_BYTES[:13].hex() + "00000001 02ff 00" + "00" * 9, r"pairs\[0\].name: the string"),
        (MIXED_BYTES[:20].hex() + "00000002 09" + "61" * 5, r"pairs\[1\].name: 8 bytes"),
    ],
)
def test_an_error_names_the_field_that_is_wrong(content: str, text: str) -> None:
    """From the outermost structure to the innermost, with the index in each array."""
    with pytest.raises(MalformedError, match=text):
        read(MIXED, content)


def test_a_structure_is_read_whole_cut_and_with_a_tail() -> None:
    """What follows is left alone; every beginning is refused."""
    reader = compile_reader(MIXED, 0, flexible=True)

    assert MIXED_BODY == read(MIXED, MIXED_BYTES)
    assert (MIXED_BODY, len(MIXED_BYTES)) == reader(MIXED_BYTES + b"tail", 0, Budget())
    assert (MIXED_BODY, 2 + len(MIXED_BYTES)) == reader(b"--" + MIXED_BYTES, 2, Budget())
    for length in range(len(MIXED_BYTES)):
        with pytest.raises(MalformedError):
            reader(MIXED_BYTES[:length], 0, Budget())


@pytest.mark.parametrize(
    ("fields", "content", "values"),
    [
        ((make_field("[]int32"),), "04" + "00" * 12, 3),
        ((make_field("[]string"),), "03 01 01", 2),
        ((PAIRS,), "03" + "00000001 01 00" * 2, 8),
        ((make_field("[]struct", PAIR, PAIRS),), "02" + "00000001 01 00 01 00", 7),
        ((), "02 0100 0200", 4),
    ],
)
def test_what_a_message_holds_is_counted(
    fields: tuple[Field, ...], content: str, values: int
) -> None:
    """Elements, the fields of structures, and tags: a budget that is one short is refused."""
    frame = bytes.fromhex(content) + (b"\x00" if fields else b"")
    reader = compile_reader(fields, 0, flexible=True)
    budget = Budget(values)
    reader(frame, 0, budget)

    assert budget.values_left == 0
    with pytest.raises(LimitError, match=f"more than {values - 1} values"):
        reader(frame, 0, Budget(values - 1))


@pytest.mark.parametrize("flexible", [False, True])
@pytest.mark.parametrize(
    "member",
    [
        make_field("string"),
        make_field("bytes"),
        make_field("int64"),
        make_field("[]int64"),
        make_field("struct", NUMBER),
        make_field("struct", NUMBER, nullable="0+"),
    ],
)
def test_a_count_beyond_the_frame_is_refused_before_reading(
    member: Field, *, flexible: bool
) -> None:
    """The shortest form of each element is known, so that no list is begun for a lie."""
    count = bytes.fromhex("ffffffff0f" if flexible else "7fffffff")
    frame = count + bytes(64)
    budget = Budget()
    reader = compile_reader((make_field("[]struct", member),), 0, flexible=flexible)

    with pytest.raises(MalformedError, match=r"field: [0-9]+ bytes announced at byte [45], 64 are"):
        reader(frame, 0, budget)
    assert budget.values_left == budget.values_max


@given(damage=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2), st.binary(max_size=3))))
def test_only_wire_errors_come_out_of_damaged_bytes(damage: list[tuple[int, int, bytes]]) -> None:
    """Whatever is read lies within the frame."""
    frame = bytearray(MIXED_BYTES)
    for place, length, put in damage:
        frame[place : place + length] = put
    try:
        body, end = compile_reader(MIXED, 0, flexible=True)(bytes(frame), 0, Budget())
    except WireError:
        return

    assert end <= len(frame)
    assert MIXED_BODY.keys() - {TAGS} <= body.keys()
