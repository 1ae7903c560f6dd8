"""Which segments go into a package, and what is left out with the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.evidence.archive import origins, segment_paths, segments_directory
from gateway.evidence.outline import SegmentOutline, read_outline
from gateway.evidence.selection import LeftOut, Selection, read_selection
from workbench.package.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for; all of it where nothing is said. Both ends belong to it."""

    origins: tuple[str, ...] = ()
    since_ns: int | None = None
    until_ns: int | None = None
    first_sequence: int | None = None
    last_sequence: int | None = None

    def holds(self, outline: SegmentOutline) -> bool:
        """Tell whether a segment may hold an event that is asked for."""
        return (
            _reaches(outline.first_wall_ns, outline.last_wall_ns, self.since_ns, self.until_ns)
        ) and _reaches(
            outline.first_sequence, outline.last_sequence, self.first_sequence, self.last_sequence
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What goes in, and what the package must say about the rest."""

    segments: dict[str, tuple[Path, ...]]
    """The segments of each origin that goes in."""
    selection: Selection | None
    """None when nothing is left out."""


def choose(archive: Path, wanted: Wanted) -> Choice:
    """Return which segments hold what is asked for; raises PackageError when none does.

    A segment without outline (damaged, or being written) always goes in: what it holds is not
    known, and so cannot be said to be left out.
    """
    there = origins(archive)
    _check(wanted, there)
    before = read_selection(archive)
    runs = [] if before is None else list(before.left_out)
    absent = [] if before is None else list(before.origins_left_out)
    segments: dict[str, tuple[Path, ...]] = {}
    for origin in there:
        paths = segment_paths(segments_directory(archive, origin))
        outlines = {path: read_outline(path) for path in paths}
        is_wanted = not wanted.origins or origin in wanted.origins
        kept = [path for path, each in outlines.items() if each is None or wanted.holds(each)]
        if not is_wanted or (paths and not kept):
            absent.append(origin)
            runs = [run for run in runs if run.origin != origin]
            continue
        segments[origin] = tuple(kept)
        gone = [each for path, each in outlines.items() if each is not None and path not in kept]
        runs += [_run(origin, outline) for outline in gone]
    if not any(segments.values()):
        raise PackageError("no segment holds what was asked for: ask for another time or origin")
    selection = Selection(left_out=_merged(runs), origins_left_out=tuple(sorted(absent)))
    return Choice(segments=segments, selection=selection if runs or absent else None)


def _check(wanted: Wanted, there: list[str]) -> None:
    unknown = sorted(set(wanted.origins).difference(there))
    if unknown:
        raise PackageError(
            f"no origin is called {', '.join(unknown)}: there are {', '.join(there)}"
        )
    is_by_sequence = wanted.first_sequence is not None or wanted.last_sequence is not None
    if is_by_sequence and len(wanted.origins or there) > 1:
        raise PackageError("each origin counts its own events: name one origin")


def _reaches(first: int | None, last: int | None, low: int | None, high: int | None) -> bool:
    """Tell whether two spans meet; an end that is None is open."""
    is_late_enough = last is None or low is None or last >= low
    return is_late_enough and (first is None or high is None or first <= high)


def _run(origin: str, outline: SegmentOutline) -> LeftOut:
    return LeftOut(
        origin=origin,
        first_block=outline.opening.header.block,
        last_block=outline.closing.header.block,
        first_sequence=outline.first_sequence,
        last_sequence=outline.last_sequence,
    )


def _merged(runs: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    """Return the runs in order, neighbours as one."""
    ordered = sorted(runs, key=lambda run: (run.origin, run.first_block))
    starts = [run for number, run in enumerate(ordered) if not _follows(ordered, number)]
    ends = [run for number, run in enumerate(ordered) if not _follows(ordered, number + 1)]
    return tuple(
        LeftOut(
            origin=start.origin,
            first_block=start.first_block,
            last_block=end.last_block,
            first_sequence=start.first_sequence,
            last_sequence=end.last_sequence,
        )
        for start, end in zip(starts, ends, strict=True)
    )


def _follows(ordered: list[LeftOut], number: int) -> bool:
    """Tell whether a run begins where the one before it ends."""
    if not 0 < number < len(ordered):
        return False
    before, run = ordered[number - 1], ordered[number]
    return (before.origin, before.last_block + 1) == (run.origin, run.first_block)
