"""A name is found wherever and however it stands in JSON."""

from __future__ import annotations

import json
from typing import Literal
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.questions.field_names import FieldName, shown
from workbench.questions.json_values import read_json

# A text that is cut JSON with an escape in it may hold any name.
texts = st.text(st.characters(exclude_characters="\\", exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)


def places(name: str, text: str) -> list[str]:
    """Look for a name in a JSON text."""
    return list(FieldName(name).places(read_json(text)))


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        (["number"], {"number": 1}),
        ([], {"number": None}),
        (["*"], {"number ": 1}),
        (["*"], {"\ufeffnumber": 1}),
        (["card.*"], {"card. number": 1}),
        ([], {"card number": 1}),
        (["body (text) (text).number"], {"body": r'"\u007b\"number\":1\u007d"'}),
        (["(value)"], ["number"]),
        (["columns (value)"], {"columns": ["id", "number"], "rows": [[1, "4111"]]}),
        (["fields.name (value)"], {"fields": [{"name": "Number", "value": "4111"}]}),
        (["name (value)"], {"name": "$.card.number[0]", "value": "4111"}),
        (["name (value)"], {"name": " number ", "value": "4111"}),
        (["path (value)"], {"op": "add", "path": "/card/number", "value": "4111"}),
        (["*"], {"card/number": 1}),
        (["body (text).name (value)"], {"body": '{"name":"number"}'}),
        (["body (text) (value)"], {"body": '["id","number"]'}),
        (["body (text) (text) (value)"], {"body": r'"\u005b\u0022number\u0022\u005d"'}),
        ([], {"body": 'the "number" is no field'}),
        ([], {"name": "number of cards"}),
        (["a.b.number"], {"a": [{"b": {"number": 1}}]}),
        (["NUMBER"], {"NUMBER": 1}),
        (["card.number"], {"card.number": 1}),
        (["number.first"], {"number.first": 1}),
        (["*"], {"number[0]": 1}),
        (["number", "number.number"], {"number": {"number": 1}}),
        (["body (text).number"], {"body": '{"number":1}'}),
        (["(text) (text).number"], json.dumps('{"number":1}')),
        (["body (text)"], {"body": 'got {"number":1}'}),
        (["body (text)"], {"body": '{"number":1'}),
        ([], {"body": "a number is no field"}),
        ([], {"body": r"C:\users\{x}"}),
    ],
)
def test_a_name_is_found_at_places(expected: list[str], value: object) -> None:
    """Each is written as a path, which can be asked for unless it leads into a text."""
    assert expected == places("number", json.dumps(value))


@given(values)
def test_every_key_that_stands_anywhere_is_found(value: object) -> None:
    """However deep, and as a text in a text."""
    wrapped = [{"x": [value, {"Card.Number": "4111"}]}]
    told = json.dumps({"body": json.dumps(wrapped)})

    assert "x.Card.Number" in places("number", json.dumps(wrapped))
    assert "body (text).x.Card.Number" in places("number", told)


@given(values)
def test_a_name_that_stands_nowhere_is_not_found(value: object) -> None:
    """Whatever else is written."""
    assert [] == places("streamwitness", json.dumps([value, "streamwitness is no field"]))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("other", ["NFC", "NFD"])
def test_a_letter_is_the_same_however_its_accent_is_written(
    form: Literal["NFC", "NFD"], other: Literal["NFC", "NFD"]
) -> None:
    """In one sign or in two, and in another case."""
    name, key = normalize(form, "número"), normalize(other, "NÚMERO")

    assert 1 == len(places(name, json.dumps({key: "x"})))
    assert 1 == len(places(name, json.dumps({"name": key})))
    assert FieldName(name).may_be_in(json.dumps({key: "x"}, ensure_ascii=False))
    assert [] == places("numero", json.dumps({key: "x"}))


@given(name=texts.filter(bool), ascii_only=st.booleans())
def test_what_is_found_passes_the_cheap_look(*, name: str, ascii_only: bool) -> None:
    """A value that it skips holds the name under no spelling."""
    for key in (name, name.upper(), name.casefold(), normalize("NFD", name)):
        text = json.dumps({key: 1}, ensure_ascii=ascii_only)

        assert FieldName(name).may_be_in(text) >= bool(places(name, text))


@pytest.mark.parametrize(
    ("expected", "name", "text"),
    [
        (False, "number", '{"card":1}'),
        (True, "number", '{"NUMBER":1}'),
        (True, "number", r'{"n\u0075mber":1}'),
        (True, "a/b", r'{"a\/b":1}'),
        (True, 'a"b', r'{"a\"b":1}'),
        (True, "strasse", '{"straße":1}'),
        (True, "token", '{"to\N{KELVIN SIGN}en":1}'),
    ],
)
def test_the_cheap_look_knows_escapes_and_case(*, expected: bool, name: str, text: str) -> None:
    """Else it would skip what is there."""
    assert expected == FieldName(name).may_be_in(text)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (False, '{"number":1}'),
        (True, '{"number":1,"Number":2}'),
        (True, r'{"number":1,"n\u0075mber":2}'),
    ],
)
def test_the_cheap_look_knows_what_was_found(*, expected: bool, text: str) -> None:
    """Else each value that has the field would be searched whole."""
    assert expected == FieldName("number").may_be_in(text, known=1)


def test_texts_in_texts_without_end_may_hold_anything() -> None:
    """Looking ends, and not with a no."""
    text = '{"number":null}'
    for _ in range(10):
        text = json.dumps([text])

    assert places("number", text)


@pytest.mark.parametrize(
    ("expected", "key"),
    [
        ("card_number", "card_number"),
        ("a.b-c", "a.b-c"),
        ("*", "4111111111111111"),
        ("*", "4111-1111"),
        ("*.com", "eve@example.com"),
        ("*", "x" * 41),
        ("*", ""),
    ],
)
def test_keys_that_may_be_values_are_not_shown(expected: str, key: str) -> None:
    """A report about a leak must not be the next one."""
    assert expected == shown(key)
