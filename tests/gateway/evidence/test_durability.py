"""Durability: one text for each promise, and the weakest of several is what all of them keep."""

from __future__ import annotations

import pytest

from gateway.evidence.durability import Durability, Mode, weakest


@pytest.mark.parametrize(
    ("text", "durability"),
    [
        ("strict", Durability(Mode.STRICT)),
        ("bounded:50ms", Durability(Mode.BOUNDED, 50)),
        ("written", Durability()),
    ],
)
def test_a_promise_has_one_text(text: str, durability: Durability) -> None:
    """It stands in journals, headers and events."""
    assert text == durability.text


@pytest.mark.parametrize(
    ("expected", "texts"),
    [
        ("strict", ["strict"]),
        ("bounded:5ms", ["bounded:5ms", "strict"]),
        ("bounded:100ms", ["bounded:9ms", "bounded:100ms", "strict"]),
        ("written", ["bounded:100ms", "written", "strict"]),
        ("unheard-of", ["strict", "unheard-of", "bounded:5ms"]),
        ("bounded:ms", ["bounded:ms", "bounded:5ms"]),
        ("written", []),
    ],
)
def test_the_weakest_promise_is_found(expected: str, texts: list[str]) -> None:
    """A bound is weaker the longer it is, and what nobody understands promises nothing more."""
    assert expected == weakest(texts)
    assert expected == weakest(reversed(texts))
