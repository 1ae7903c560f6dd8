"""The table of committed offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gateway.evidence.event import EventKind
from workbench.tables.exchanges import EXCHANGE
from workbench.tables.schemas import COMMITS

if TYPE_CHECKING:
    from workbench.tables.frames import Frames


def commits(frames: Frames) -> pl.LazyFrame:
    """Make the table of committed offsets."""
    return (
        answered_or_begun(frames.commits)
        .with_columns(via=pl.col("api"))
        .select(COMMITS.schema.names())
    )


def answered_or_begun(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Drop what was recorded before a request was forwarded where its exchange says it again."""
    told = rows.filter(pl.col("kind") == EventKind.EXCHANGE)
    begun = rows.filter(pl.col("kind") == EventKind.INTENT).join(
        told.select(EXCHANGE).unique(),
        on=EXCHANGE,
        how="anti",
        nulls_equal=True,
        maintain_order="left",
    )
    return pl.concat([told, begun])
