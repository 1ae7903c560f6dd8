"""Loading an archive: every segment converted, everything checked, all of it as frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from gateway.evidence.archive import (
    check_archive,
    origins,
    scan_segments,
    segment_paths,
    segments_directory,
)
from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.event import EventKind
from gateway.evidence.log.trust import Trust
from gateway.evidence.log_check import check_log
from gateway.evidence.segment import is_partial
from workbench.archive.files import SCHEMAS
from workbench.archive.problems import GapKind
from workbench.archive.topics import resolved
from workbench.archive.workers import convert_all
from workbench.tables.frames import Frames
from workbench.tables.schemas import GAPS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gateway.evidence.log_check import LogVerification
    from gateway.evidence.outline import SegmentOutline
    from workbench.archive.cache import Cache, Converted
    from workbench.archive.conversion import Newest, Summary

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DERIVED: Final = "batches"  # the table makes it of all segments together
_ROWS: Final = {name: kind for name, kind in GAPS.schema.items() if name != _DERIVED} | {
    "lost_batch": pl.Binary,
    "cut_head": pl.Binary,
}

OnProgress = Callable[[int, int], object]


def ignore(_done: int, _total: int) -> None:
    """Tell nobody how far loading is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """An archive as it was at one moment."""

    segments: tuple[Converted, ...]
    damages: tuple[Damage, ...]
    origins: tuple[str, ...]
    logs: Mapping[str, LogVerification]
    """What the log of each origin shows."""

    @property
    def frames(self) -> Frames:
        """The rows of all segments; hardly anything is read before a table is collected."""
        summaries = [each.entry.summary for each in self.segments]
        producers = {name for summary in summaries for name in summary.producers}
        consumers = {name for summary in summaries for name in summary.consumers}
        scanned = {name: self._scan(name) for name in SCHEMAS}
        if any(GapKind.UNRESOLVED_TOPIC in summary.gap_counts for summary in summaries):
            scanned |= resolved(scanned)
        return Frames(
            **scanned,
            damages=pl.concat([damage_rows(self.damages), self._ends_missing()]),
            origins=self.origins,
            has_lost_batch=any(summary.has_lost_batch for summary in summaries),
            has_cut_batch=any(GapKind.CUT_BATCH in summary.gap_counts for summary in summaries),
            relays=tuple(sorted(producers & consumers)),
        )

    def _ends_missing(self) -> pl.LazyFrame:
        """Make a row for each origin of which nothing says that its recording ended."""
        rows = []
        for origin in self.origins:
            entries = [each.entry for each in self.segments if each.entry.origin == origin]
            newest = max((each.summary for each in entries), key=_order, default=None)
            is_open = any(is_partial(each.segment) for each in entries)
            last = None if newest is None else newest.newest
            if is_open or last is None or last.kind != EventKind.RECORDER_STOP:
                times = [each.summary.last_us for each in entries if each.summary is not newest]
                rows.append(_no_end(origin, last, times))
        return pl.LazyFrame(rows, schema=_ROWS)

    def _scan(self, name: str) -> pl.LazyFrame:
        paths = [each.file(name) for each in self.segments]
        if not paths:
            empty = pl.from_arrow(SCHEMAS[name].empty_table())
            assert isinstance(empty, pl.DataFrame), "a table becomes a frame"
            return empty.lazy()
        return pl.scan_parquet(paths, glob=False)


def load(archive: Path, cache: Cache, on_progress: OnProgress = ignore) -> Loaded:
    """Convert what is new, and check everything; raises ArchiveError when it is no archive.

    `on_progress` is given how many segments are done, and how many there are.
    Segments are converted first and checked then: what is checked may be newer, never older, than
    what the frames hold.
    """
    check_archive(archive)
    cache.keys.forget()
    names = tuple(origins(archive))
    paths = [path for origin in names for path in _segments(archive, origin)]
    converted = []
    for count, found in enumerate(convert_all(cache, paths), start=1):
        if found is not None:
            converted.append(found)
        on_progress(count, len(paths))
    sound = {(each.entry.origin, each.entry.segment) for each in converted if each.entry.is_sound}

    def is_known(outline: SegmentOutline) -> bool:
        return (outline.origin, outline.segment) in sound

    scanned = scan_segments(archive, is_known=is_known)
    damages = [found for found in scanned if isinstance(found, Damage)]
    logs = {}
    for origin in names:
        logs[origin], found_in_log = check_log(archive, origin, Trust())
        damages += [
            _with_window(found, logs[origin])
            for found in found_in_log
            if found.kind is not DamageKind.UNSIGNED  # no gap; the status tells
        ]
    return Loaded(segments=tuple(converted), damages=tuple(damages), origins=names, logs=logs)


def _with_window(damage: Damage, log: LogVerification) -> Damage:
    """Name the events that no checkpoint covers, which the damage does not: none of them is lost.

    It says where they begin, and is no fault.
    """
    if damage.kind is not DamageKind.UNCOVERED or not log.uncovered_events:
        return damage
    first = 0 if log.covered_sequence is None else log.covered_sequence + 1
    return replace(damage, first_sequence=first, last_sequence=first + log.uncovered_events - 1)


def _segments(archive: Path, origin: str) -> list[Path]:
    try:
        return segment_paths(segments_directory(archive, origin))
    except OSError:
        return []  # scanning tells what is wrong with the folder


def damage_rows(damages: Sequence[Damage]) -> pl.LazyFrame:
    """Make rows of the table of gaps; the times are left to it."""
    rows = [
        {
            "origin": damage.origin or None,
            "kind": str(damage.kind),
            "message": damage.message,
            "segment": damage.segment,
            "block": damage.block,
            "first_sequence": damage.first_sequence,
            "last_sequence": damage.last_sequence,
            "is_information": damage.is_information,
        }
        for damage in damages
    ]
    return pl.LazyFrame(rows, schema=_ROWS)


def _order(summary: Summary) -> int:
    return -1 if summary.newest is None else summary.newest.sequence


def _no_end(origin: str, newest: Newest | None, times: Sequence[int | None]) -> dict[str, object]:
    """Make the row of an origin that may have recorded more than the archive holds.

    `times` are the greatest times of its segments but the newest. What comes next may bear any time
    from that of the newest event on; where that ran ahead of all before it, the clock may be set
    right again, so it alone settles nothing.
    """
    since = None
    if newest is not None:
        earlier = [each for each in (newest.earlier_us, *times) if each is not None]
        time_us = min(newest.time_us, max(earlier, default=newest.time_us))
        since = _EPOCH + timedelta(microseconds=time_us)
    return {
        "origin": origin,
        "kind": str(GapKind.NO_END),
        "message": "nothing says that recording ended with the newest event: "
        "what may have been recorded after it is not in this archive",
        "since": since,
        "is_information": True,
    }
