"""How often what was replaced."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gateway.masking.paths import Leaf

WHOLE: Final = "$"
"""The field that is counted where a whole value gave way because it could not be read."""


class Counts:
    """The values that were met, by field and method; nulls count, which had nothing to hide."""

    __slots__ = ("_counter",)

    def __init__(self) -> None:
        self._counter: Counter[tuple[str, str]] = Counter()

    def add(self, leaf: Leaf) -> None:
        """Count one value."""
        self._counter[leaf.field, leaf.method.name] += 1

    def update(self, other: Counts) -> None:
        """Take over what another has counted."""
        self._counter.update(other._counter)

    def items(self) -> list[tuple[str, str, int]]:
        """List field, method and count, ordered by field."""
        return [(*key, count) for key, count in sorted(self._counter.items())]
