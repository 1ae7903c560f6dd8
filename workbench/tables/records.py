"""The table of records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from gateway.evidence.event import EventKind
from workbench.tables.produced import with_answers
from workbench.tables.references import references
from workbench.tables.schemas import RECORDS

if TYPE_CHECKING:
    from workbench.tables.frames import Frames

_SEEN: Final = ("origin", "sequence", "at")
_COLUMNS: Final = (*_SEEN, "topic", "topic_id", "partition")


def records(frames: Frames) -> pl.LazyFrame:
    """Make the table of records."""
    known = pl.concat([_sent(frames), _delivered(frames)])
    offset = (
        pl.when(pl.col("direction") == "produced")
        .then(pl.col("first") + pl.col("position"))
        .otherwise(pl.col("offset"))
    )
    return (
        # The side that is kept in memory is the right one, so payloads must stand on the left.
        frames.records.join(_once(known), on=("store", "number"), maintain_order="left_right")
        .with_columns(offset=offset)
        .select(RECORDS.schema.names())
    )


def _sent(frames: Frames) -> pl.LazyFrame:
    sent = references(with_answers(frames), (*_COLUMNS, "first_offset"))
    first = pl.col("first_offset") + pl.col("records_before")
    return _readable(sent, "produced", first)


def _delivered(frames: Frames) -> pl.LazyFrame:
    events = frames.events.filter(pl.col("kind") == EventKind.DELIVERED)
    return _readable(references(events, _COLUMNS), "delivered", pl.lit(None, pl.Int64))


def _readable(rows: pl.LazyFrame, direction: str, first: pl.Expr) -> pl.LazyFrame:
    return rows.filter(pl.col("state") == "records").select(
        *_COLUMNS, "store", "number", "batch", direction=pl.lit(direction), first=first
    )


def _once(known: pl.LazyFrame) -> pl.LazyFrame:
    """Keep each batch once for each topic-partition, as it was recorded first.

    Fetches by name and fetches by id are about one topic, while a topic made anew under its old
    name has another id: a row without id gives way to those with one.
    """
    earliest = {
        name: pl.col(name).sort_by("at", "origin", "sequence").first()
        for name in (*_SEEN, "store", "number")
    }
    topic_ids = pl.col("topic_id").drop_nulls().unique().sort()
    return (
        known.group_by("direction", "topic", "partition", "batch", "first")
        .agg(**earliest, topic_id=topic_ids)
        .sort("origin", "sequence", "topic", "partition", "first")
        .explode("topic_id", empty_as_null=True)
    )
