"""A field's name, wherever and however it is written in a JSON value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from workbench.questions.json_values import Members, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

# A JSON text in a string in a JSON text, and so on.
_TEXTS_IN_TEXTS_MAX: Final = 8
_ESCAPED_LETTER: Final = re.compile(r"\\u[0-9a-fA-F]{4}")
# JSON may write any letter as its number, and these in yet other ways.
_OFTEN_ESCAPED: Final = re.compile(r'[\x00-\x1f"/\\]')
_IN_KEYS: Final = re.compile(r"[.\[\]]")
# Patches point with these (RFC 6901), and a name may hold them as well.
_IN_POINTERS: Final = re.compile(r"[/.\[\]]")
# Keys that were the head of a CSV file bring its byte order mark and blanks.
_AROUND_NAMES: Final = "\ufeff \t\r\n"
# A string that holds an object, or a text in which its brace is escaped once more.
_MAY_HOLD_OBJECT: Final = re.compile(r"\{|\\u007b", re.IGNORECASE)
# The same of a list or a string.
_MAY_HOLD_NAMES: Final = re.compile(r'["\[]|\\u00(?:22|5b)', re.IGNORECASE)
# Keys may be values: card numbers, addresses. Only what looks like a name is shown.
_SHOWN: Final = re.compile(r"(?!.*\d{4})[\w-]{1,40}")


class FieldName:
    """One name that is looked for in one value after the other."""

    def __init__(self, name: str) -> None:
        self._name = _folded(name)
        self._part = max(_OFTEN_ESCAPED.split(self._name), key=len)

    def may_be_in(self, text: str, *, known: int = 0) -> bool:
        """Say cheaply whether the name may be in a JSON text, beside so many known fields."""
        is_known = _folded(text).count(self._part) <= known
        return not is_known or _ESCAPED_LETTER.search(text) is not None

    def places(self, node: object, place: str = "", depth: int = 0) -> Iterator[str]:
        """Yield the place of each field that is called so and not null, in JSON texts as well.

        And of each string that is the name: what it names may be a value beside it.
        """
        if isinstance(node, Members):
            for key, value in node:
                inner = f"{place}.{shown(key)}" if place else shown(key)
                if value is not None and self._is_in(key):
                    yield inner
                yield from self.places(value, inner, depth)
        elif isinstance(node, list):
            for item in node:
                yield from self.places(item, place, depth)
        elif isinstance(node, str) and self.may_be_in(node):
            if self._is_in(node):
                yield f"{place} (value)".lstrip()
            elif _MAY_HOLD_OBJECT.search(node) or _MAY_HOLD_NAMES.search(node):
                yield from self._places_in_text(node, f"{place} (text)".lstrip(), depth + 1)

    def _places_in_text(self, text: str, place: str, depth: int) -> Iterator[str]:
        if depth > _TEXTS_IN_TEXTS_MAX:
            yield place
            return
        try:
            node = read_json(text)
        except ValueError:
            if _MAY_HOLD_OBJECT.search(text):
                # JSON with something before it, or cut: the name may be a field of it.
                yield place
        else:
            yield from self.places(node, place, depth)

    def _is_in(self, key: str) -> bool:
        """Tell whether a key is the name, or a path flattened to a key with the name in it."""
        folded = _folded(key)
        steps = {*_IN_KEYS.split(folded), *_IN_POINTERS.split(folded)}
        return self._name in steps or self._name in (step.strip(_AROUND_NAMES) for step in steps)


def _folded(text: str) -> str:
    """Return what is equal for equal texts, whatever their case and however accents are written."""
    if text.isascii():
        return text.lower()
    # Folding looks at single letters, and may put together what is to be apart.
    return normalize("NFD", normalize("NFD", text).casefold())


def shown(key: str) -> str:
    """Write a key as a step of a place; what may be a value is not shown."""
    return ".".join(step if _SHOWN.fullmatch(step) else "*" for step in key.split("."))
