"""Questions to the message table that go over all messages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gateway.wire.table import UNSTATED, Field, FieldType, Versions, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Direction = Literal["request", "response"]

_HOST_NAME = re.compile(r"(^|_)(host|hostname|address|advertised|endpoint)(_|$)")

_TYPE_DEFAULTS: dict[FieldType, Any] = {
    FieldType.BOOL: False,
    FieldType.FLOAT64: 0.0,
    FieldType.UUID: bytes(16),
    FieldType.STRING: "",
    FieldType.BYTES: b"",
    FieldType.RECORDS: None,
}


def default_maker(field: Field, version: int) -> Callable[[], object]:
    """Return a function that makes the value a field has where nobody sets it, fresh each time."""
    if field.kind.is_array and field.default is UNSTATED:
        return list
    if field.kind.element is not FieldType.STRUCT or field.default is not UNSTATED:
        default = default_value(field, version)
        return lambda: default
    members = [member for member in field.fields if version in member.versions]
    if not any(m.kind.is_array or m.kind.element is FieldType.STRUCT for m in members):
        # Every partition of a Fetch response has three of these: a copy is four times as fast.
        return {member.name: default_value(member, version) for member in members}.copy
    makers = [(member.name, default_maker(member, version)) for member in members]
    return lambda: {name: make() for name, make in makers}


def default_value(field: Field, version: int) -> object:
    """Return the value that a field has where nobody sets it."""
    if field.default is not UNSTATED:
        return field.default
    if field.kind.is_array or field.kind.element is FieldType.STRUCT:
        return default_maker(field, version)()
    return _TYPE_DEFAULTS.get(field.kind.element, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostField:
    """A field that carries, or could carry, the name of a host."""

    api_key: int
    api: str
    direction: Direction
    path: str
    """Field names from the message down, such as `coordinators.host`."""
    versions: Versions


def walk(
    fields: Sequence[Field], versions: Versions, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Field, Versions]]:
    """Yield every field below `fields` with its path and the versions in which it really occurs.

    A field occurs only where its parents do; one that occurs in no version is left out.
    """
    for field in fields:
        occurs = versions.intersect(field.versions)
        if occurs.first <= occurs.last:
            yield (*path, field.name), field, occurs
            yield from walk(field.fields, occurs, (*path, field.name))


def host_fields() -> list[HostField]:
    """List every text field of every message whose name speaks of a host or an address.

    The proxy must rewrite each of them or say why it need not: one missed field lets clients go
    past it.
    """
    return [
        HostField(
            api_key=api.key, api=api.name, direction=direction, path=".".join(path), versions=occurs
        )
        for api in load().values()
        for direction, fields in _directions(api.request, api.response)
        for path, field, occurs in walk(fields, api.versions)
        if field.kind.element in {FieldType.STRING, FieldType.BYTES}
        and _HOST_NAME.search(field.name)
    ]


def _directions(
    request: tuple[Field, ...], response: tuple[Field, ...]
) -> tuple[tuple[Direction, tuple[Field, ...]], ...]:
    return ("request", request), ("response", response)
