"""Reading back what was sealed last, of which a loss of power may have left no journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.evidence.archive import first_sequence_of, segment_paths, segments_directory
from gateway.evidence.block import BlockKind
from gateway.evidence.damage import Damage, Flaw
from gateway.evidence.decode import decode
from gateway.evidence.rows import outlines
from gateway.evidence.walk import SegmentWalk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.evidence.rows import Row

# Far more than the sealer leaves between a save of the open intents and what it sealed last. Only
# where the journal's folder is gone would there be more, and no start must read an archive of
# years.
EVENTS_MAX: Final = 500_000


def sealed_rows(archive: Path, origin: str, *, first: int, end: int) -> Iterator[Row]:
    """Yield the rows from one sequence number up to another, without payload and detail.

    These are the last EVENTS_MAX at most, and what damage hides is left out.
    """
    first = max(first, end - EVENTS_MAX)
    paths = segment_paths(segments_directory(archive, origin)) if first < end else []
    following = [*map(first_sequence_of, paths[1:]), end]
    for path, next_start in zip(paths, following, strict=False):
        if next_start > first:
            yield from _rows(path, origin, first)


def _rows(path: Path, origin: str, first: int) -> Iterator[Row]:
    with path.open("rb") as file:
        for stored in SegmentWalk(file, origin=origin, segment=path.name):
            if isinstance(stored, Damage) or stored.header.kind is not BlockKind.BLOCK:
                continue
            if stored.header.last_sequence < first:
                continue
            decoded = decode(stored)
            if not isinstance(decoded, Flaw) and decoded.rows is not None:
                yield from (row for row in outlines(decoded.rows) if row.sequence >= first)
