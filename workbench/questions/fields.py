"""Fields of JSON values: how they are named, and how they are found in records."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

import msgspec
import polars as pl

from workbench.questions.json_values import (
    FieldPath,
    at_path,
    has_name,
    has_objects,
    read_json,
    to_text,
)

FOUND: Final = pl.Struct({"status": pl.String, "text": pl.String, "count": pl.Int64})
PRESENT: Final = "present"
ABSENT: Final = "absent"
ELSEWHERE: Final = "elsewhere"
"""Not at the path, but something of its last name is in the value."""
UNDECODABLE: Final = "undecodable"

_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


class FieldPathError(ValueError):
    """A field's name that is no path."""


def parse_path(text: str) -> FieldPath:
    """Read a path such as `customer.email`, `items[0].sku`, or the same behind `$.`."""
    rest = text.removeprefix("$")
    steps: list[str | int] = []
    position = 0
    while position < len(rest):
        step = _STEP.match(rest, position)
        if step is None:
            break
        name, number = step.groups()
        steps.append(name if number is None else int(number))
        position = step.end()
    if not steps or position < len(rest):
        raise FieldPathError(f"{text!r} is no path: write it like customer.email or items[0].sku")
    return tuple(steps)


def covers(masked: str, path: FieldPath) -> bool:
    """Say whether masking one field also masks another: itself, or what lies in it."""
    outer = parse_path(masked)
    return path[: len(outer)] == outer


def find_field(value: pl.Expr, path: FieldPath) -> pl.Expr:
    """Look a field up in JSON values: its state, the JSON text of one, and how many there are."""
    return value.map_batches(partial(_find_all, path=path), return_dtype=FOUND, is_elementwise=True)


def _find_all(values: pl.Series, *, path: FieldPath) -> pl.Series:
    look = _Look(path)
    return pl.Series(values.name, [look.find(value) for value in values], dtype=FOUND)


class _Look:
    """Looks for one field in one value after the other."""

    def __init__(self, path: FieldPath) -> None:
        self._path = path
        names = [step for step in path if isinstance(step, str)]
        self._name = names[-1].casefold() if names else ""
        self._decoder = msgspec.json.Decoder()

    def find(self, value: bytes | None) -> dict[str, str | int | None]:
        if not value:
            return _found(ABSENT)
        try:
            if not self._may_be_in(value):
                has_fields = has_objects(self._decoder.decode(value))
                return _found(ABSENT if has_fields else UNDECODABLE)
            node = read_json(value)
            nodes = [each for each in at_path(node, self._path) if each is not None]
            if nodes:
                return _found(PRESENT, to_text(nodes[0]), len(nodes))
            if self._name and has_name(node, self._name):
                return _found(ELSEWHERE)
            return _found(ABSENT if has_objects(node) else UNDECODABLE)
        except (ValueError, RecursionError):
            return _found(UNDECODABLE)

    def _may_be_in(self, value: bytes) -> bool:
        """Tell cheaply whether the name may be in a value; a key may be written with escapes."""
        if not self._name.isascii() or not self._name or b"\\u" in value:
            return True
        return self._name.encode() in value.lower()


def _found(status: str, text: str | None = None, count: int = 0) -> dict[str, str | int | None]:
    return {"status": status, "text": text, "count": count}
