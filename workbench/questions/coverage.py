"""What was recorded and what is missing: the ground that every verdict stands on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from workbench.questions.phrases import count_of, moment

if TYPE_CHECKING:
    from workbench.tables import Tables

UNDECODABLE: Final = "undecodable"
ENCRYPTED: Final = "encrypted"
OUTCOME_UNKNOWN: Final = "outcome_unknown"
NO_END: Final = "no_end"
OPEN_TAIL: Final = "open_tail"
UNCOVERED: Final = "uncovered"
# No fault of the archive, but as good as one for whoever asks what is in it.
NOT_SELECTED: Final = "not_selected"
EXPIRED: Final = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What one gateway instance recorded."""

    origin: str
    since: datetime | None
    """None where the beginning of every session is missing."""
    until: datetime
    session_count: int
    ended_at: datetime | None = None
    """When it recorded its last of a client; None where it goes on, or recording broke off."""

    def __str__(self) -> str:
        """Say it in words."""
        sessions = count_of(self.session_count, "session")
        end = moment(self.until)
        if self.since is None:
            return f"{self.origin} recorded {sessions} until {end}; from when on is missing."
        return f"{self.origin} recorded {sessions} from {moment(self.since)} to {end}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the tables hold, and what they are known not to hold."""

    recorded: tuple[Recorded, ...]
    fault_count: int
    """Damaged or missing parts of the archive that may have held anything."""
    lost_event_count: int
    """Events that are known to be missing, by their sequence numbers."""
    undecodable_count: int
    """Payloads that no decoder could open."""
    outcome_unknown_count: int
    """Requests that were forwarded and whose answers were never recorded."""
    is_open: bool
    """Whether recording goes on, or broke off: newer events may be missing from the tables."""
    is_encrypted: bool = False
    """Whether content is encrypted that was not opened: its offsets are known, and no more."""
    uncovered_count: int = 0
    """The newest events, which no checkpoint covers yet."""
    ends_at: datetime | None = None
    """Where it is open: from when on a gateway may have recorded what is not in the tables.

    None where that is not known.
    """

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing that could have held any event at all."""
        return self.fault_count == 0 and bool(self.recorded)

    def is_open_before(self, until: datetime | None) -> bool:
        """Whether the tables may lack what was recorded before a time, or ever."""
        return self.is_open and not (until and self.ends_at and until <= self.ends_at)

    @property
    def ended_at(self) -> datetime | None:
        """Until when all is known of those that ended in order: a later run may not be loaded."""
        return min((each.ended_at for each in self.recorded if each.ended_at), default=None)

    def limit(self, until: datetime | None = None) -> str:
        """Say until when an absence holds, where more than that was asked about."""
        end = self.ended_at
        if end is None or (until is not None and until <= end):
            return ""
        return f" That holds until {moment(end)}, when recording ended."

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def sentences(self) -> tuple[str, ...]:
        """Say it in words."""
        said = [str(each) for each in self.recorded] or ["Nothing was recorded."]
        if self.fault_count:
            parts = count_of(self.fault_count, "part of the archive is", "parts of the archive are")
            lost = count_of(self.lost_event_count, "event")
            known = f"; at least {lost} missing" if self.lost_event_count else ""
            said.append(f"{parts} damaged or missing{known}.")
        else:
            said.append("No part of the archive is damaged or missing.")
        if self.undecodable_count:
            said.append(f"{count_of(self.undecodable_count, 'payload')} cannot be decoded.")
        if self.is_encrypted:
            said.append("Content is encrypted that was not opened; the gaps say why.")
        if self.outcome_unknown_count:
            requests = count_of(self.outcome_unknown_count, "request")
            said.append(f"The outcome of {requests} is unknown.")
        if self.uncovered_count:
            said.append(
                f"No checkpoint covers the newest {count_of(self.uncovered_count, 'event')} yet: "
                "they may be lost or altered without a trace."
            )
        if self.is_open:
            after = "" if self.ends_at is None else f" after {moment(self.ends_at)}"
            said.append(
                "The archive is still being written, or recording broke off: what was recorded"
                f"{after} may not be in it."
            )
        return tuple(said)


def cover(tables: Tables) -> Coverage:
    """Measure what the tables cover.

    >>> import workbench as wb
    >>> from workbench import sample
    >>> from workbench.questions.coverage import cover
    >>> cover(wb.open(sample.path())).is_whole
    True
    """
    recorded = (
        tables.sessions.group_by("origin")
        .agg(
            since=pl.col("opened_at").min(),
            until=pl.col("last_seen_at").max(),
            session_count=pl.len(),
            # The order of events is that of their numbers: clocks go back.
            ended_at=pl.col("last_seen_at").sort_by("last_sequence", nulls_last=False).last(),
        )
        .sort("origin")
        .collect()
    )
    gaps = tables.gaps.collect()
    fault = is_fault()
    kind = pl.col("kind")
    faults = gaps.filter(fault)
    lost = faults.select(pl.col("last_sequence") - pl.col("first_sequence") + 1).sum().item()
    open_ends = gaps.filter(kind.is_in([NO_END, OPEN_TAIL]))
    since = open_ends.filter(kind == NO_END)["since"]
    is_open = pl.col("origin").is_in(open_ends["origin"].drop_nulls().to_list())
    recorded = recorded.with_columns(ended_at=pl.when(~is_open).then("ended_at"))
    return Coverage(
        recorded=tuple(Recorded(**row) for row in recorded.iter_rows(named=True)),
        fault_count=faults.height,
        lost_event_count=int(lost or 0),
        undecodable_count=gaps.filter(kind == UNDECODABLE).height,
        outcome_unknown_count=gaps.filter(kind == OUTCOME_UNKNOWN).height,
        is_open=not open_ends.is_empty(),
        is_encrypted=not gaps.filter(kind == ENCRYPTED).is_empty(),
        uncovered_count=gaps.filter(kind == UNCOVERED)
        .select((pl.col("last_sequence") - pl.col("first_sequence") + 1).sum())
        .item(),
        ends_at=None if since.has_nulls() else _earliest(since),
    )


def _earliest(times: pl.Series) -> datetime | None:
    earliest = times.min()
    assert earliest is None or isinstance(earliest, datetime), "a column of times"
    return earliest


def is_fault() -> pl.Expr:
    """Tell the gaps that may have held any event from those that are about one known thing."""
    about_one = pl.col("kind").is_in([UNDECODABLE, OUTCOME_UNKNOWN])
    is_missing = pl.col("kind").is_in([NOT_SELECTED, EXPIRED])
    return is_missing | (~about_one & ~pl.col("is_information").fill_null(value=False))
