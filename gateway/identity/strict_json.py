"""JSON objects without the doubt of a member that is given twice (RFC 8259 section 4)."""

from __future__ import annotations

import json


class StrictJsonError(Exception):
    """The text is no such object; the message goes on from "the ..."."""


def parse_object(text: bytes) -> dict[str, object]:
    """Read an object; raises StrictJsonError for anything else, and for a member given twice."""
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise StrictJsonError("is not JSON") from None
    if not isinstance(value, dict):
        raise StrictJsonError("is no JSON object")
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        # Readers differ in which of the two they take: so do attackers.
        raise StrictJsonError("gives a member twice")
    return members


def _no_constant(_: str) -> float:
    raise StrictJsonError("holds a number that is none")
