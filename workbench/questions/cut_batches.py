"""Batches that reached a client only in part: their first records may have been read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from workbench.questions.phrases import count_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.tables import Tables

CUT_BATCH: Final = "cut_batch"
_READER: Final = ["reader", "place", "partition"]
_ANSWER: Final = ["origin", "sequence"]


def cut_reads(tables: Tables, deliveries: Sequence[pl.Expr] = ()) -> pl.LazyFrame:
    """Return the batches that a principal was sent in part and never whole.

    Brokers end an answer at its size limit, and clients ask for the rest again; only where that
    never came does it stay open what was read. Whole is the very same batch, not masked since and
    not what was written at its offsets later. `deliveries` selects what is asked about, by the
    columns of `delivered` and `delivered_at`: the whole counts where it is among that, too.
    Columns: principal, session, topic, topic_id, partition, first and last offset, delivered_at.
    """
    cut = tables.gaps.filter(
        pl.col("kind") == CUT_BATCH, pl.col("first_offset").is_not_null()
    ).select(
        "origin",
        sequence="first_sequence",
        first="first_offset",
        last="last_offset",
        whole="batches",
    )
    delivered = tables.delivered.with_columns(
        reader=pl.col("principal").fill_null(""),
        place=pl.coalesce("topic", "topic_id"),
        delivered_at="at",
    ).filter(*deliveries)
    parts = cut.join(delivered.drop("batches"), on=_ANSWER)
    wholes = delivered.select(*_READER, whole="batches").explode("whole")
    settled = (
        # An answer ends once, so it has one cut batch.
        parts.select(*_ANSWER, *_READER, "whole")
        .explode("whole")
        .drop_nulls("whole")
        .join(wholes, on=[*_READER, "whole"], how="semi")
    )
    return parts.join(settled, on=_ANSWER, how="anti").select(
        *("principal", "session", "topic", "topic_id", "partition", "first", "last"),
        "delivered_at",
    )


def about_cut_batches(
    tables: Tables, deliveries: Sequence[pl.Expr] = (), offset: int | None = None
) -> tuple[str, ...]:
    """Say as a doubt how many of them there are, or how many of them may hold an offset."""
    cut = cut_reads(tables, deliveries)
    if offset is not None:
        cut = cut.filter(pl.col("first") <= offset, pl.col("last") >= offset)
    count = cut.select(pl.len()).collect().item()
    if not count:
        return ()
    batches = count_of(count, "batch that may hold it was", "batches that may hold it were")
    return (f"{batches} sent in part, and it is not known what a client made of that",)
