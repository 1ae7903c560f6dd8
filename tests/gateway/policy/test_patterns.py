"""Patterns are globs and RE2's regular expressions, and both match whole names."""

from __future__ import annotations

import pytest

from gateway.policy.patterns import Patterns


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("cards*", "cards.eu", True),
        ("cards*", "Cards", False),
        ("*.pan", "eu.pan", True),
        ("card?", "cards", True),
        ("[ab]x", "bx", True),
        ("a.b", "aXb", False),
        ("regex:cards|orders", "orders", True),
        ("regex:cards|orders", "orders.eu", False),
        ("regex:[0-9]+", "7a", False),
    ],
)
def test_a_pattern_matches_a_whole_name(pattern: str, name: str, *, expected: bool) -> None:
    """A dot in a glob is a dot, and case counts."""
    assert expected is Patterns((pattern,)).match(name)


def test_any_pattern_may_match() -> None:
    """They are alternatives."""
    assert Patterns(("a", "b")).match("b")


@pytest.mark.parametrize("text", ["regex:(", "regex:(?=a)", r"regex:(a)\1"])
def test_what_re2_does_not_know_is_refused(text: str) -> None:
    """Neither broken expressions nor those that could take exponential time get in."""
    with pytest.raises(ValueError, match="is no regular expression of RE2"):
        Patterns((text,))


@pytest.mark.parametrize(("texts", "expected"), [(("a", "*"), True), (("a*",), False)])
def test_only_the_bare_star_plainly_matches_everything(
    texts: tuple[str, ...], *, expected: bool
) -> None:
    """Whatever else may match all names is not looked into."""
    assert expected is Patterns(texts).match_everything
