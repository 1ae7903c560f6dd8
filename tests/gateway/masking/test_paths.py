"""Paths are read as RFC 9535 writes them, and followed all at once."""

from __future__ import annotations

import pytest

from gateway.masking.errors import MaskError
from gateway.masking.methods import Method, Partial, Redact
from gateway.masking.paths import Path, compile_paths, parse_path, path_text


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("$", "$"),
        ("$.card.number", "$.card.number"),
        ("$.card.number", "$['card'][\"number\"]"),
        ("$.items[0].sku", "$.items[0]['sku']"),
        ("$.items[*].sku", "$.items[*].sku"),
        ("$[*]", "$.*"),
        ("$..email", "$..email"),
        ("$..[0]", "$..[0]"),
        ("$..*", "$..*"),
        ('$["a.b"]', "$['a.b']"),
        ('$["it\'s"]', r"$['it\'s']"),
        ('$["say \\"x\\""]', "$['say \"x\"']"),
        ('$["straße"].x', "$.straße.x"),
    ],
)
def test_a_path_has_one_form(expected: str, text: str) -> None:
    """However it was written, the evidence tells one field; that form reads as the same path."""
    assert expected == path_text(parse_path(text))
    assert parse_path(expected) == parse_path(text)


@pytest.mark.parametrize(
    "text",
    ["", "card", "$card", "$.", "$.a..", "$[-1]", "$[1:2]", "$[?@.a]", "$['a','b']", "$[01]"],
)
def test_what_is_not_taken_is_refused(text: str) -> None:
    """A path that is not understood would mask nothing."""
    with pytest.raises(MaskError, match="path"):
        parse_path(text)


def test_an_escape_that_json_has_not_is_refused() -> None:
    """Its name could be one that the author did not mean."""
    with pytest.raises(MaskError, match="escape"):
        parse_path(r"$['\q']")


def _follow(path_texts: list[str], *children: str | int) -> str | None:
    """Tell which path meets the value below these children."""
    state = compile_paths((parse_path(text), Redact()) for text in path_texts)
    for child in children:
        following = state.by_index(child) if isinstance(child, int) else state.by_name(child)
        if following is None:
            return None
        state = following
    return None if state.leaf is None else state.leaf.field


@pytest.mark.parametrize(
    ("expected", "paths", "children"),
    [
        ("$", ["$"], ()),
        ("$.a.b", ["$.a.b"], ("a", "b")),
        (None, ["$.a.b"], ("a",)),
        (None, ["$.a.b"], ("b",)),
        ("$.a[*].b", ["$.a[*].b", "$.a[1].c"], ("a", 1, "b")),
        ("$.a[1].c", ["$.a[*].b", "$.a[1].c"], ("a", 1, "c")),
        (None, ["$.a[*].b", "$.a[1].c"], ("a", 2, "c")),
        ("$..e", ["$..e"], ("a", 0, "x", "e")),
        ("$..a.b", ["$..a.b"], ("a", "a", "b")),
        ("$.a", ["$.a", "$.a.b"], ("a",)),
        ("$[*]", ["$.*"], (3,)),
    ],
)
def test_the_automaton_follows_every_path(
    expected: str | None, paths: list[str], children: tuple[str | int, ...]
) -> None:
    """It leads where any of the paths leads."""
    assert expected == _follow(paths, *children)


def test_the_stronger_of_two_masks_replaces() -> None:
    """Whatever the order of the rules."""
    both: list[tuple[Path, Method]] = [
        (parse_path("$.a"), Partial(0, 4)),
        (parse_path("$..a"), Redact()),
    ]

    for masks in (both, both[::-1]):
        state = compile_paths(masks, "key:").by_name("a")

        assert state is not None
        assert state.leaf is not None
        assert ("key:$..a", Redact()) == (state.leaf.field, state.leaf.method)


def test_paths_that_multiply_are_refused() -> None:
    """The automaton has a limit, and who wrote the paths is told."""
    paths = ["$..a" + ".*" * 14]

    with pytest.raises(MaskError, match="fewer"):
        _follow(paths)
