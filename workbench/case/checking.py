"""Finding the first line of a custody log that is not as it was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class CustodyFlaw:
    """What is wrong with the log, and at which of its lines, counted from 1."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


def check_lines(links: Sequence[tuple[int, str]], digests: Sequence[str]) -> CustodyFlaw | None:
    """Return what is wrong with the first line that is not as it was written.

    `links` has the sequence number and the hash of the line before that each line states;
    `digests` the hash that the first line must state, and then that of each line. A line that
    nothing follows may be changed or removed without a trace here.
    """
    holds = [
        stated == digest for (_, stated), digest in zip(links, digests, strict=False)
    ]  # there may be more lines than could be read
    for place, (sequence, _) in enumerate(links):
        line = place + 1
        if sequence != place:
            message = f"it is entry {sequence}, not {place}: entries are missing, moved or doubled"
            return CustodyFlaw(line, message)
        if not holds[place]:
            # A line that the next one was written after is itself as it was written.
            is_sound = place + 1 < len(links) and holds[place + 1]
            if is_sound and place > 0:
                return CustodyFlaw(
                    line - 1, f"it is not the one that line {line} was written after"
                )
            return CustodyFlaw(line, "it was not written after the line before it")
    return None
