"""Where a claim stands in a token: its name, or a path through objects ($.realm_access.roles)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_STEP = re.compile(r"\.(?P<name>[^.\[\]'\"]+)|\['(?P<quoted>[^']+)'\]")


def parse_claim_path(text: str) -> tuple[str, ...]:
    """Read a path; without `$` at its beginning it is a name, dots and all.

    Raises ValueError for a path that is none.
    """
    if not text.startswith("$"):
        return (text,)
    steps, position = [], 1
    while match := _STEP.match(text, position):
        steps.append(match["name"] or match["quoted"])
        position = match.end()
    if not steps or position != len(text):
        raise ValueError(f"{text!r} is no path like $.realm_access.roles or $['a name'].roles")
    return tuple(steps)


def look_up(claims: Mapping[str, object], path: tuple[str, ...]) -> object:
    """Return what stands at a path; None for nothing."""
    value: object = claims
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value
