"""Paths to values, a part of JSONPath (RFC 9535), and the automaton that follows many at once.

    $.card.number   $['card']['number']   $.items[*].sku   $.items[0].sku   $..email   $.*   $

Not taken: filters, slices, several selectors in one bracket, indexes counted from the end.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from gateway.masking.errors import MaskError
from gateway.masking.methods import stronger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.masking.methods import Method

STATES_MAX: Final = 4_096
"""Of one topic's automaton: many `..` in many paths would multiply."""

_NAME: Final = r"[A-Za-z_\u0080-\U0010ffff][\w\u0080-\U0010ffff]*"
_QUOTED: Final = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_STEP: Final = re.compile(
    rf"(?P<deep>\.\.)?(?:(?:(?<=\.\.)|\.)(?P<name>{_NAME}|\*)"
    rf"|\[\s*(?:(?P<quoted>{_QUOTED})|(?P<index>0|[1-9]\d{{0,8}})|(?P<any>\*))\s*\])"
)
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Any(Enum):
    """The wildcard: every member of an object, every item of a list."""

    ANY = "*"


ANY: Final = Any.ANY


@dataclass(frozen=True, slots=True)
class Step:
    """From a value to some of those in it; `is_deep` looks at every depth (`..`)."""

    selects: str | int | Any
    is_deep: bool = False

    def takes(self, child: str | int | None) -> bool:
        """Say whether a child is selected; None stands for those that no path names."""
        return self.selects is ANY or (child is not None and self.selects == child)

    def __str__(self) -> str:
        """Write the step in its shortest form."""
        dots = ".." if self.is_deep else ""
        if isinstance(self.selects, int):
            return f"{dots}[{self.selects}]"
        if self.selects is ANY:
            return "..*" if self.is_deep else "[*]"
        assert isinstance(self.selects, str), "names are all that is left"
        if _PLAIN.fullmatch(self.selects):
            return f"{dots or '.'}{self.selects}"
        return f"{dots}[{json.dumps(self.selects, ensure_ascii=False)}]"


Path = tuple[Step, ...]


def parse_path(text: str) -> Path:
    """Read a path; raises MaskError with what is not taken."""
    if not text.startswith("$"):
        raise MaskError(f"path {text!r} does not begin with $: write it like $.customer.email")
    steps: list[Step] = []
    position = 1
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            raise MaskError(
                f"path {text!r} cannot be read from {text[position:]!r} on: "
                "names, [number], [*] and .. are taken"
            )
        steps.append(Step(_selected(found), is_deep=found["deep"] is not None))
        position = found.end()
    return tuple(steps)


def _selected(found: re.Match[str]) -> str | int | Any:
    if found["any"] or found["name"] == "*":
        return ANY
    if found["index"]:
        return int(found["index"])
    if found["name"]:
        return found["name"]
    quoted = found["quoted"]
    inner = quoted[1:-1]
    if quoted[0] == "'":
        inner = inner.replace("\\'", "'").replace('"', '\\"')
    try:
        return str(json.loads(f'"{inner}"'))
    except ValueError:
        raise MaskError(f"the name {quoted} in a path has an escape that JSON has not") from None


def path_text(path: Path) -> str:
    """Write a path in one form, however it was given."""
    return "$" + "".join(map(str, path))


@dataclass(frozen=True, slots=True)
class Leaf:
    """What becomes of the values at one place, and the path that is counted for it."""

    field: str
    method: Method


@dataclass(slots=True)
class State:
    """Where one stands in a document, as far as paths care; None in its place: they do not.

    `names` and `indexes` lead on by what paths name, `any_name` and `any_index` by all else.
    """

    leaf: Leaf | None = None
    names: dict[str, State | None] = field(default_factory=dict)
    any_name: State | None = None
    indexes: dict[int, State | None] = field(default_factory=dict)
    any_index: State | None = None

    def by_name(self, name: str) -> State | None:
        """Go on to a member of an object."""
        return self.names.get(name, self.any_name)

    def by_index(self, index: int) -> State | None:
        """Go on to an item of a list."""
        return self.indexes.get(index, self.any_index)


_Items = frozenset[tuple[int, int]]
"""Of each path that is followed, how many steps were taken."""


def compile_paths(masks: Iterable[tuple[Path, Method]], prefix: str = "") -> State:
    """Make the automaton of all masks, and return where a document begins; raises MaskError.

    `prefix` goes before each path that is counted.

    Where several masks meet one value the stronger method replaces it. What lies in a value that
    is replaced needs no mask of its own.
    """
    ordered = sorted(masks, key=lambda mask: (path_text(mask[0]), mask[1].name))
    return _Compiler(tuple(ordered), prefix).begin()


class _Compiler:
    """The subset construction: each set of half-followed paths becomes one state."""

    def __init__(self, masks: tuple[tuple[Path, Method], ...], prefix: str) -> None:
        self._masks = masks
        self._prefix = prefix
        self._states: dict[_Items, State] = {}

    def begin(self) -> State:
        start: _Items = frozenset((number, 0) for number in range(len(self._masks)))
        return self._state(start) or State()

    def _state(self, items: _Items) -> State | None:
        if not items:
            return None
        if items in self._states:
            return self._states[items]
        if len(self._states) >= STATES_MAX:
            raise MaskError("the paths on one topic combine in too many ways: use fewer `..`")
        state = self._states[items] = State(self._leaf(items))
        if state.leaf is None:
            steps = [self._masks[number][0][position] for number, position in items]
            names = {step.selects for step in steps if isinstance(step.selects, str)}
            indexes = {step.selects for step in steps if isinstance(step.selects, int)}
            state.names = {name: self._state(self._next(items, name)) for name in names}
            state.indexes = {index: self._state(self._next(items, index)) for index in indexes}
            state.any_name = state.any_index = self._state(self._next(items, None))
        return state

    def _leaf(self, items: _Items) -> Leaf | None:
        found: Leaf | None = None
        for number, position in sorted(items):
            path, method = self._masks[number]
            if position == len(path):
                chosen = method if found is None else stronger(found.method, method)
                found = Leaf(self._prefix + path_text(path), method) if chosen is method else found
        return found

    def _next(self, items: _Items, child: str | int | None) -> _Items:
        following = set()
        for number, position in items:
            step = self._masks[number][0][position]
            if step.is_deep:
                following.add((number, position))
            if step.takes(child):
                following.add((number, position + 1))
        return frozenset(following)
