"""Compile the fields of a message version into a function that writes them.

This is the counterpart of `readers`, and nothing is guessed: a missing field, a field that the
version does not have, a value of another type or beyond its range raise `EncodeError`. Tagged
fields may be missing, and are left out when they have their default, as Kafka does.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from gateway.wire.errors import EncodeError, WireError
from gateway.wire.primitives import (
    PackLength,
    Parts,
    Writer,
    bytes_writer,
    pack_compact_length,
    pack_uvarint,
    string_writer,
    wrong_type,
)
from gateway.wire.readers import FIXED_FORMATS, TAGS, runs
from gateway.wire.schema import default_value
from gateway.wire.table import Field, FieldType

_UUID_BYTES = 16
_PACK_INT32_LENGTH: PackLength = struct.Struct(">i").pack
_UINT32_MAX = 0xFFFF_FFFF

Step = tuple[Callable[[dict[str, Any]], bytes] | None, str, Writer | None]


def compile_writer(fields: Sequence[Field], version: int, *, flexible: bool) -> Writer:
    """Compile the writer of a structure."""
    present = [field for field in fields if version in field.versions]
    assert flexible or all(field.tag is None for field in present), "tags need a flexible version"
    steps = _steps(present, version, flexible=flexible)
    mandatory = sum(field.tag is None for field in present)
    known = frozenset(field.name for field in present) | ({TAGS} if flexible else set())
    assert len(known) == len(present) + flexible, "each field has its own name"
    absent = {field.name: field for field in fields if version not in field.versions}

    def write_struct(body: object, parts: Parts) -> None:
        if not isinstance(body, dict):
            raise wrong_type("dict", body)
        if len(body) > mandatory and not known.issuperset(body):
            _check_surplus(body, known, absent, version)
        place = ""
        try:
            for pack, name, write in steps:
                if pack:
                    place = ""
                    parts.append(pack(body))
                if write:
                    place = name
                    write(body[name], parts)
        except KeyError as error:
            raise EncodeError("the field is missing").within(str(error.args[0])) from None
        except WireError as error:
            if place:
                error.within(place)
            raise

    return write_struct


def _check_surplus(
    body: Mapping[str, Any], known: frozenset[str], absent: Mapping[str, Field], version: int
) -> None:
    """Refuse fields that the version cannot carry, except where Kafka lets them be dropped."""
    for name in body.keys() - known:
        field = absent.get(name)
        if field is None:
            raise EncodeError(f"there is no field {name!r}")
        if not field.ignorable and body[name] != default_value(field, version):
            raise EncodeError(
                f"version {version} has no field {name!r}, and its value must not be dropped"
            )


def _steps(present: Sequence[Field], version: int, *, flexible: bool) -> list[Step]:
    plain = [field for field in present if field.tag is None]
    steps = [_step(run, last, version, flexible=flexible) for run, last in runs(plain)]
    if flexible:
        tagged = [field for field in present if field.tag is not None]
        steps.append((_tags_packer(tagged, version), "", None))
    return steps


def _step(run: Sequence[Field], last: Field | None, version: int, *, flexible: bool) -> Step:
    assert run or last, "each step writes something"
    pack = _run_packer(run) if run else None
    if last is None:
        return pack, "", None
    return pack, last.name, _value_writer(last, version, flexible=flexible)


def _run_packer(run: Sequence[Field]) -> Callable[[dict[str, Any]], bytes]:
    assert run, "an empty run writes nothing"
    packing = struct.Struct(">" + "".join(FIXED_FORMATS[field.kind.element] for field in run))
    checks = [
        (field.name, _CHECKS[field.kind.element]) for field in run if field.kind.element in _CHECKS
    ]
    values = _values_getter([field.name for field in run])

    def pack_run(body: dict[str, Any]) -> bytes:
        for checked, check in checks:
            check(checked, body[checked])
        try:
            return packing.pack(*values(body))
        except struct.error:
            raise _blame(run, body) from None

    return pack_run


def _values_getter(names: Sequence[str]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    # An itemgetter of one name returns the value itself, not a tuple of one.
    return itemgetter(*names) if len(names) > 1 else lambda body: (body[names[0]],)


def _blame(run: Sequence[Field], body: Mapping[str, Any]) -> EncodeError:
    """Find which value of a run does not fit, once packing the run has failed."""
    found = (_unpackable(field.kind.element, body[field.name], field.name) for field in run)
    problem = next(filter(None, found), None)
    assert problem, "packing the run failed, so packing one of its values does"
    return problem


def _unpackable(element: FieldType, value: object, name: str) -> EncodeError | None:
    try:
        struct.pack(">" + FIXED_FORMATS[element], value)
    except struct.error as error:
        return EncodeError(f"{value!r} is no {element}: {error}").within(name)
    return None


def _check_bool(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise wrong_type("bool", value).within(name)


def _check_uuid(name: str, value: object) -> None:
    if not isinstance(value, bytes):
        raise wrong_type("bytes", value).within(name)
    if len(value) != _UUID_BYTES:
        raise EncodeError(f"a uuid has {_UUID_BYTES} bytes, {len(value)} given").within(name)


# struct takes any object for a bool, and pads or cuts bytes: these two need a look first.
_CHECKS: Mapping[FieldType, Callable[[str, Any], None]] = {
    FieldType.BOOL: _check_bool,
    FieldType.UUID: _check_uuid,
}


def _value_writer(field: Field, version: int, *, flexible: bool) -> Writer:
    nullable = version in field.nullable
    if field.kind.is_array:
        return _array_writer(field, version, flexible=flexible)
    write = _element_writer(field, version, flexible=flexible, nullable=nullable)
    if field.kind.element is FieldType.STRUCT and nullable:
        return _nullable_struct_writer(write)
    return write


def _element_writer(field: Field, version: int, *, flexible: bool, nullable: bool) -> Writer:
    element = field.kind.element
    if element is FieldType.STRUCT:
        return compile_writer(field.fields, version, flexible=flexible)
    if element is FieldType.STRING:
        return string_writer(compact=flexible, nullable=nullable)
    if element in FIXED_FORMATS:
        return _fixed_writer(element)
    return bytes_writer(compact=flexible, nullable=nullable)


def _nullable_struct_writer(write: Writer) -> Writer:
    def write_nullable(value: object, parts: Parts) -> None:
        if value is None:
            parts.append(b"\xff")
        else:
            parts.append(b"\x01")
            write(value, parts)

    return write_nullable


def _fixed_writer(element: FieldType) -> Writer:
    packing = struct.Struct(">" + FIXED_FORMATS[element])
    check = _CHECKS.get(element)

    def write_fixed(value: object, parts: Parts) -> None:
        if check:
            check("", value)
        try:
            parts.append(packing.pack(value))
        except struct.error as error:
            raise EncodeError(f"{value!r} is no {element}: {error}") from None

    return write_fixed


def _array_writer(field: Field, version: int, *, flexible: bool) -> Writer:
    pack_length = pack_compact_length if flexible else _PACK_INT32_LENGTH
    nullable = version in field.nullable
    write = _element_writer(field, version, flexible=flexible, nullable=False)

    def write_array(value: object, parts: Parts) -> None:
        if value is None and nullable:
            parts.append(pack_length(-1))
            return
        if not isinstance(value, list):
            raise wrong_type("list", value, nullable=nullable)
        parts.append(pack_length(len(value)))
        for index, element in enumerate(value):
            try:
                write(element, parts)
            except WireError as error:
                error.within(f"[{index}]")
                raise

    return write_array


def _tags_packer(fields: Sequence[Field], version: int) -> Callable[[dict[str, Any]], bytes]:
    known = [
        (f.name, f.tag, default_value(f, version), _value_writer(f, version, flexible=True))
        for f in fields
        if f.tag is not None
    ]
    numbers = frozenset(tag for _, tag, *_ in known)
    assert len(numbers) == len(fields), "each tag has its own number"

    def pack_body_tags(body: dict[str, Any]) -> bytes:
        tags: dict[int, bytes] = {}
        for name, tag, default, write in known:
            if name in body and body[name] != default:
                value: Parts = []
                try:
                    write(body[name], value)
                except WireError as error:
                    error.within(name)
                    raise
                tags[tag] = b"".join(value)
        if TAGS in body:
            tags |= check_tags(body[TAGS], numbers)
        return pack_tags(tags)

    return pack_body_tags


def check_tags(tags: object, known: frozenset[int] = frozenset()) -> dict[int, bytes]:
    """Return tags that the table does not know, or refuse them where they are no such thing."""
    if not isinstance(tags, dict):
        raise wrong_type("dict of tag number to bytes", tags).within(TAGS)
    for tag, value in tags.items():
        if not isinstance(tag, int) or not 0 <= tag <= _UINT32_MAX:
            raise EncodeError(f"{tag!r} is no tag number").within(TAGS)
        if tag in known:
            raise EncodeError(f"tag {tag} is a field of this version: set the field").within(TAGS)
        if not isinstance(value, bytes):
            raise wrong_type("bytes", value).within(f"{TAGS}[{tag}]")
    return tags


def pack_tags(tags: Mapping[int, bytes]) -> bytes:
    """Write a section of tagged fields."""
    if not tags:
        return b"\x00"
    parts = [pack_uvarint(len(tags))]
    for tag in sorted(tags):
        parts += (pack_uvarint(tag), pack_uvarint(len(tags[tag])), tags[tag])
    return b"".join(parts)
