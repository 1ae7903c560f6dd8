"""Fields of JSON values: how they are named, and how they are found in records."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

import msgspec
import polars as pl

FieldPath = tuple[str | int, ...]

FOUND: Final = pl.Struct({"status": pl.String, "text": pl.String})
PRESENT: Final = "present"
ABSENT: Final = "absent"
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
    """Look a field up in JSON values; the result says whether it is there, and its JSON text."""
    return value.map_batches(partial(_find_all, path=path), return_dtype=FOUND, is_elementwise=True)


def _find_all(values: pl.Series, *, path: FieldPath) -> pl.Series:
    decoder = msgspec.json.Decoder()
    found = [_find(value, path, decoder) for value in values]
    return pl.Series(values.name, found, dtype=FOUND)


def _find(
    value: bytes | None, path: FieldPath, decoder: msgspec.json.Decoder[object]
) -> dict[str, str | None]:
    if value is None:
        return {"status": ABSENT, "text": None}
    try:
        node = decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {"status": UNDECODABLE, "text": None}
    for step in path:
        node = _inner(node, step)
    if node is None:
        return {"status": ABSENT, "text": None}
    return {"status": PRESENT, "text": msgspec.json.encode(node).decode()}


def _inner(node: object, step: str | int) -> object:
    """Go one step into a JSON value; None where there is nothing."""
    if isinstance(node, dict):
        return node.get(step)
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return node[step]
    return None
