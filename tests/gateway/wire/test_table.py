"""The message table: ranges of versions, kinds of fields, and the table as packaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.table import (
    NO_VERSIONS,
    UNSTATED,
    VERSION_OPEN,
    Field,
    FieldKind,
    FieldType,
    Versions,
    load,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

RANGES = st.builds(Versions, st.integers(0, 20), st.integers(0, 20))


def every_field() -> Iterator[Field]:
    """Yield every field of the table, however deep."""
    waiting = [field for api in load().values() for field in api.request + api.response]
    while waiting:
        field = waiting.pop()
        waiting += field.fields
        yield field


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", Versions(3, 3)),
        ("3-5", Versions(3, 5)),
        ("3+", Versions(3, VERSION_OPEN)),
        ("none", NO_VERSIONS),
    ],
)
def test_a_range_is_read_as_kafka_writes_it(text: str, expected: Versions) -> None:
    """One version, two ends, an open end, or nothing."""
    assert expected == Versions.parse(text)


def test_a_text_that_is_no_range_is_refused() -> None:
    """A damaged table must not load."""
    with pytest.raises(ValueError, match="invalid literal"):
        Versions.parse("3-")


def test_the_empty_range_holds_no_version() -> None:
    """None of the versions that exist lies in it."""
    assert list(NO_VERSIONS) == []
    assert not any(version in NO_VERSIONS for version in range(-1, 9))


@given(one=RANGES, other=RANGES)
def test_an_intersection_holds_what_both_ranges_hold(one: Versions, other: Versions) -> None:
    """Ends included, whatever the order."""
    both = one.intersect(other)

    assert sorted(set(one) & set(other)) == list(both)
    assert both == other.intersect(one)
    assert all((version in both) == (version in one and version in other) for version in range(22))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int32", FieldKind(FieldType.INT32, is_array=False)),
        ("[]struct", FieldKind(FieldType.STRUCT, is_array=True)),
    ],
)
def test_a_kind_is_read_as_kafka_writes_it(text: str, expected: FieldKind) -> None:
    """A type, or an array of it."""
    assert expected == FieldKind.parse(text)


def test_a_type_that_nobody_knows_is_refused() -> None:
    """A newer table is not half understood."""
    with pytest.raises(ValueError, match="int128"):
        FieldKind.parse("int128")


def test_the_packaged_table_covers_what_clients_use() -> None:
    """It is loaded once, cannot be changed, and holds each API under its key."""
    table = load()

    assert table is load()
    assert not hasattr(table, "__setitem__")
    assert all(key == api.key for key, api in table.items())
    assert {"Produce", "Fetch", "Metadata", "ApiVersions", "ConsumerGroupHeartbeat"} <= {
        api.name for api in table.values()
    }


def test_each_api_is_whole() -> None:
    """It has versions, and headers and tags agree on where it becomes flexible."""
    for api in load().values():
        assert 0 <= api.versions.first <= api.versions.last < VERSION_OPEN
        assert "broker" in api.listeners
        assert api.request_header_flexible == api.flexible
        assert api.response_header_flexible in {api.flexible, NO_VERSIONS}
        assert api.request is api.fields(response=False)
        assert api.response is api.fields(response=True)


def test_each_field_is_whole() -> None:
    """Tags are numbers, names are Python's, and structures alone have fields."""
    for field in every_field():
        assert field.name.isidentifier()
        assert field.tag is None or field.tag >= 0
        assert bool(field.fields) == (field.kind.element is FieldType.STRUCT)


def test_a_default_that_is_null_is_told_from_none_stated() -> None:
    """Null is a default like others; without one the type's default holds."""
    request = {field.name: field for field in load()[0].request}

    assert request["transactional_id"].default is None
    assert request["acks"].default is UNSTATED
