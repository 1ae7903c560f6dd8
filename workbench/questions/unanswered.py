"""Records of producers that were told no offset, and where they may lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from workbench.questions.coverage import ENCRYPTED, UNDECODABLE
from workbench.questions.names import PARTITION, topic_name

if TYPE_CHECKING:
    from workbench.tables import Tables

# Errors with which a broker may have appended the records all the same: it failed in a way that it
# does not name, lost the partition or its disk meanwhile, or waited in vain for other replicas.
_MAY_BE_KEPT: Final = (-1, 6, 7, 13, 20, 56)


def may_be_kept() -> pl.Expr:
    """Select what was produced without being told an offset, and may be in the log.

    That is what was sent with acks=0, what was not answered, and what failed with an error that
    does not say whether the broker kept it; not what it refused.
    """
    return pl.col("first_offset").is_null() & (_is_unanswered() | _has_failed_somehow())


def mark_unanswered(missing: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    """Recognise records of producers that were told no offset, each of them once.

    Adds `is_unanswered`, and `is_maybe_unanswered` where nobody can tell.
    """
    delivered = tables.records.filter(pl.col("direction") == "delivered").with_columns(topic_name())
    contents = delivered.select(*PARTITION, "offset", "content").unique()
    rank = pl.col("offset").rank("ordinal").over(*PARTITION, "content")
    recognised = (
        missing.select(*PARTITION, "offset")
        .join(contents, on=[*PARTITION, "offset"])
        .join(_supply(tables), on=[*PARTITION, "content"])
        .with_columns(rank=rank)
        .group_by(*PARTITION, "offset")
        .agg(
            is_unanswered=(pl.col("rank") <= pl.col("unanswered")).any(),
            is_like_failed=(pl.col("rank") <= pl.col("unanswered") + pl.col("failed")).any(),
        )
    )
    return (
        missing.join(recognised, on=[*PARTITION, "offset"], how="left")
        .join(_told_none(tables), on=PARTITION, how="left")
        .with_columns(
            pl.col("is_unanswered", "is_like_failed").fill_null(value=False),
            # Null where every producer of the partition was told its offsets.
            is_incomparable=(pl.col("is_undecodable") | pl.col("is_masked"))
            & pl.col("is_undecodable").is_not_null(),
        )
        .with_columns(
            is_maybe_unanswered=~pl.col("is_unanswered")
            & (pl.col("is_like_failed") | pl.col("is_incomparable").fill_null(value=False))
        )
    )


def _supply(tables: Tables) -> pl.LazyFrame:
    """Count how often each content was sent and not answered, and sent and failed somehow."""
    sent = (
        tables.produced.filter(may_be_kept())
        .select(topic_name(), "partition", "batches", is_failed=~_is_unanswered())
        .explode("batches")
        .group_by(*PARTITION, "batches")
        .agg(
            unanswered=(~pl.col("is_failed")).sum().cast(pl.Int64),
            failed=pl.col("is_failed").sum().cast(pl.Int64),
        )
    )
    return (
        tables.records.filter(pl.col("direction") == "produced", pl.col("offset").is_null())
        .select(topic_name(), "partition", "content", "batch", "position")
        # The same batch stands once for each id under which the topic was written to.
        .unique([*PARTITION, "batch", "position"])
        .join(sent, left_on=[*PARTITION, "batch"], right_on=[*PARTITION, "batches"])
        .group_by(*PARTITION, "content")
        .agg(pl.col("unanswered", "failed").sum())
    )


def _told_none(tables: Tables) -> pl.LazyFrame:
    """Return the partitions with a producer that was told no offset."""
    undecodable = (
        tables.gaps.filter(pl.col("kind").is_in([UNDECODABLE, ENCRYPTED]))
        .select(topic_name(), "partition", is_undecodable=pl.lit(value=True))
        .unique()
    )
    return (
        tables.produced.filter(may_be_kept())
        .select(topic_name(), "partition")
        .unique()
        .join(undecodable, on=PARTITION, how="left")
        .with_columns(pl.col("is_undecodable").fill_null(value=False))
    )


def _is_unanswered() -> pl.Expr:
    return pl.col("error_code").fill_null(0) == 0


def _has_failed_somehow() -> pl.Expr:
    return pl.col("error_code").is_in(_MAY_BE_KEPT).fill_null(value=False)
