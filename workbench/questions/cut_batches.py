"""Batches that reached a client only in part: their first records may have been read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from workbench.questions.phrases import count_of

if TYPE_CHECKING:
    from workbench.tables import Tables

CUT_BATCH: Final = "cut_batch"
_READER: Final = ["reader", "place", "partition"]


def cut_reads(tables: Tables) -> pl.LazyFrame:
    """Return the batches that a principal was sent in part and never whole.

    Brokers end an answer at its size limit, and clients ask for the rest again; only where that
    never came does it stay open what was read. Columns: principal, session, topic, topic_id,
    partition, first and last offset, delivered_at.
    """
    cut = tables.gaps.filter(
        pl.col("kind") == CUT_BATCH, pl.col("first_offset").is_not_null()
    ).select("origin", sequence="first_sequence", first="first_offset", last="last_offset")
    # A topic that was made again has another id, and its offsets are other records.
    delivered = tables.delivered.with_columns(
        reader=pl.col("principal").fill_null(""), place=pl.coalesce("topic_id", "topic")
    )
    whole = (
        delivered.filter(pl.col("first_offset").is_not_null())
        .sort("first_offset")
        .select(*_READER, "first_offset", reach=pl.col("last_offset").cum_max().over(_READER))
    )
    return (
        cut.join(delivered, on=["origin", "sequence"])
        .sort("first")
        .join_asof(
            whole,
            left_on="first",
            right_on="first_offset",
            by=_READER,
            strategy="backward",
            check_sortedness=False,
        )
        .filter(pl.col("reach").is_null() | (pl.col("reach") < pl.col("last")))
        .select(
            *("principal", "session", "topic", "topic_id", "partition", "first", "last"),
            delivered_at="at",
        )
    )


def about_cut_batches(tables: Tables, *which: pl.Expr) -> tuple[str, ...]:
    """Say as a doubt how many of them there are."""
    count = cut_reads(tables).filter(*which).select(pl.len()).collect().item()
    if not count:
        return ()
    batches = count_of(count, "batch that may hold it was", "batches that may hold it were")
    return (f"{batches} sent in part, and it is not known what a client made of that",)
