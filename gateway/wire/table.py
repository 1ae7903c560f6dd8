"""The message table: APIs, their fields, and the versions in which each field exists."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSION_OPEN = 32_767
"""The upper end of a range such as `9+`: the largest int16, since versions travel as int16."""


@dataclass(frozen=True, slots=True)
class Versions:
    """A range of versions, ends included; empty when `first` is above `last`."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> Versions:
        """Read `3`, `3-5`, `3+` or `none`."""
        if text == "none":
            return cls(1, 0)
        first, dash, last = text.removesuffix("+").partition("-")
        if text.endswith("+"):
            return cls(int(first), VERSION_OPEN)
        versions = cls(int(first), int(last if dash else first))
        assert 0 <= versions.first <= versions.last <= VERSION_OPEN, "Kafka writes ranges in order"
        return versions

    def __contains__(self, version: int) -> bool:
        return self.first <= version <= self.last

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))

    def intersect(self, other: Versions) -> Versions:
        """Return the versions that lie in both ranges."""
        return Versions(max(self.first, other.first), min(self.last, other.last))


NO_VERSIONS = Versions.parse("none")


class FieldType(StrEnum):
    """The types of single values and of array elements."""

    BOOL = "bool"
    INT8 = "int8"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    INT64 = "int64"
    FLOAT64 = "float64"
    UUID = "uuid"
    STRING = "string"
    BYTES = "bytes"
    RECORDS = "records"
    STRUCT = "struct"


@dataclass(frozen=True, slots=True)
class FieldKind:
    """A field's type, and whether the field holds one such value or an array of them."""

    element: FieldType
    is_array: bool

    @classmethod
    def parse(cls, text: str) -> FieldKind:
        """Read `int32` or `[]int32`."""
        return cls(FieldType(text.removeprefix("[]")), text.startswith("[]"))


class Unstated(Enum):
    """The mark of a field for which Kafka states no default, so that its type's holds."""

    UNSTATED = 0


UNSTATED: Final = Unstated.UNSTATED

Default = bool | int | str | None | Unstated


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a message or of a structure in it.

    `tag` is set for a tagged field (KIP-482). `default` is what Kafka's definition states,
    `UNSTATED` where it states nothing. `ignorable` means that a version without the field may be
    written although the field has a value.
    """

    name: str
    kind: FieldKind
    versions: Versions
    nullable: Versions = NO_VERSIONS
    tag: int | None = None
    default: Default = UNSTATED
    ignorable: bool = False
    entity_type: str | None = None
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One Kafka API: its versions, and the fields of its request and of its response.

    The two `..._header_flexible` ranges say in which versions a header carries tagged fields; they
    differ from `flexible`, which is about the body, where Kafka kept an old header for
    compatibility.
    """

    key: int
    name: str
    versions: Versions
    flexible: Versions
    request_header_flexible: Versions
    response_header_flexible: Versions
    latest_unstable: bool
    listeners: frozenset[str]
    request: tuple[Field, ...]
    response: tuple[Field, ...]

    def fields(self, *, response: bool) -> tuple[Field, ...]:
        """Return the fields of one direction."""
        return self.response if response else self.request


@cache
def load() -> Mapping[int, Api]:
    """Return every API of the table by its key; read from the package once, on first use."""
    packaged = files("gateway.wire").joinpath("table", "messages.json").read_bytes()
    entries = json.loads(packaged)["apis"]
    apis = {entry["key"]: _build_api(entry) for entry in entries}
    assert len(apis) == len(entries), "each API has its own key"
    return MappingProxyType(apis)


_VERSIONS_KEYS = ("versions", "flexible", "request_header_flexible", "response_header_flexible")


def _build_api(entry: dict[str, Any]) -> Api:
    api = Api(
        **entry
        | {key: Versions.parse(entry[key]) for key in _VERSIONS_KEYS}
        | {
            "listeners": frozenset(entry["listeners"]),
            "request": tuple(_build_field(field) for field in entry["request"]),
            "response": tuple(_build_field(field) for field in entry["response"]),
        }
    )
    assert api.versions.first <= api.versions.last, "an API without versions is not in the table"
    return api


def _build_field(entry: dict[str, Any]) -> Field:
    field = Field(
        kind=FieldKind.parse(entry.pop("type")),
        versions=Versions.parse(entry.pop("versions")),
        nullable=Versions.parse(entry.pop("nullable", "none")),
        fields=tuple(_build_field(field) for field in entry.pop("fields", ())),
        **entry,
    )
    assert bool(field.fields) == (field.kind.element is FieldType.STRUCT), "structures have fields"
    return field
