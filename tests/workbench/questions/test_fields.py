"""Fields are named by paths and found in JSON, whatever the JSON is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from workbench.questions.fields import (
    FieldPathError,
    covers,
    find_field,
    parse_path,
)

if TYPE_CHECKING:
    from workbench.questions.json_values import FieldPath


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("card_number",), "card_number"),
        (("card_number",), "$.card_number"),
        (("customer", "email"), "customer.email"),
        (("items", 0, "sku"), "items[0].sku"),
        ((0, "sku"), "[0].sku"),
        ((0, 1), "$[0][1]"),
        (("content-type",), "content-type"),
    ],
)
def test_paths_are_read(path: FieldPath, text: str) -> None:
    """With or without the dollar that other tools want."""
    assert path == parse_path(text)


@pytest.mark.parametrize("text", ["", "$", "a..b", "a[", "a[x]", "a]", "a[0", "a."])
def test_what_is_no_path_is_refused(text: str) -> None:
    """An answer about a field that was misread would be wrong without a sign of it."""
    with pytest.raises(FieldPathError, match="write it like"):
        parse_path(text)


@pytest.mark.parametrize(
    ("expected", "masked", "path"),
    [
        (True, "card_number", "card_number"),
        (True, "card", "card.number"),
        (False, "card.number", "card"),
        (False, "card", "card_number"),
        (True, "$.card.number", "card.number"),
    ],
)
def test_masking_a_structure_masks_what_is_in_it(*, expected: bool, masked: str, path: str) -> None:
    """And masking one part of it leaves the others readable."""
    assert expected == covers(masked, parse_path(path))


@pytest.mark.parametrize(
    ("status", "text", "value"),
    [
        ("present", '"4111"', b'{"card":{"number":"4111"}}'),
        ("present", "4111", b'{"card":{"number":4111}}'),
        ("present", "[1,2]", b'{"card":{"number":[1, 2]}}'),
        ("absent", None, b'{"card":{"number":null}}'),
        ("absent", None, b'{"card":{}}'),
        ("absent", None, b'{"card":"4111"}'),
        ("absent", None, b"[]"),
        ("absent", None, b"null"),
        ("absent", None, None),
        ("absent", None, b""),
        ("present", '"4111"', b'{"card.number":"4111"}'),
        ("present", '"4111"', b'{"card":[{"number":null},{"number":"4111"}]}'),
        ("present", '"4111"', b'[{"card":{"number":"4111"}}]'),
        ("present", '"4111"', b'{"card":{"number":"4111","number":null}}'),
        ("present", '"4111"', b'{"card":{"number":"4111"},"card":null}'),
        ("present", '"4111"', b'{"c\\u0061rd":{"numb\\u0065r":"4111"}}'),
        ("elsewhere", None, b'{"payload":{"after":{"number":"4111"}}}'),
        ("elsewhere", None, b'{"Card":{"Number":"4111"}}'),
        ("elsewhere", None, b'{"x":{"a.NUMBER":"4111"}}'),
        ("elsewhere", None, b'{"body":"{\\"card\\":{\\"number\\":\\"4111\\"}}"}'),
        ("elsewhere", None, b'{"body":"{\\"number\\": cut"}'),
        ("elsewhere", None, b'{"number":"4111"}'),
        ("elsewhere", None, b'{"card.number.first":"4111"}'),
        ("elsewhere", None, b'{"body":"got {\\"number\\":\\"4111\\"}"}'),
        ("present", r'"\ud800"', rb'{"card":{"number":"\ud800"}}'),
        ("absent", None, b'{"body":"number is no field of this text"}'),
        ("absent", None, b'{"x":{"number":null}}'),
        ("undecodable", None, b'["card"]'),
        ("elsewhere", None, b'"number"'),
        ("elsewhere", None, b'{"fields":[{"name":"number","value":"4111"}]}'),
        ("undecodable", None, rb'[{"id":1},"\u0000\u0001binary"]'),
        ("present in part", '"4111"', rb'[{"card":{"number":"4111"}},"\u0000\u0001binary"]'),
        ("undecodable", None, b"7"),
        ("undecodable", None, b"\x00\x00\x00\x00\x07avro"),
        ("undecodable", None, b'{"card":{"number":"4111"'),
        ("undecodable", None, b"\xff\xfe"),
        ("undecodable", None, b'{"a":' * 5_000),
        ("undecodable", None, b'{"number":' * 100_000 + b"1" + b"}" * 100_000),
    ],
)
def test_a_field_is_there_or_not_or_nobody_knows(
    status: str, text: str | None, value: bytes | None
) -> None:
    """What is no JSON may hold anything, which is not the same as nothing."""
    frame = pl.DataFrame({"value": [value]}, schema={"value": pl.Binary})
    found = frame.select(found=find_field(pl.col("value"), ("card", "number"))).item()

    assert (status, text) == (found["status"], next(iter(found["texts"]), None))


def test_items_of_lists_are_found_by_their_number() -> None:
    """Beyond the end there is nothing."""
    value = json.dumps({"items": [{"sku": "a"}, {"sku": "b"}]}).encode()
    frame = pl.DataFrame({"value": [value]})
    found = [
        frame.select(find_field(pl.col("value"), ("items", number, "sku"))).item()["texts"]
        for number in range(3)
    ]

    assert [['"a"'], ['"b"'], []] == found


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (None, {"card": {"number": 1}}),
        (None, {"card": [{"number": 1}, {"number": 2}]}),
        (None, {"card.number": 1, "card": {"number": 2}}),
        ("Card.Number", {"card": {"number": 1}, "Card": {"Number": 2}}),
        ("before.card.number", {"before": {"card": {"number": 1}}, "card": {"number": 2}}),
        ("number", {"number": 1}),
        (None, {"card": {}}),
    ],
)
def test_the_place_of_the_same_name_beside_the_path_is_told(
    place: str | None, value: object
) -> None:
    """What stands at the path itself is not beside it."""
    frame = pl.DataFrame({"value": [json.dumps(value).encode()]})

    assert place == frame.select(find_field(pl.col("value"), ("card", "number"))).item()["place"]


def test_a_path_without_a_name_is_nowhere_else() -> None:
    """There is no name to look for."""
    frame = pl.DataFrame({"value": [b'[["a"],"b"]', b'{"x":1}']})
    found = frame.select(found=find_field(pl.col("value"), (0, 0)))["found"].to_list()

    assert [("present", None), ("absent", None)] == [(f["status"], f["place"]) for f in found]


@pytest.mark.parametrize(
    ("expected", "masked", "path"),
    [
        (True, "$.card", "card.number"),
        (False, "$", "card.number"),
        (False, "key:$.card", "card"),
        (False, "header:card:$", "card"),
        (None, "$..number", "card.number"),
        (None, "$.cards[*].number", "cards.number"),
        (None, "$..*", "card.number"),
        (None, "$.card[*]", "card.number"),
        (None, "$..card[0]", "card"),
        (None, '$["card.number"]', "card.number"),
        (False, "$..email", "card.number"),
        (False, '$["a.b"]', "card.number"),
    ],
)
def test_a_mask_of_many_places_may_cover_one(
    *, expected: bool | None, masked: str, path: str
) -> None:
    """Its count tells of others as well; masks of keys and headers are about no value."""
    assert expected is covers(masked, parse_path(path))
