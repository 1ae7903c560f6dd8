"""What an opened archive is, at a glance: how much, of when, and how sound."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Final

from gateway.evidence.segment import is_partial
from workbench.archive.problems import GapKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from gateway.evidence.damage import Damage
    from gateway.evidence.log_check import LogVerification
    from workbench.archive.loading import Loaded

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNSIGNED: Final = "nothing is: hashes alone show no change by whoever can compute them anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of an archive when it was opened or last refreshed.

    Every segment was hashed as it is now. Blocks were decompressed and compared with their hashes
    when the segment was converted, and the conversion is used only for the very same bytes.
    """

    path: Path
    origins: tuple[str, ...]
    sealed_count: int
    open_count: int
    """Segments that were still being written."""
    stored_bytes: int
    event_count: int
    first_at: datetime | None
    last_at: datetime | None
    damages: tuple[Damage, ...]
    logs: Mapping[str, LogVerification]
    """What the signed log of each origin shows."""
    gap_counts: dict[str, int]
    """How many gaps of each kind there are within the segments; damage is not counted here."""

    @property
    def faults(self) -> tuple[Damage, ...]:
        """What is damaged or missing; an open tail is no fault."""
        return tuple(damage for damage in self.damages if not damage.is_information)

    @property
    def is_whole(self) -> bool:
        """Whether every block is as it was written and follows the one before it."""
        return not self.faults

    @property
    def undecodable_count(self) -> int:
        """The number of record batches that cannot be read."""
        return self.gap_counts.get(GapKind.UNDECODABLE, 0)

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield what there is to say, a label and a text at a time."""
        yield "origins", ", ".join(self.origins) or "none"
        being_written = f", {self.open_count:,} being written" if self.open_count else ""
        yield (
            "segments",
            f"{self.sealed_count:,} sealed{being_written}, {self.stored_bytes:,} bytes",
        )
        yield "events", f"{self.event_count:,}"
        yield "time span", _span(self.first_at, self.last_at)
        count = len(self.faults)
        yield (
            "chain",
            "whole" if self.is_whole else f"DAMAGED: {_counted(count, 'fault')}, see gaps",
        )
        for origin, log in self.logs.items():
            yield "signed", f"{origin}: {_signed(log)}"
        yield (
            "batches",
            _counted(self.undecodable_count, "undecodable batch", "undecodable batches"),
        )
        others = sorted(set(self.gap_counts) - {GapKind.UNDECODABLE})
        yield "gaps", ", ".join(f"{self.gap_counts[kind]:,} {kind}" for kind in others) or "none"

    def __str__(self) -> str:
        """Write the lines for a terminal."""
        width = max(len(label) for label, _ in self.lines())
        told = (f"  {label:<{width}}  {text}" for label, text in self.lines())
        return "\n".join((f"Archive {self.path}", *told))

    def to_html(self) -> str:
        """Write the lines as a table that needs no style sheet or script."""
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(label)}</th>"
            f"<td style='text-align:left'>{escape(text)}</td></tr>"
            for label, text in self.lines()
        )
        caption = f"<caption style='text-align:left'>Archive {escape(str(self.path))}</caption>"
        return f"<table>{caption}<tbody>{rows}</tbody></table>"


def status_of(path: Path, loaded: Loaded) -> Status:
    """Sum up what was loaded."""
    entries = [segment.entry for segment in loaded.segments]
    summaries = [entry.summary for entry in entries]
    gap_counts: dict[str, int] = {}
    for summary in summaries:
        for kind, count in summary.gap_counts.items():
            gap_counts[kind] = gap_counts.get(kind, 0) + count
    open_count = sum(is_partial(entry.segment) for entry in entries)
    firsts = [summary.first_us for summary in summaries if summary.first_us is not None]
    lasts = [summary.last_us for summary in summaries if summary.last_us is not None]
    return Status(
        path=path,
        origins=loaded.origins,
        sealed_count=len(entries) - open_count,
        open_count=open_count,
        stored_bytes=sum(entry.stored.byte_count for entry in entries),
        event_count=sum(summary.event_count for summary in summaries),
        first_at=_time(min(firsts, default=None)),
        last_at=_time(max(lasts, default=None)),
        damages=loaded.damages,
        logs=loaded.logs,
        gap_counts=gap_counts,
    )


def _signed(log: LogVerification) -> str:
    if log.covered_sequence is None:
        return _UNSIGNED
    told = f"up to event {log.covered_sequence:,}, by keys of the root {log.root_vkey}"
    if log.uncovered_events:
        told += f"; not yet the newest {_counted(log.uncovered_events, 'event')}"
    return told


def _time(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def _span(first: datetime | None, last: datetime | None) -> str:
    if first is None or last is None:
        return "no events"
    return f"{first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC"


def _counted(count: int, noun: str, plural: str = "") -> str:
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
