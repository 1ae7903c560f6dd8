"""Compile the fields of a message version into a function that reads them from a frame.

Neighbouring fields of fixed size are read with one `struct` call. The function returns a dictionary
of the version's fields; tagged fields that are absent have their default, and those the table does
not know are kept under `TAGS`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gateway.wire.errors import MalformedError, WireError
from gateway.wire.primitives import (
    Budget,
    Reader,
    ReadLength,
    bytes_reader,
    check_count,
    cut_off,
    null_end,
    read_compact_length,
    read_int32_length,
    read_uvarint,
    string_reader,
)
from gateway.wire.schema import default_maker
from gateway.wire.table import Field, FieldType

Body = dict[str, Any]

TAGS = "_tags"
"""The key of the tagged fields that the table does not know: a dictionary of tag number to
bytes."""

FIXED_FORMATS: Mapping[FieldType, str] = {
    FieldType.BOOL: "?",
    FieldType.INT8: "b",
    FieldType.INT16: "h",
    FieldType.UINT16: "H",
    FieldType.INT32: "i",
    FieldType.INT64: "q",
    FieldType.FLOAT64: "d",
    FieldType.UUID: "16s",
}
"""How `struct` writes the types of fixed size, big-endian."""

_TAG_BYTES_MIN = 2
_TAG_VALUES = 2


def fixed_format(field: Field) -> str | None:
    """Return the `struct` format of a field of fixed size, None for any other."""
    return None if field.kind.is_array else FIXED_FORMATS.get(field.kind.element)


def runs(fields: Sequence[Field]) -> Iterator[tuple[list[Field], Field | None]]:
    """Cut fields into runs of fixed size, each with the field of varying size that ends it."""
    run: list[Field] = []
    for field in fields:
        if fixed_format(field):
            run.append(field)
        else:
            yield run, field
            run = []
    if run:
        yield run, None


def compile_reader(fields: Sequence[Field], version: int, *, flexible: bool) -> Reader:
    """Compile the reader of a structure."""
    present = [field for field in fields if version in field.versions]
    assert flexible or all(field.tag is None for field in present), "tags need a flexible version"
    assert len({field.name for field in present}) == len(present), "each field has its own name"
    steps = [
        _step(run, last, version, flexible=flexible)
        for run, last in runs([field for field in present if field.tag is None])
    ]
    read_tags = (
        _tags_reader([f for f in present if f.tag is not None], version) if flexible else None
    )

    def read_struct(frame: bytes, position: int, budget: Budget) -> tuple[Body, int]:
        body: Body = {}
        place = ""
        try:
            for names, unpack, size, name, read in steps:
                if names:
                    place = names[0]
                    body.update(zip(names, unpack(frame, position), strict=True))
                    position += size
                if read:
                    place = name
                    body[name], position = read(frame, position, budget)
            if read_tags:
                place = TAGS
                position = read_tags(body, frame, position, budget)
        except struct.error:
            raise MalformedError(f"the bytes end after byte {len(frame)}").within(place) from None
        except WireError as error:
            error.within(place)
            raise
        return body, position

    return read_struct


Step = tuple[tuple[str, ...], Callable[[bytes, int], tuple[Any, ...]], int, str, Reader | None]


def _step(run: Sequence[Field], last: Field | None, version: int, *, flexible: bool) -> Step:
    assert run or last, "each step reads something"
    packing = struct.Struct(">" + "".join(FIXED_FORMATS[field.kind.element] for field in run))
    names = tuple(field.name for field in run)
    if last is None:
        return names, packing.unpack_from, packing.size, "", None
    return (
        names,
        packing.unpack_from,
        packing.size,
        last.name,
        _value_reader(last, version, flexible=flexible),
    )


def _value_reader(field: Field, version: int, *, flexible: bool) -> Reader:
    if field.kind.is_array:
        return _array_reader(field, version, flexible=flexible)
    nullable = version in field.nullable
    if field.kind.element is FieldType.STRUCT:
        read = compile_reader(field.fields, version, flexible=flexible)
        return _nullable_struct_reader(read) if nullable else read
    return _element_reader(field, version, flexible=flexible, nullable=nullable)


def _element_reader(field: Field, version: int, *, flexible: bool, nullable: bool) -> Reader:
    element = field.kind.element
    if element is FieldType.STRUCT:
        return compile_reader(field.fields, version, flexible=flexible)
    if element is FieldType.STRING:
        return string_reader(compact=flexible, nullable=nullable)
    if element in FIXED_FORMATS:
        return _fixed_reader(element)
    return bytes_reader(compact=flexible, nullable=nullable, zero_copy=element is FieldType.RECORDS)


def _fixed_reader(element: FieldType) -> Reader:
    packing = struct.Struct(">" + FIXED_FORMATS[element])

    def read_fixed(frame: bytes, position: int, _: Budget) -> tuple[Any, int]:
        return packing.unpack_from(frame, position)[0], position + packing.size

    return read_fixed


def _nullable_struct_reader(read: Reader) -> Reader:
    def read_nullable(frame: bytes, position: int, budget: Budget) -> tuple[Body | None, int]:
        mark = frame[position : position + 1]
        if mark == b"\xff":
            return None, position + 1
        if mark != b"\x01":
            raise MalformedError(
                f"byte {position} must say whether a structure follows, not {mark.hex() or 'end'}"
            )
        return read(frame, position + 1, budget)

    return read_nullable


def _array_reader(field: Field, version: int, *, flexible: bool) -> Reader:
    read_length = read_compact_length if flexible else read_int32_length
    nullable = version in field.nullable
    if field.kind.element in FIXED_FORMATS:
        return _fixed_array_reader(
            FIXED_FORMATS[field.kind.element], read_length, nullable=nullable
        )
    bytes_min = _element_bytes_min(field, version, flexible=flexible)
    values = _element_values(field, version)
    assert bytes_min > 0, "each element takes a byte, so the frame bounds the count"
    assert values > 0, "each element costs, so the budget bounds the count"
    read = _element_reader(field, version, flexible=flexible, nullable=False)

    def read_array(frame: bytes, position: int, budget: Budget) -> tuple[list[Any] | None, int]:
        count, position = read_length(frame, position)
        if count < 0:
            return None, null_end(count, position, nullable=nullable)
        check_count(frame, position, count, bytes_min)
        budget.spend(count * values)
        elements: list[Any] = []
        for index in range(count):
            try:
                element, position = read(frame, position, budget)
            except WireError as error:
                error.within(f"[{index}]")
                raise
            elements.append(element)
        return elements, position

    return read_array


def _fixed_array_reader(fixed: str, read_length: ReadLength, *, nullable: bool) -> Reader:
    size = struct.calcsize(">" + fixed)
    assert size > 0, "each element takes a byte, so the frame bounds the count"
    # Most arrays are short, such as the replicas of a partition: their packings are made once.
    short = [struct.Struct(">" + fixed * count) for count in range(8)]

    def read_array(frame: bytes, position: int, budget: Budget) -> tuple[list[Any] | None, int]:
        count, start = read_length(frame, position)
        if count < 0:
            return None, null_end(count, start, nullable=nullable)
        end = start + count * size
        if end > len(frame):
            raise cut_off(frame, start, count * size)
        budget.spend(count)
        if count < len(short):
            return list(short[count].unpack_from(frame, start)), end
        return [value for (value,) in struct.iter_unpack(">" + fixed, frame[start:end])], end

    return read_array


def _element_bytes_min(field: Field, version: int, *, flexible: bool) -> int:
    """Return the fewest bytes that an element of an array, or a single value, takes on the wire."""
    element = field.kind.element
    if element in FIXED_FORMATS:
        return struct.calcsize(">" + FIXED_FORMATS[element])
    if element is FieldType.STRUCT:
        members = (m for m in field.fields if version in m.versions and m.tag is None)
        return flexible + sum(_bytes_min(member, version, flexible=flexible) for member in members)
    if flexible:
        return 1
    return 2 if element is FieldType.STRING else 4


def _bytes_min(field: Field, version: int, *, flexible: bool) -> int:
    if field.kind.is_array:
        return 1 if flexible else 4
    if field.kind.element is FieldType.STRUCT and version in field.nullable:
        return 1
    return _element_bytes_min(field, version, flexible=flexible)


def _element_values(field: Field, version: int) -> int:
    """Return how many values of the budget an element of an array costs; a dictionary costs two."""
    if field.kind.element is not FieldType.STRUCT:
        return 1
    members = (member for member in field.fields if version in member.versions)
    return 2 + sum(1 if m.kind.is_array else _element_values(m, version) for m in members)


TagsReader = Callable[[Body, bytes, int, Budget], int]


def _tags_reader(fields: Sequence[Field], version: int) -> TagsReader:
    known = {
        field.tag: (field.name, _value_reader(field, version, flexible=True)) for field in fields
    }
    assert len(known) == len(fields), "each tag has its own number"
    assert None not in known, "only tagged fields stand among the tags"
    defaults = [(field.name, default_maker(field, version)) for field in fields]

    def read_tags(body: Body, frame: bytes, position: int, budget: Budget) -> int:
        for name, make in defaults:
            body[name] = make()
        if frame.startswith(b"\x00", position):
            return position + 1  # as nearly always
        count, position = read_uvarint(frame, position)
        check_count(frame, position, count, _TAG_BYTES_MIN)
        budget.spend(count * _TAG_VALUES)
        previous = -1
        for _ in range(count):
            tag, start, position = read_tag(frame, position, previous)
            if tag in known:
                name, read = known[tag]
                try:
                    body[name], end = read(frame, start, budget)
                except WireError as error:
                    error.within(name)
                    raise
                if end != position:
                    raise MalformedError(
                        f"tag {tag} announces {position - start} bytes, its value has {end - start}"
                    )
            else:
                body.setdefault(TAGS, {})[tag] = frame[start:position]
            previous = tag
        return position

    return read_tags


def read_tag(frame: bytes, position: int, previous: int) -> tuple[int, int, int]:
    """Read a tag's number and size; return the number and where the value begins and ends.

    Tags ascend (KIP-482), so a second value for one tag cannot hide behind a first.
    """
    tag, position = read_uvarint(frame, position)
    if tag <= previous:
        raise MalformedError(f"tag {tag} after tag {previous}: tags must ascend")
    size, start = read_uvarint(frame, position)
    if start + size > len(frame):
        raise cut_off(frame, start, size)
    return tag, start, start + size
