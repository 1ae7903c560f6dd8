"""A name that no value has is told as such, beside those that are like it."""

from __future__ import annotations

import pytest

from tests.workbench.frames import Frames
from workbench.questions.field_reads import did_principal_read_field
from workbench.questions.fields import parse_path
from workbench.questions.unseen_fields import about_unseen
from workbench.questions.verdict import Answer

VALUE = {"card_number": "4111", "orders": [{"sku": 7, "4111111111111111": 1}]}
NONE = " No value of pay that anybody was given has a field of that name"


def told(field: str, *values: object) -> str:
    """Give values to somebody, and tell whether the field is in none."""
    frames = Frames()
    frames.connect("s1", "alice")
    frames.give("s1", "pay", 0, values)
    return about_unseen(frames.tables, "pay", parse_path(field))


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("card_numbr", f"{NONE}: did you mean card_number?"),
        ("CARD_NUMBERS", f"{NONE}: did you mean card_number?"),
        ("order.skus", f"{NONE}: did you mean sku?"),
        ("zzz", f"{NONE}."),
        ("411111111111111", f"{NONE}."),
    ],
)
def test_near_names_are_told_wherever_they_are(field: str, expected: str) -> None:
    """Except keys that may be values."""
    assert expected == told(field, VALUE, None)


@pytest.mark.parametrize("values", [[], [VALUE], [{"before": VALUE}], [{}, "no object"]])
def test_a_name_that_is_or_may_be_somewhere_is_not_called_so(values: list[object]) -> None:
    """At the path, elsewhere, or in what cannot be read; and nothing is said of no values."""
    assert "" == told("card_number", *values)


def test_a_no_says_so_whoever_was_given_the_values() -> None:
    """That the principal was given none is another thing than that there is no such field."""
    frames = Frames()
    frames.connect("s1", "alice")
    frames.connect("s2", "bob")
    frames.write("s2", "pay", 0, [VALUE])
    frames.give("s1", "pay", 0, [VALUE])
    asked = {
        field: did_principal_read_field(frames.tables, "bob", "pay", field)
        for field in ("card_numbr", "card_number")
    }

    assert {Answer.NO} == {each.answer for each in asked.values()}
    assert "did you mean card_number?" in asked["card_numbr"].because
    assert NONE not in asked["card_number"].because


def test_a_value_that_one_parser_alone_reads_is_no_error() -> None:
    """It gives no names, or not all, and that is all; the most that is read depends on who asks."""
    deep = [b'{"a":' * depth + b"1" + b"}" * depth for depth in range(800, 1_000, 4)]

    assert {"", f"{NONE}."} == {told("zzz", each) for each in deep}
