"""Batches as events refer to them: one row per batch that was sent or delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.tables.frames import Frames

TOPIC_KEY = "topic_key"


def references(events: pl.LazyFrame, columns: Sequence[str]) -> pl.LazyFrame:
    """Give each batch of the events its row: the columns named, and those of the batch."""
    batch = pl.col("batches").struct
    return (
        events.select(*columns, "store", "batches")
        .explode("batches")
        .filter(pl.col("batches").is_not_null())
        .with_columns(
            batch=batch.field("sha256"),
            state=batch.field("state"),
            number=batch.field("number"),
            batch_first_offset=batch.field("first_offset"),
            batch_last_offset=batch.field("last_offset"),
            records_before=batch.field("records_before"),
            is_aborted=batch.field("is_aborted"),
        )
        .drop("batches")
    )


def topic_key() -> pl.Expr:
    """Give what tells topics apart: the name, or the id of one that nothing names."""
    return pl.coalesce("topic", "topic_id").alias(TOPIC_KEY)


def found_batches(frames: Frames) -> pl.LazyFrame:
    """Give, once for each SHA-256, a batch that was read in some segment."""
    is_read = pl.col("state").is_in(["records", "control"])
    return frames.batches.filter(is_read).unique("sha256", keep="first", maintain_order=True)
