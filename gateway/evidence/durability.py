"""When an event counts as recorded: what the journal promises before anything else may happen."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable


class Mode(StrEnum):
    """How safe an event must be before what it describes is released."""

    STRICT = "strict"
    """The disk has it: it survives a loss of power."""
    BOUNDED = "bounded"
    """The operating system has it, and the disk all but the last milliseconds."""
    WRITTEN = "written"
    """The operating system has it: it survives the death of the process."""


class Durability(msgspec.Struct, frozen=True):
    """A mode, and for `bounded` how many milliseconds may be unsynced."""

    mode: Mode = Mode.WRITTEN
    bounded_ms: int = 0

    @property
    def text(self) -> str:
        """How journals, headers and events state it."""
        return f"bounded:{self.bounded_ms}ms" if self.mode is Mode.BOUNDED else self.mode.value


WRITTEN = Durability().text
"""What is assumed of whatever says nothing."""


def weakest(texts: Iterable[str]) -> str:
    """Return the promise that all of these keep; `written` for none, and for what is unknown."""
    return max(texts, key=_weakness, default=WRITTEN)


def _weakness(text: str) -> tuple[int, int]:
    if text == Mode.STRICT:
        return 0, 0
    bound = text.removeprefix("bounded:").removesuffix("ms")
    return (1, int(bound)) if text == f"bounded:{bound}ms" and bound.isdecimal() else (2, 0)
