"""What could make another answer true: each doubt is a clause that follows a *but*."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def about_anything(coverage: Coverage, until: datetime | None = None) -> tuple[str, ...]:
    """List what makes any absence doubtful; `until` is the end of the time that is asked about."""
    doubts = []
    if not coverage.recorded:
        doubts.append("nothing was recorded at all")
    if coverage.fault_count:
        parts = count_of(coverage.fault_count, "part")
        doubts.append(f"{parts} of the archive may have held it, being damaged or missing")
    if coverage.is_open_before(until):
        after = "later" if coverage.ends_at is None else f"after {moment(coverage.ends_at)}"
        doubts.append(f"recording had not ended, and what was recorded {after} may not be in it")
    return tuple(doubts)


def about_reads(
    tables: Tables,
    coverage: Coverage,
    topic: str | None = None,
    until: datetime | None = None,
    *,
    cut: Sequence[pl.Expr] = (),
) -> tuple[str, ...]:
    """List what could hide a delivery, of one topic or of any.

    Without a topic, deliveries under unknown ids are no doubt: they are among those that are looked
    at. Who joins topics by their names adds `about_unnamed`.

    `cut` selects among the batches that were sent in part, by the columns of `cut_reads`.
    """
    which = [*cut, *([] if topic is None else [is_topic(topic)])]
    return (
        *about_anything(coverage, until),
        *about_cut_batches(tables, *which),
        *_undecodable(tables, topic),
        *(() if topic is None else about_unnamed(tables, [topic])),
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
