"""A method replaces a value by one of the same type that shows what it says and no more."""

from __future__ import annotations

from itertools import permutations

import pytest

from gateway.masking.errors import MaskError
from gateway.masking.keys import Key
from gateway.masking.methods import (
    JSON_INTEGER_MAX,
    Method,
    Null,
    Partial,
    Pseudonym,
    Redact,
    stronger,
)

CUSTOMERS = Pseudonym(Key("customers", 1, bytes(32)))


@pytest.mark.parametrize(
    ("expected", "method"),
    [("[redacted]", Redact()), (None, Null()), ("************1111", Partial(keep_last=4))],
)
def test_texts(expected: str | None, method: Method) -> None:
    """A card's number is hidden, or shows its end."""
    assert expected == method.of_text("4111111111111111")


@pytest.mark.parametrize(
    ("expected", "text"),
    [("", ""), ("****", "1234"), ("*******", "1234567"), ("1****678", "12345678")],
)
def test_a_short_text_is_hidden_whole(expected: str, text: str) -> None:
    """Where fewer than four characters were hidden, the rest could be tried."""
    assert expected == Partial(keep_first=1, keep_last=3).of_text(text)


@pytest.mark.parametrize("kept", [(7, 0), (0, 5), (-1, 0)])
def test_no_more_is_kept_than_may_be_shown(kept: tuple[int, int]) -> None:
    """At most the bank's number and the last four."""
    with pytest.raises(MaskError, match="at most the first 6 and the last 4"):
        Partial(*kept)


def test_a_pseudonym_is_stable_and_one_way() -> None:
    """The same value gives the same pseudonym, another value, key, name or epoch another one."""
    others = [
        CUSTOMERS.of_text("b@example.com"),
        Pseudonym(Key("customers", 1, bytes(31) + b"\x01")).of_text("a@example.com"),
        Pseudonym(Key("devices", 1, bytes(32))).of_text("a@example.com"),
        Pseudonym(Key("customers", 2, bytes(32))).of_text("a@example.com"),
    ]

    assert CUSTOMERS.of_text("a@example.com") not in others
    assert CUSTOMERS.of_text("a@example.com") == "p1-b4qlgdvgql3edoo34wpnthlj"


def test_a_pseudonym_of_a_number_is_a_number() -> None:
    """It fits the range it is given."""
    assert 0 <= (CUSTOMERS.of_number("4711", JSON_INTEGER_MAX) or 0) <= JSON_INTEGER_MAX
    assert CUSTOMERS.of_number("4711", 99) != CUSTOMERS.of_number("4712", 99)


def test_half_a_character_has_a_pseudonym() -> None:
    """JSON can write half of a surrogate pair; that must not stop a consumer."""
    assert "p1-" in (CUSTOMERS.of_text("\ud800") or "")


@pytest.mark.parametrize("method", [Redact(), Partial(keep_last=4)])
def test_numbers_show_nothing(method: Method) -> None:
    """A number with some of its digits would be another number."""
    assert method.of_number("4111111111111111", JSON_INTEGER_MAX) == 0


def test_the_stronger_method_wins_in_any_order() -> None:
    """Null hides more than a fixed value, that more than a pseudonym, that more than a part."""
    order: list[Method] = [Partial(0, 4), Partial(0, 2), CUSTOMERS, Redact(), Null()]

    for first, second in permutations(order, 2):
        expected = max(first, second, key=order.index)
        assert expected is stronger(first, second)
