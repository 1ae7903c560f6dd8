"""JSON is read so that nothing which another reader would see in it is missed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.questions.json_values import (
    at_path,
    count_ends,
    has_objects,
    names_in,
    read_json,
    to_text,
)

if TYPE_CHECKING:
    from workbench.questions.json_values import FieldPath

texts = st.text()
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("expected", "path", "text"),
    [
        ([1], ("a",), '{"a":1}'),
        ([1, 2], ("a",), '{"a":1,"a":2}'),
        ([1, 2], ("a", "b"), '{"a":{"b":1},"a.b":2}'),
        ([1], ("a", "b", "c"), '{"a.b":{"c":1}}'),
        ([1, 2], ("a", "b"), '{"a":[{"b":1},[{"b":2}],3]}'),
        ([2], ("a", 1, "b"), '{"a":[{"b":1},{"b":2}]}'),
        ([], ("a", 2), '{"a":[1,2]}'),
        ([], ("a", 0), '{"a":{"0":1}}'),
        ([], ("a", "b"), '{"a":1}'),
    ],
)
def test_a_path_leads_to_every_value_that_it_may_mean(
    expected: list[object], path: FieldPath, text: str
) -> None:
    """Equal keys, keys with dots in them, and items of lists."""
    assert expected == list(at_path(read_json(text), path))


@pytest.mark.parametrize(
    ("expected", "path", "text"),
    [
        (1, ("a",), '{"a":null}'),
        (0, ("a",), '{"a":1}'),
        (0, ("a",), "{}"),
        (1, ("a",), '{"a":1,"a":null}'),
        (1, ("a", "b"), '{"a":"***"}'),
        (1, ("a", "b"), '{"a":null}'),
        (0, ("a", "b"), '{"a":{}}'),
        (1, ("a", "b"), '{"a.b":null}'),
        (2, ("a", "b"), '{"a":[{"b":null},{"b":1},"***"]}'),
        (1, ("a", 1, "b"), '{"a":[{"b":null},{"b":null}]}'),
        (0, ("a", 2), '{"a":[1,2]}'),
        (0, ("a", 0), '{"a":{"0":null}}'),
    ],
)
def test_what_a_mask_may_have_put_in_a_path_is_counted(
    expected: int, path: FieldPath, text: str
) -> None:
    """Nulls, and single values where a structure was."""
    assert expected == count_ends(read_json(text), path)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (True, "{}"),
        (True, "null"),
        (True, "[]"),
        (True, "[{},{}]"),
        (True, '[{"a":1},[]]'),
        (False, "[1,{}]"),
        (False, '[{},"4111"]'),
        (False, "[{},[1]]"),
        (False, "1"),
        (False, '"a"'),
        (False, "[1,2]"),
        (False, "true"),
        (False, '[null,"4111"]'),
        (True, "[null]"),
        (True, "[null,[{}]]"),
        (False, "[null,[1,{}]]"),
    ],
)
def test_values_without_fields_are_told_apart(*, expected: bool, text: str) -> None:
    """A bare value may be what somebody else calls a field."""
    assert expected == has_objects(read_json(text))


@given(values)
def test_a_value_is_written_as_it_was(value: object) -> None:
    """But for white space, and the equal keys that a parser would drop."""
    assert value == json.loads(to_text(read_json(json.dumps(value))))


def test_half_a_letter_is_a_text_as_well() -> None:
    """JSON can write what UTF-8 cannot."""
    assert to_text(read_json(r'"\ud800"')).isascii()


def test_every_field_has_its_name_told() -> None:
    """In objects in lists as well, equal ones twice."""
    node = read_json('{"a": [1, {"b": {"c": 2}}], "a": "{}"}')

    assert ["a", "b", "c", "a"] == list(names_in(node))
