"""Writers: what is compiled from fields writes their values, and refuses what does not fit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.errors import EncodeError
from gateway.wire.primitives import Budget, Parts
from gateway.wire.readers import TAGS, Body, compile_reader
from gateway.wire.writers import check_tags, compile_writer, pack_tags
from tests.gateway.wire.fields import make_field

if TYPE_CHECKING:
    from gateway.wire.table import Field

NUMBER = make_field(name="number")
NAME = make_field("string", name="name")
PAIR = make_field("struct", NUMBER, NAME, name="pair")
PAIRS = make_field("[]struct", NUMBER, NAME, name="pairs", nullable="0+")
TAGGED = make_field(name="count", tag=3, default=-1)
TAGGED_PAIR = make_field("struct", NUMBER, NAME, name="leader", tag=4)
UNCHANGED = {"count": -1, "leader": {"number": 0, "name": ""}}

# One field of every type, for the round trip.
EVERY_TYPE = (
    make_field("bool", name="bool"),
    make_field("int8", name="int8"),
    make_field("int16", name="int16"),
    make_field("uint16", name="uint16"),
    make_field("int32", name="int32"),
    make_field("int64", name="int64"),
    make_field("float64", name="float64"),
    make_field("uuid", name="uuid"),
    make_field("string", name="string", nullable="0+"),
    make_field("bytes", name="bytes", nullable="0+"),
    make_field("records", name="records", nullable="0+"),
    make_field("[]int32", name="numbers", nullable="0+"),
    make_field("[]string", name="texts"),
    make_field("struct", NUMBER, name="cursor", nullable="0+"),
    PAIRS,
)
TEXTS = st.text(max_size=5)
PAIR_BODIES = st.fixed_dictionaries({"number": st.integers(-9, 9), "name": TEXTS})
BODIES = st.fixed_dictionaries(
    {
        "bool": st.booleans(),
        "int8": st.integers(-(1 << 7), (1 << 7) - 1),
        "int16": st.integers(-(1 << 15), (1 << 15) - 1),
        "uint16": st.integers(0, (1 << 16) - 1),
        "int32": st.integers(-(1 << 31), (1 << 31) - 1),
        "int64": st.integers(-(1 << 63), (1 << 63) - 1),
        "float64": st.floats(allow_nan=False),
        "uuid": st.binary(min_size=16, max_size=16),
        "string": st.none() | TEXTS,
        "bytes": st.none() | st.binary(max_size=5),
        "records": st.none() | st.binary(max_size=5),
        "numbers": st.none() | st.lists(st.integers(-9, 9), max_size=12),
        "texts": st.lists(TEXTS, max_size=3),
        "cursor": st.none() | st.fixed_dictionaries({"number": st.integers(-9, 9)}),
        "pairs": st.none() | st.lists(PAIR_BODIES, max_size=3),
    }
)
UNKNOWN_TAGS = st.dictionaries(st.integers(5, 2**32 - 1), st.binary(max_size=4), min_size=1)
TAGGED_BODIES = st.fixed_dictionaries(
    {"count": st.integers(-9, 9), "leader": PAIR_BODIES}, optional={TAGS: UNKNOWN_TAGS}
)


def write(
    fields: tuple[Field, ...], body: object, version: int = 0, *, flexible: bool = True
) -> bytes:
    """Write a structure."""
    parts: Parts = []
    compile_writer(fields, version, flexible=flexible)(body, parts)
    return b"".join(parts)


@pytest.mark.parametrize("flexible", [False, True])
@given(body=BODIES)
def test_every_type_survives_a_round_trip(body: Body, *, flexible: bool) -> None:
    """What is written is read back, in both forms."""
    frame = write(EVERY_TYPE, body, flexible=flexible)

    assert (body, len(frame)) == compile_reader(EVERY_TYPE, 0, flexible=flexible)(
        frame, 0, Budget()
    )


@given(body=TAGGED_BODIES)
def test_tagged_fields_survive_a_round_trip(body: Body) -> None:
    """Known and unknown ones; what has its default takes no bytes."""
    fields = (TAGGED, TAGGED_PAIR)
    frame = write(fields, body)

    assert (body, len(frame)) == compile_reader(fields, 0, flexible=True)(frame, 0, Budget())
    assert len(frame) == 1 or body != UNCHANGED


@pytest.mark.parametrize(
    ("fields", "body", "expected"),
    [
        ((), {}, "00"),
        ((NUMBER, NAME), {"number": 7, "name": "a"}, "00000007 0261 00"),
        ((PAIRS,), {"pairs": [{"number": 7, "name": ""}]}, "02 00000007 01 00 00"),
        ((PAIRS,), {"pairs": None}, "00 00"),
        ((PAIR,), {"pair": {"number": 7, "name": ""}}, "00000007 01 00 00"),
        ((make_field("[]int8"),), {"field": [1, -1]}, "03 01ff 00"),
        ((make_field("[]uuid"),), {"field": [bytes(16)]}, "02" + "00" * 17),
        ((make_field("struct", NUMBER, nullable="0+"),), {"field": None}, "ff 00"),
        (
            (make_field("struct", NUMBER, nullable="0+"),),
            {"field": {"number": 7}},
            "01 00000007 00 00",
        ),
        ((TAGGED,), {"count": 5}, "01 03 04 00000005"),
        ((TAGGED,), {"count": -1}, "00"),
        ((TAGGED,), {}, "00"),
        ((TAGGED,), {"count": 5, TAGS: {300: b"z", 1: b""}}, "03 01 00 03 04 00000005 ac02 01 7a"),
    ],
)
def test_a_structure_has_the_bytes_of_the_protocol(
    fields: tuple[Field, ...], body: Body, expected: str
) -> None:
    """Tags ascend behind the fields; a tagged field may be missing."""
    assert bytes.fromhex(expected) == write(fields, body)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        (NUMBER, 1 << 31, "number: 2147483648 is no int32"),
        (NUMBER, "7", "number: '7' is no int32"),
        (NUMBER, None, "number: None is no int32"),
        (make_field("uint16", name="port"), -1, "port: -1 is no uint16"),
        (make_field("float64"), "1.5", "field: '1.5' is no float64"),
        (make_field("bool"), 1, "field: bool wanted, int given"),
        (make_field("uuid"), b"short", "field: a uuid has 16 bytes, 5 given"),
        (make_field("uuid"), "0" * 16, "field: bytes wanted, str given"),
        (NAME, None, "name: str wanted, NoneType given"),
        (make_field("bytes"), "text", "field: bytes or memoryview wanted, str given"),
        (make_field("[]int32"), None, "field: list wanted, NoneType given"),
        (make_field("[]int32", nullable="0+"), (1,), "field: list or None wanted, tuple given"),
        (make_field("[]int32"), [1, "2"], r"field\[1\]: '2' is no int32"),
        (make_field("[]bool"), [1], r"field\[0\]: bool wanted, int given"),
        (make_field("[]string"), ["a", 7], r"field\[1\]: str wanted, int given"),
        (PAIR, None, "pair: dict wanted, NoneType given"),
        (PAIR, {"number": 7}, "pair.name: the field is missing"),
        (PAIRS, [{"number": 1, "name": ""}, {"name": ""}], r"pairs\[1\].number: .* missing"),
        (PAIRS, [{"number": 1, "name": "", "more": 0}], r"pairs\[0\]: there is no field 'more'"),
        (TAGGED, "5", "count: '5' is no int32"),
        (TAGGED_PAIR, {"number": 7, "name": 8}, "leader.name: str wanted, int given"),
    ],
)
def test_a_value_that_does_not_fit_is_not_written(field: Field, value: object, text: str) -> None:
    """Nothing is guessed, and the error leads to the value."""
    with pytest.raises(EncodeError, match=text):
        write((field,), {field.name: value})


def test_the_wrong_one_among_neighbours_is_named() -> None:
    """They are packed together, and still told apart."""
    fields = (NUMBER, make_field("int8", name="small"), make_field(name="last"))

    with pytest.raises(EncodeError, match=r"^small: 300 is no int8"):
        write(fields, {"number": 1, "small": 300, "last": 2})


def test_a_message_is_a_dictionary() -> None:
    """Anything else is refused."""
    with pytest.raises(EncodeError, match="dict wanted, list given"):
        write((NUMBER,), [7])


@pytest.mark.parametrize("name", ["number", "name"])
def test_a_field_that_is_missing_is_not_made_up(name: str) -> None:
    """Whether it has a fixed size or not."""
    body: dict[str, Any] = {"number": 7, "name": "a"}
    del body[name]

    with pytest.raises(EncodeError, match=f"^{name}: the field is missing"):
        write((NUMBER, NAME), body)


def test_a_field_that_the_version_lacks_is_not_dropped_unseen() -> None:
    """Kafka says which may be dropped; a default says nothing and may go too."""
    later = make_field(name="later", versions="1+", default=-1)
    fields = (NUMBER, later)

    assert write(fields, {"number": 7, "later": 5}, version=1) == b"\0\0\0\x07\0\0\0\x05\0"
    assert write(fields, {"number": 7, "later": -1}, version=0) == b"\0\0\0\x07\0"
    with pytest.raises(EncodeError, match="version 0 has no field 'later', and its value must"):
        write(fields, {"number": 7, "later": 5}, version=0)
    droppable = (NUMBER, replace(later, ignorable=True))
    assert write(droppable, {"number": 7, "later": 5}, version=0) == b"\0\0\0\x07\0"


def test_a_field_that_nobody_knows_is_refused() -> None:
    """A spelling mistake is not written as nothing; tags need a flexible version."""
    with pytest.raises(EncodeError, match="there is no field 'nubmer'"):
        write((NUMBER,), {"number": 7, "nubmer": 8})
    with pytest.raises(EncodeError, match="there is no field '_tags'"):
        write((NUMBER,), {"number": 7, TAGS: {9: b""}}, flexible=False)


@pytest.mark.parametrize(
    ("tags", "text"),
    [
        ([b""], "_tags: dict of tag number to bytes wanted, list given"),
        ({"5": b""}, "_tags: '5' is no tag number"),
        ({-1: b""}, "_tags: -1 is no tag number"),
        ({1 << 32: b""}, "_tags: 4294967296 is no tag number"),
        ({5: "text"}, r"_tags\[5\]: bytes wanted, str given"),
        ({3: b""}, "_tags: tag 3 is a field of this version: set the field"),
    ],
)
def test_tags_that_are_none_are_refused(tags: object, text: str) -> None:
    """Where a body carries them, and where a header does."""
    with pytest.raises(EncodeError, match=text):
        check_tags(tags, frozenset({3}))
    with pytest.raises(EncodeError, match=text):
        write((TAGGED,), {"count": 5, TAGS: tags})


def test_tags_are_written_in_order() -> None:
    """However they were put together."""
    tags = {300: b"z", 1: b""}

    assert tags is check_tags(tags)
    assert pack_tags(tags) == bytes.fromhex("02 01 00 ac02 01 7a")
    assert pack_tags({}) == b"\x00"
