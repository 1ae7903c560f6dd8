"""The table of exchanges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from gateway.evidence.event import EventKind
from workbench.tables.schemas import EXCHANGES

if TYPE_CHECKING:
    from workbench.tables.frames import Frames

EXCHANGE: Final = ("origin", "session", "exchange")


def exchanges(frames: Frames) -> pl.LazyFrame:
    """Make the table of exchanges: those with a row of their own, and those only begun."""
    about = frames.events.filter(pl.col("exchange").is_not_null())
    told = about.filter(pl.col("kind") == EventKind.EXCHANGE)
    begun = (
        about.filter(pl.col("kind") != EventKind.EXCHANGE)
        .join(told.select(EXCHANGE), on=EXCHANGE, how="anti", nulls_equal=True)
        .sort("origin", "sequence")
        .unique(EXCHANGE, keep="first", maintain_order=True)
        .with_columns(
            outcome=pl.lit("unknown"),
            error_code=pl.lit(None, pl.Int16),
            elapsed_ns=pl.lit(None, pl.Int64),
        )
    )
    elapsed = pl.duration(microseconds=pl.col("elapsed_ns") // 1000, time_unit="us")
    return pl.concat([told, begun]).with_columns(elapsed=elapsed).select(EXCHANGES.schema.names())
