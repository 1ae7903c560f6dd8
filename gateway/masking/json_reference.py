"""Where the masked values of a JSON text lie, in plain Python: what `json_kernel` must agree with.

Where two readers might understand a text in two ways it is refused, for one of them could find in
clear what the other does not see: equal keys on the way to a masked value, numbers and constants
that RFC 8259 has not, a byte order mark, bytes that are no UTF-8.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from gateway.masking.errors import UndecodableError

if TYPE_CHECKING:
    from gateway.masking.paths import Leaf, State

DEPTH_MAX: Final = 200
"""Lists and objects within each other; more is refused."""

Edit = tuple[int, int, "Leaf"]
"""Where a value begins and ends, and what becomes of it."""

_SPACE: Final = re.compile(rb"[ \t\n\r]*+")
_STRING: Final = re.compile(
    rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
)
_SCALAR: Final = re.compile(
    rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null"
)


def find_values(text: bytes, begin: State) -> list[Edit]:
    """Find the values that paths lead to, in their order; raises UndecodableError."""
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise UndecodableError(f"no UTF-8 at byte {error.start}") from None
    scanner = _Scanner(text)
    end = scanner.space(scanner.value(scanner.space(0), begin, 0))
    if end != len(text):
        raise UndecodableError(f"something follows the JSON value at byte {end}")
    return scanner.edits


class _Scanner:
    """Walks through a text once; each method takes where something begins and returns its end."""

    __slots__ = ("_text", "edits")

    def __init__(self, text: bytes) -> None:
        self._text = text
        self.edits: list[Edit] = []

    def space(self, position: int) -> int:
        """Skip white space."""
        found = _SPACE.match(self._text, position)
        assert found is not None, "no space is space enough"
        return found.end()

    def value(self, position: int, state: State | None, depth: int) -> int:
        """Read one value of any type."""
        if depth > DEPTH_MAX:
            raise UndecodableError(f"more than {DEPTH_MAX} levels at byte {position}")
        if state is not None and state.leaf is not None:
            end = self.value(position, None, depth)
            self.edits.append((position, end, state.leaf))
            return end
        first = self._text[position : position + 1]
        if first == b"{":
            return self._object(position, state, depth)
        if first == b"[":
            return self._list(position, state, depth)
        return self._match(_STRING if first == b'"' else _SCALAR, position)

    def _match(self, pattern: re.Pattern[bytes], position: int) -> int:
        found = pattern.match(self._text, position)
        if found is None:
            raise UndecodableError(f"no JSON at byte {position}")
        return found.end()

    def _object(self, position: int, state: State | None, depth: int) -> int:
        position = self.space(position + 1)
        if self._text[position : position + 1] == b"}":
            return position + 1
        seen: set[str] = set()
        while True:
            end = self._match(_STRING, position)
            child = None if state is None else self._member(state, position, end, seen)
            position = self._expect(b":", self.space(end))
            position = self.space(self.value(self.space(position), child, depth + 1))
            if self._text[position : position + 1] == b"}":
                return position + 1
            position = self.space(self._expect(b",", position))

    def _member(self, state: State, start: int, end: int, seen: set[str]) -> State | None:
        name = json.loads(self._text[start:end])
        child = state.by_name(name)
        if child is not None:
            if name in seen:
                raise UndecodableError(f"a key that leads to a mask stands twice, at byte {start}")
            seen.add(name)
        return child

    def _list(self, position: int, state: State | None, depth: int) -> int:
        position = self.space(position + 1)
        if self._text[position : position + 1] == b"]":
            return position + 1
        index = 0
        while True:
            child = None if state is None else state.by_index(index)
            position = self.space(self.value(position, child, depth + 1))
            if self._text[position : position + 1] == b"]":
                return position + 1
            position = self.space(self._expect(b",", position))
            index += 1

    def _expect(self, mark: bytes, position: int) -> int:
        if self._text[position : position + 1] != mark:
            raise UndecodableError(f"no {mark.decode()!r} at byte {position}")
        return position + 1
