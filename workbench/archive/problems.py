"""What a segment holds that cannot be read or stays unknown, gathered while it is converted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from workbench.archive.files import TIME

if TYPE_CHECKING:
    from workbench.archive.files import RowGroups

_COLUMNS: Final = ("sequence", "topic", "topic_id", "partition")


class GapKind(StrEnum):
    """What can be wrong with what a segment holds; docs/tables.md explains each.

    Damage to the segment itself has kinds of its own.
    """

    UNDECODABLE = "undecodable"
    ENCRYPTED = "encrypted"
    CUT_BATCH = "cut_batch"
    TORN = "torn"
    OUTCOME_UNKNOWN = "outcome_unknown"
    UNKNOWN_KIND = "unknown_kind"
    UNREADABLE_DETAIL = "unreadable_detail"
    LEFT_OUT = "left_out"
    UNRESOLVED_TOPIC = "unresolved_topic"
    NO_END = "no_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with an event; problems of one kind and one `subject` become one row."""

    kind: GapKind
    message: str
    subject: object = None
    place: tuple[str | None, str | None, int | None] | None = None
    """Topic, topic id and partition, where those are not the event's own."""
    first_sequence: int | None = None
    """The first event concerned, where that is not the event itself."""
    first_offset: int | None = None
    last_offset: int | None = None
    is_information: bool = False
    lost_batch: bytes | None = None
    """The SHA-256 of a batch whose bytes this segment has lost: another may have them."""
    cut_head: bytes | None = None
    """The digest of a cut batch's header: the whole one has the same."""


@dataclass(slots=True, kw_only=True)
class _Gap:
    problem: Problem
    block: int
    place: tuple[str | None, str | None, int | None]
    first_sequence: int
    last_sequence: int
    since: int | None
    until: int
    count: int = 0

    @property
    def message(self) -> str:
        """Say what is wrong, and how often where it was more than once."""
        times = f"; in {self.count} events" if self.count > 1 else ""
        return self.problem.message + times


class GapRows:
    """Collects problems and writes them as rows."""

    def __init__(self, origin: str, segment: str) -> None:
        self._origin = origin
        self._segment = segment
        self._gaps: dict[object, _Gap] = {}
        self._events: pa.RecordBatch = None
        self._block = 0

    def begin(self, rows: pa.RecordBatch, block: int) -> None:
        """Take the block that the next problems are about."""
        time = pc.cast(rows.column("wall_time"), TIME, safe=False).cast(pa.int64())
        self._events = rows.select(_COLUMNS).append_column("time", time)
        self._block = block

    def add(self, row: int, problem: Problem) -> None:
        """Note a problem of one event of the block."""
        event = self._events.slice(row, 1).to_pylist()[0]
        place = problem.place or (event["topic"], event["topic_id"], event["partition"])
        subject = event["sequence"] if problem.subject is None else problem.subject
        first_sequence = problem.first_sequence
        gap = self._gaps.setdefault(
            (problem.kind, subject, place),
            _Gap(
                problem=problem,
                block=self._block,
                place=place,
                first_sequence=event["sequence"] if first_sequence is None else first_sequence,
                last_sequence=event["sequence"],
                # When an earlier event is concerned, its time is not known here.
                since=event["time"] if first_sequence is None else None,
                until=event["time"],
            ),
        )
        # One event may have several batches with the same problem.
        gap.count += gap.count == 0 or gap.last_sequence != event["sequence"]
        gap.last_sequence = event["sequence"]
        gap.until = event["time"]

    @property
    def has_lost_batch(self) -> bool:
        """Whether the bytes of some batch are lost."""
        return any(gap.problem.lost_batch is not None for gap in self._gaps.values())

    def counts(self) -> dict[str, int]:
        """Count the rows of each kind."""
        counts: dict[str, int] = {}
        for gap in self._gaps.values():
            counts[gap.problem.kind] = counts.get(gap.problem.kind, 0) + 1
        return counts

    def write(self, file: RowGroups) -> None:
        """Write the rows in the order in which the problems were first met."""
        gaps = list(self._gaps.values())
        file.write_columns(
            [
                [self._origin] * len(gaps),
                [gap.problem.kind for gap in gaps],
                [gap.message for gap in gaps],
                [self._segment] * len(gaps),
                [gap.block for gap in gaps],
                [gap.first_sequence for gap in gaps],
                [gap.last_sequence for gap in gaps],
                [gap.since for gap in gaps],
                [gap.until for gap in gaps],
                [gap.place[0] for gap in gaps],
                [gap.place[1] for gap in gaps],
                [gap.place[2] for gap in gaps],
                [gap.problem.first_offset for gap in gaps],
                [gap.problem.last_offset for gap in gaps],
                [gap.problem.is_information for gap in gaps],
                [gap.problem.lost_batch for gap in gaps],
                [gap.problem.cut_head for gap in gaps],
            ]
        )
