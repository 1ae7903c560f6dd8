"""Offset accounting: which delivered records no recorded producer wrote, and why that may be.

Every offset of a partition was written by somebody. Those that answers to producers name were
written through the gateway; one that was delivered and is in no such answer was written otherwise:
before the recording began, by a producer that was told no offset (acks=0, or its answer was lost),
in a part of the archive that is missing, or past the gateway.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.coverage import is_fault
from workbench.questions.creations import creations
from workbench.questions.names import PARTITION, topic_name
from workbench.questions.unanswered import mark_unanswered

if TYPE_CHECKING:
    from workbench.tables import Tables


class State(StrEnum):
    """Why no recorded answer names an offset."""

    BYPASSED = "bypassed"
    """Nothing recorded explains it."""
    MAYBE_LOST = "maybe_lost"
    """A part of the archive that is missing may have held the request."""
    MAYBE_UNANSWERED = "maybe_unanswered"
    """A producer was told no offset, and nobody can tell whether this is one of its records.

    They cannot be compared, being masked or undecodable, or its error does not say whether the
    broker kept them.
    """
    UNANSWERED = "unanswered"
    """A producer that was told no offset sent the same content."""
    EARLIER = "earlier"
    """It is older than what was recorded first of the partition."""
    MAYBE_EARLIER = "maybe_earlier"
    """It may be so: the topic may have been made since, or nobody knows where its log ended."""


def written(tables: Tables) -> pl.LazyFrame:
    """Return the ranges of offsets that producers were told."""
    return tables.produced.filter(pl.col("first_offset").is_not_null()).select(
        topic_name(),
        "partition",
        first="first_offset",
        last=pl.coalesce("last_offset", "first_offset"),
        at=pl.coalesce("answered_at", "at"),
    )


def unaccounted(tables: Tables) -> pl.LazyFrame:
    """Return each delivered offset that no recorded answer to a producer names, and its state."""
    ranges = written(tables)
    missing = _not_in(_delivered(tables), ranges)
    dated = _neighbours(missing, ranges).join(
        beginnings(tables), on=PARTITION, how="left", maintain_order="left"
    )
    marked = _mark_lost(mark_unanswered(dated, tables), tables)
    state = (
        pl.when("is_unanswered")
        .then(pl.lit(State.UNANSWERED))
        .when(pl.col("offset") < pl.col("old_below"))
        .then(pl.lit(State.EARLIER))
        .when("is_maybe_lost")
        .then(pl.lit(State.MAYBE_LOST))
        .when("is_maybe_unanswered")
        .then(pl.lit(State.MAYBE_UNANSWERED))
        .when(pl.col("new_from").is_null() | (pl.col("offset") < pl.col("new_from")))
        .then(pl.lit(State.MAYBE_EARLIER))
        .otherwise(pl.lit(State.BYPASSED))
    )
    return marked.select(
        *PARTITION, "offset", "timestamp", "delivered_at", "principal", "session", state=state
    ).sort(*PARTITION, "offset")


def beginnings(tables: Tables) -> pl.LazyFrame:
    """Return, for each topic-partition, which of its offsets may be older than the recording.

    Those below `old_below` were there when it was first heard of; those from `new_from` on surely
    came later (null: no answer told the end of its log). What lies between may be either. What was
    made while recording ran begins at 0, and what may have been made then may do so.
    """
    first = _first_heard(tables)
    made = (
        first.join(creations(tables), on="topic")
        .filter(
            pl.col("partition").is_between("first_partition", "last_partition"),
            pl.col("made_at") <= pl.col("at"),
        )
        .group_by(PARTITION)
        .agg(is_new=pl.col("is_sure").any())
    )
    # Null where nothing recorded can have made it.
    is_new = pl.col("is_new")
    return first.join(made, on=PARTITION, how="left").select(
        *PARTITION,
        old_below=pl.when(is_new.is_null()).then(pl.col("reached").fill_null(0)).otherwise(0),
        new_from=pl.when(is_new).then(0).otherwise("end"),
    )


def _first_heard(tables: Tables) -> pl.LazyFrame:
    """Return when each partition was first heard of, how far it then reached, and its first end."""
    told = pl.when(pl.col("high_watermark") >= 0).then("high_watermark")
    heard = pl.concat(
        [
            tables.delivered.select(
                topic_name(),
                "partition",
                "at",
                end=told,
                # ShareFetch tells no end.
                reached=pl.coalesce(told, pl.col("last_offset") + 1),
            ),
            written(tables).select(*PARTITION, "at", end="first", reached="first"),
        ]
    )
    return (
        heard.sort("at")
        .group_by(PARTITION)
        .agg(pl.col("at", "reached").first(), pl.col("end").drop_nulls().first())
    )


def unseen_counts(tables: Tables) -> pl.LazyFrame:
    """Count the offsets of each topic-partition that were neither written nor delivered on record.

    Counted from where the partition was first heard of to the end of its log as last told; markers
    of transactions take such offsets, and so does what nobody read.
    """
    delivered = tables.delivered.filter(pl.col("first_offset").is_not_null()).select(
        topic_name(), "partition", first="first_offset", last="last_offset"
    )
    known = pl.concat([written(tables).select(*PARTITION, "first", "last"), delivered])
    ends = pl.concat(
        [
            known.select(*PARTITION, end=pl.col("last") + 1),
            tables.delivered.select(topic_name(), "partition", end="high_watermark"),
        ]
    ).group_by(PARTITION)
    bounds = (
        beginnings(tables)
        .join(ends.agg(pl.col("end").max()), on=PARTITION)
        .join(_log_starts(tables), on=PARTITION, how="left")
        .with_columns(begin=pl.max_horizontal("old_below", "log_start"))
    )
    clipped = (
        known.join(bounds, on=PARTITION)
        .with_columns(first=pl.max_horizontal("first", "begin"))
        .filter(pl.col("last") >= pl.col("first"))
        .sort(*PARTITION, "first")
    )
    reach = pl.col("last").cum_max().shift(1).over(PARTITION)
    fresh_from = pl.max_horizontal(pl.col("first"), reach + 1)
    counted = clipped.with_columns(fresh=(pl.col("last") - fresh_from + 1).clip(lower_bound=0))
    seen = counted.group_by(PARTITION).agg(seen=pl.col("fresh").sum())
    return bounds.join(seen, on=PARTITION, how="left").select(
        *PARTITION,
        unseen=(pl.col("end") - pl.col("begin")).fill_null(0) - pl.col("seen").fill_null(0),
    )


def _log_starts(tables: Tables) -> pl.LazyFrame:
    return (
        tables.delivered.filter(pl.col("log_start_offset") >= 0)
        .select(topic_name(), "partition", "log_start_offset")
        .group_by(PARTITION)
        .agg(log_start=pl.col("log_start_offset").max())
    )


def _delivered(tables: Tables) -> pl.LazyFrame:
    """Return every delivered offset once, as it was delivered first."""
    return (
        tables.reads.filter(pl.coalesce("topic", "topic_id").is_not_null())
        .with_columns(topic_name())
        .sort("delivered_at", "sequence")
        .group_by(*PARTITION, "offset")
        .agg(
            pl.col("timestamp", "delivered_at", "principal", "session").first(),
            is_masked=(pl.col("masked").list.len().fill_null(0) > 0).all(),
        )
    )


def _not_in(offsets: pl.LazyFrame, ranges: pl.LazyFrame) -> pl.LazyFrame:
    """Drop the offsets that lie in a range."""
    # Ranges overlap where a topic was deleted and made again: an offset lies in one of those that
    # begin at or before it exactly if the furthest end of these is not before it.
    reaching = ranges.sort("first").select(
        *PARTITION, "first", reach=pl.col("last").cum_max().over(PARTITION)
    )
    return (
        offsets.sort("offset")
        .join_asof(
            reaching,
            left_on="offset",
            right_on="first",
            by=PARTITION,
            strategy="backward",
            check_sortedness=False,
        )
        .filter(pl.col("reach").is_null() | (pl.col("reach") < pl.col("offset")))
        .drop("first", "reach")
    )


def _neighbours(missing: pl.LazyFrame, ranges: pl.LazyFrame) -> pl.LazyFrame:
    """Add between which two moments each offset must have been written."""
    before = ranges.sort("last").select(*PARTITION, "last", written_after="at")
    behind = ranges.sort("first").select(*PARTITION, "first", next_at="at")
    return (
        missing.sort("offset")
        .join_asof(
            before,
            left_on="offset",
            right_on="last",
            by=PARTITION,
            strategy="backward",
            check_sortedness=False,
        )
        .join_asof(
            behind,
            left_on="offset",
            right_on="first",
            by=PARTITION,
            strategy="forward",
            check_sortedness=False,
        )
        .with_columns(written_before=pl.min_horizontal("delivered_at", "next_at"))
        .drop("last", "first", "next_at")
    )


def _mark_lost(missing: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    """Mark what may have been written while a part of the archive that is missing was recorded."""
    faults = tables.gaps.filter(is_fault()).select(gap_since="since", gap_until="until").unique()
    reaches = pl.col("gap_until").is_null() | pl.col("written_after").is_null()
    begins = pl.col("gap_since").is_null() | (pl.col("gap_since") <= pl.col("written_before"))
    overlaps = begins & (reaches | (pl.col("gap_until") >= pl.col("written_after")))
    lost = (
        missing.select(*PARTITION, "offset", "written_after", "written_before")
        .join(faults, how="cross")
        .filter(overlaps)
        .select(*PARTITION, "offset", is_maybe_lost=pl.lit(value=True))
        .unique()
    )
    return missing.join(lost, on=[*PARTITION, "offset"], how="left").with_columns(
        pl.col("is_maybe_lost").fill_null(value=False)
    )
