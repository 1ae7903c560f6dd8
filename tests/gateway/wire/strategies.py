"""Hypothesis strategies for messages, built from the message table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from gateway.wire.readers import TAGS, Body
from gateway.wire.table import Api, Field, FieldType, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Each message is a test of its own, so a few examples of each are thousands in all.
EVERY_MESSAGE = settings(
    max_examples=settings().max_examples // 20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

INTEGER_BITS = {
    FieldType.INT8: 8,
    FieldType.INT16: 16,
    FieldType.INT32: 32,
    FieldType.INT64: 64,
}

UNKNOWN_TAGS = st.dictionaries(
    st.integers(1_000, 2**32 - 1), st.binary(max_size=4), min_size=1, max_size=3
)


@dataclass(frozen=True, slots=True, repr=False)
class MessageKind:
    """One message of the table: an API, a version, a direction."""

    api: Api
    version: int
    response: bool

    def __repr__(self) -> str:
        return f"{self.api.name}-{'response' if self.response else 'request'}-v{self.version}"

    @property
    def is_flexible(self) -> bool:
        """Whether the body carries tagged fields."""
        return self.version in self.api.flexible

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of the direction, of all versions."""
        return self.api.fields(response=self.response)


def every_message() -> list[MessageKind]:
    """List every message of the table."""
    return [
        MessageKind(api, version, response)
        for api in load().values()
        for version in api.versions
        for response in (False, True)
    ]


@cache
def bodies(kind: MessageKind, *, foreign: bool = True) -> st.SearchStrategy[Body]:
    """Make bodies of a message.

    With `foreign` they hold what the table does not know, and values at the ends of their range;
    without, only what the test oracles accept too.
    """
    return _structs(kind.fields, kind.version, flexible=kind.is_flexible, foreign=foreign)


def _structs(
    fields: Sequence[Field], version: int, *, flexible: bool, foreign: bool
) -> st.SearchStrategy[Body]:
    members = {
        field.name: _values(field, version, flexible=flexible, foreign=foreign)
        for field in fields
        if version in field.versions
    }
    optional = {TAGS: UNKNOWN_TAGS} if flexible and foreign else {}
    return st.fixed_dictionaries(members, optional=optional)


def _values(field: Field, version: int, *, flexible: bool, foreign: bool) -> st.SearchStrategy[Any]:
    element = (
        _structs(field.fields, version, flexible=flexible, foreign=foreign)
        if field.kind.element is FieldType.STRUCT
        else _scalars(field, foreign=foreign)
    )
    values: st.SearchStrategy[Any] = (
        st.lists(element, max_size=3) if field.kind.is_array else element
    )
    return st.none() | values if version in field.nullable else values


def _scalars(field: Field, *, foreign: bool) -> st.SearchStrategy[Any]:
    element = field.kind.element
    if element in INTEGER_BITS:
        end = 1 << (INTEGER_BITS[element] - 1)
        return st.integers(-end, end - 1) if foreign else st.integers(0, 99)
    return {
        FieldType.BOOL: st.booleans(),
        FieldType.UINT16: st.integers(0, 0xFFFF),
        FieldType.FLOAT64: st.floats(allow_nan=False),
        FieldType.UUID: st.binary(min_size=16, max_size=16),
        FieldType.STRING: st.text(max_size=5),
        FieldType.BYTES: st.binary(max_size=5),
        FieldType.RECORDS: st.binary(max_size=5),
    }[element]


def fields_below(fields: Sequence[Field]) -> Iterator[Field]:
    """Yield fields and all fields below them."""
    for field in fields:
        yield field
        yield from fields_below(field.fields)
