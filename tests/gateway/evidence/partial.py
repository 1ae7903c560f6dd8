"""Making a selection of an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gateway.evidence.outline import read_outline
from gateway.evidence.selection import SELECTION, LeftOut, Selection
from tests.gateway.evidence.samples import ORIGIN, segments_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def leave_out(archive: Path, *numbers: int, origin: str = ORIGIN) -> tuple[LeftOut, ...]:
    """Remove segments by their numbers and declare each; return the runs."""
    runs: list[LeftOut] = []
    for number in numbers:
        path = segments_of(archive, origin)[number - len(runs)]
        outline = read_outline(path)
        assert outline is not None
        runs.append(
            LeftOut(
                origin=origin,
                first_block=outline.opening.header.block,
                last_block=outline.closing.header.block,
                first_sequence=outline.first_sequence,
                last_sequence=outline.last_sequence,
            )
        )
        path.unlink()
    declare(archive, runs)
    return tuple(runs)


def declare(archive: Path, runs: Sequence[LeftOut], *origins: str) -> None:
    """Write what was left out."""
    selection = Selection(left_out=tuple(runs), origins_left_out=origins)
    (archive / SELECTION).write_bytes(msgspec.json.encode(selection))
