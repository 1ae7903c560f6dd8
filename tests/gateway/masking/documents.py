"""Random JSON texts with names that paths look for, and what a mask makes of them by another way.

The other way is the standard library's: read, replace in the tree, compare trees.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from random import Random

    from gateway.masking.paths import Path, Step

NAMES = ("card", "number", "email", "items", "a", "é", 'q"', "\\", "")
TEXTS = ("", "4111111111111111", "größe", "\x7f", 'say "x"', "\\u0041", "😀", "\ud83d", "/")
NUMBERS = ("0", "-0", "1.10", "1e400", "-2E-3", "12345678901234567890123", "7")
SPACES = ("", "", "", " ", "\n\t", "\r ")

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | int | float | bool | None"


def random_text(random: Random, depth: int = 0) -> str:
    """Write one JSON value, with spaces and escapes wherever they may be."""
    kind = random.randrange(5 if depth > 4 else 9)
    space = random.choice(SPACES)
    if kind < 2:
        return space + _string(random, random.choice(TEXTS))
    if kind == 2:
        return space + random.choice(NUMBERS)
    if kind < 5:
        return space + random.choice(("true", "false", "null"))
    count = random.randrange(4)
    if kind == 5:
        items = (random_text(random, depth + 1) + random.choice(SPACES) for _ in range(count))
        return f"{space}[{','.join(items) or space}]{space}"
    members = (
        f"{space}{_string(random, name)}{space}:{random_text(random, depth + 1)}{space}"
        for name in random.sample(NAMES, count)
    )
    return f"{space}{{{','.join(members) or space}}}{space}"


def _string(random: Random, text: str) -> str:
    """Write a string, a part of its characters as escapes."""
    parts = []
    for character in text:
        is_half = 0xD800 <= ord(character) < 0xE000
        if is_half or random.random() < 0.1:
            parts.append(json.dumps(character, ensure_ascii=True)[1:-1])
        else:
            parts.append(json.dumps(character, ensure_ascii=False)[1:-1])
    return f'"{"".join(parts)}"'


def selected(tree: Tree, path: Path) -> set[tuple[str | int, ...]]:
    """Tell the places in a tree that a path leads to, by its definition."""
    if not path:
        return {()}
    step, rest = path[0], path[1:]
    found: set[tuple[str | int, ...]] = set()
    for child, below in _children(tree):
        if _takes(step, child):
            found |= {(child, *place) for place in selected(below, rest)}
        if step.is_deep:
            found |= {(child, *place) for place in selected(below, path)}
    return found


def _children(tree: Tree) -> list[tuple[str | int, Tree]]:
    if isinstance(tree, dict):
        return list(tree.items())
    return list(enumerate(tree)) if isinstance(tree, list) else []


def _takes(step: Step, child: str | int) -> bool:
    return str(step.selects) == "Any.ANY" or step.selects == child


def redacted(tree: Tree, places: set[tuple[str | int, ...]]) -> Tree:
    """Return a tree with the values at these places made the zeros of their types."""
    if () in places:
        return _zero(tree)
    below = {child: {p[1:] for p in places if p[0] == child} for child, _ in _children(tree)}
    if isinstance(tree, dict):
        return {name: redacted(value, below[name]) for name, value in tree.items()}
    if isinstance(tree, list):
        return [redacted(value, below[index]) for index, value in enumerate(tree)]
    return tree


def _zero(tree: Tree) -> Tree:
    if isinstance(tree, str):
        return "[redacted]"
    if isinstance(tree, bool):
        return False
    return None if tree is None else type(tree)()


def read(text: str | bytes) -> Tree:
    """Read a text; numbers stay as they are written, so that trees tell every change."""
    tree: Tree = json.loads(text, parse_float=_Number, parse_int=_Number)
    return tree


class _Number(float):
    """A number that is equal only to one that is written the same way; nothing else is zero."""

    def __new__(cls, literal: str = "0") -> _Number:  # noqa: PYI034 - Self is not what json calls
        """Keep the literal beside the value."""
        number = super().__new__(cls, literal)
        number.literal = literal
        return number

    literal: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Number) and self.literal == other.literal

    def __hash__(self) -> int:
        return hash(self.literal)
