"""Whole messages for tests: one element in every array, plain values everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.wire.schema import default_value
from gateway.wire.table import Field, FieldType, load

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC_ID = bytes(range(16))

_BY_TYPE: dict[FieldType, Any] = {
    FieldType.STRING: "text",
    FieldType.UUID: TOPIC_ID,
    FieldType.RECORDS: memoryview(b""),
    FieldType.BYTES: b"bytes",
}


def filled(
    api_key: int, version: int, *, response: bool, values: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Fill every field of a message, by name where `values` has it, else by its type."""
    return _fill(load()[api_key].fields(response=response), version, values or {})


def _fill(fields: tuple[Field, ...], version: int, values: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for field in fields:
        if version not in field.versions:
            continue
        value: Any = values.get(field.name)
        if value is None and field.fields:
            value = _fill(field.fields, version, values)
        elif value is None:
            value = _BY_TYPE.get(field.kind.element)
        if value is None:
            value = default_value(field, version) if not field.kind.is_array else 0
        is_list = isinstance(value, list)
        body[field.name] = [value] if field.kind.is_array and not is_list else value
    return body
