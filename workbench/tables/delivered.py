"""The table of deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gateway.evidence.event import EventKind
from workbench.tables.schemas import DELIVERED

if TYPE_CHECKING:
    from workbench.tables.frames import Frames


def delivered(frames: Frames) -> pl.LazyFrame:
    """Make the table of deliveries."""
    return (
        frames.events.filter(pl.col("kind") == EventKind.DELIVERED)
        .with_columns(via=pl.col("api"), batches=batch_digests())
        .select(DELIVERED.schema.names())
    )


def batch_digests() -> pl.Expr:
    """Give the SHA-256 of each batch of an event, in order."""
    return pl.col("batches").list.eval(pl.element().struct.field("sha256"))
