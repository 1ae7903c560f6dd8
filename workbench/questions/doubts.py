"""What could make another answer true: each doubt is a clause that follows a *but*."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from workbench.questions.coverage import UNDECODABLE
from workbench.questions.cut_batches import about_cut_batches
from workbench.questions.names import is_topic
from workbench.questions.offsets import State, unaccounted
from workbench.questions.phrases import count_of, moment

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from workbench.questions.coverage import Coverage
    from workbench.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a question about reading is about: what lies outside cannot change its answer."""

    topic: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    deliveries: Sequence[pl.Expr] = ()
    """Which deliveries, by the columns of `delivered` and `delivered_at`."""
    offset: int | None = None


_ANYTHING: Final = Asked()


def about_anything(
    coverage: Coverage, until: datetime | None = None, since: datetime | None = None
) -> tuple[str, ...]:
    """List what makes any absence doubtful, of the time from `since` until `until`."""
    doubts = []
    if not coverage.recorded:
        doubts.append("nothing was recorded at all")
    if coverage.fault_count:
        parts = count_of(coverage.fault_count, "part")
        doubts.append(f"{parts} of the archive may have held it, being damaged or missing")
    if coverage.is_open_before(until):
        after = "later" if coverage.ends_at is None else f"after {moment(coverage.ends_at)}"
        doubts.append(f"recording had not ended, and what was recorded {after} may not be in it")
    end = coverage.ended_at
    if since is not None and end is not None and since > end:
        doubts.append(f"recording had ended at {moment(end)}, before the time that is asked about")
    return tuple(doubts)


def about_reads(tables: Tables, coverage: Coverage, asked: Asked = _ANYTHING) -> tuple[str, ...]:
    """List what could hide a delivery.

    Without a topic, deliveries under unknown ids are no doubt: they are among those that are looked
    at. Who joins topics by their names adds `about_unnamed`.
    """
    of_topic = [] if asked.topic is None else [is_topic(asked.topic)]
    return (
        *about_anything(coverage, asked.until, asked.since),
        *about_cut_batches(tables, [*asked.deliveries, *of_topic], asked.offset),
        *_undecodable(tables, asked.topic),
        *(() if asked.topic is None else about_unnamed(tables, [asked.topic])),
        *_bypassed(tables),
    )


def _undecodable(tables: Tables, topic: str | None) -> tuple[str, ...]:
    """Payloads whose records nobody can list; one without a topic may be of any."""
    gaps = tables.gaps.filter(pl.col("kind") == UNDECODABLE)
    if topic is not None:
        gaps = gaps.filter(is_topic(topic) | pl.col("topic").is_null())
    count = gaps.select(pl.len()).collect().item()
    return (f"{count_of(count, 'payload')} of it cannot be decoded",) if count else ()


def about_unnamed(tables: Tables, known: Collection[str]) -> tuple[str, ...]:
    """Tell of deliveries under an id that no answer ever named, and that is none of the `known`."""
    is_known = pl.col("topic_id").is_in(sorted(known)).fill_null(value=False)
    unnamed = tables.delivered.filter(pl.col("topic").is_null(), ~is_known)
    count = unnamed.select(pl.len()).collect().item()
    if not count:
        return ()
    return (f"{count_of(count, 'delivery names', 'deliveries name')} a topic by an unknown id",)


def _bypassed(tables: Tables) -> tuple[str, ...]:
    """Who can write past the gateway can read past it, and of any topic."""
    bypassed = unaccounted(tables).filter(pl.col("state") == State.BYPASSED)
    count = bypassed.select(pl.len()).collect().item()
    if not count:
        return ()
    records = count_of(count, "record was", "records were")
    return (f"{records} written past the gateway, so somebody reaches the brokers directly",)
