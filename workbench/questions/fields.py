"""Fields of JSON values: how they are named, and how they are found in records."""

from __future__ import annotations

import re
from functools import partial
from typing import Final, TypeAlias

import msgspec
import polars as pl

from workbench.questions.field_names import FieldName, shown
from workbench.questions.json_values import (
    FieldPath,
    at_path,
    count_ends,
    has_objects,
    read_json,
    to_text,
)

_Found: TypeAlias = dict[str, str | list[str] | int | None]

FOUND: Final = pl.Struct(
    {"status": pl.String, "texts": pl.List(pl.String), "ends": pl.Int64, "place": pl.String}
)
PRESENT: Final = "present"
PRESENT_IN_PART: Final = "present in part"
"""At the path, beside something without fields that may stand for anything."""
ABSENT: Final = "absent"
ELSEWHERE: Final = "elsewhere"
"""Not at the path, but something of its last name is in the value."""
UNDECODABLE: Final = "undecodable"

WHOLE: Final = "$"
"""The field that a mask of a whole value counts."""

_MASK_STEP: Final = re.compile(r"""\.([^.\[\]"*]+)|\["((?:[^"\\]|\\.)*)"\]|(\*|\[\d+\])""")
"""The steps of a mask's path that is none of ours: names, names in quotes, and items."""

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


def covers(masked: str, path: FieldPath) -> bool | None:
    """Say whether masking one field also masks another: itself, or what lies in it.

    None where it may: a mask at any depth or for all items, whose count tells of other places too.
    A mask of keys or headers covers no field of a value, and what was masked whole has none.
    """
    if masked == WHOLE or masked.startswith(("key:", "header:")):
        return False
    try:
        outer = parse_path(masked)
    except FieldPathError:
        *_, (name, quoted, wildcard) = _MASK_STEP.findall(masked) or [("", "", "*")]
        return None if wildcard or (name or quoted.rpartition(".")[2]) in path else False
    return path[: len(outer)] == outer


def find_field(value: pl.Expr, path: FieldPath) -> pl.Expr:
    """Look a field up in JSON values: its state, texts, ends, and where else its name is."""
    return value.map_batches(partial(_find_all, path=path), return_dtype=FOUND, is_elementwise=True)


def _find_all(values: pl.Series, *, path: FieldPath) -> pl.Series:
    look = _Look(path)
    return pl.Series(values.name, [look.find(value) for value in values], dtype=FOUND)


class _Look:
    """Looks for one field in one value after the other."""

    def __init__(self, path: FieldPath) -> None:
        self._path = path
        names = [step for step in path if isinstance(step, str)]
        self._name = FieldName(names[-1]) if names else None
        self._place = ".".join(map(shown, names))
        self._decoder = msgspec.json.Decoder()

    def find(self, value: bytes | None) -> _Found:
        if not value:
            return _found(ABSENT)
        written = value.decode(errors="replace")
        try:
            if self._name and not self._name.may_be_in(written):
                return self._absent(self._decoder.decode(value))
            node = read_json(value)
            texts = [to_text(each) for each in at_path(node, self._path) if each is not None]
            place = self._elsewhere(node, written, len(texts))
            if texts:
                is_all = self._name is None or has_objects(node)
                status = PRESENT if is_all else PRESENT_IN_PART
                return _found(status, texts, place, count_ends(node, self._path))
            if place is not None:
                return _found(ELSEWHERE, place=place)
            return self._absent(node)
        except (ValueError, RecursionError):
            return _found(UNDECODABLE)

    def _absent(self, node: object) -> _Found:
        if not has_objects(node):
            return _found(UNDECODABLE)
        return _found(ABSENT, ends=count_ends(node, self._path))

    def _elsewhere(self, node: object, written: str, at_path_count: int) -> str | None:
        """Return the first place that has the name beside those at the path."""
        if self._name is None or not self._name.may_be_in(written, known=at_path_count):
            return None
        for place in self._name.places(node):
            if place == self._place and at_path_count:
                at_path_count -= 1
            else:
                return place
        return None


def _found(
    status: str, texts: list[str] | None = None, place: str | None = None, ends: int = 0
) -> _Found:
    return {"status": status, "texts": texts or [], "ends": ends, "place": place}
