"""The table of gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from workbench.tables.references import found_batches
from workbench.tables.schemas import GAPS

if TYPE_CHECKING:
    from workbench.tables.frames import Frames

_ORDER: Final = ("origin", "first_sequence", "kind", "segment", "block")


def gaps(frames: Frames) -> pl.LazyFrame:
    """Make the table of gaps."""
    rows = pl.concat([frames.damages, frames.gaps])
    if frames.has_lost_batch:
        rows = rows.join(found_batches(frames), left_on="lost_batch", right_on="sha256", how="anti")
    rows = rows.join(_wholes(frames), left_on="cut_head", right_on="head", how="left")
    is_timeless = pl.col("since").is_null() & pl.col("first_sequence").is_not_null()
    timed = _with_times(rows.filter(is_timeless), frames)
    return (
        pl.concat([rows.filter(~is_timeless), timed])
        .sort(_ORDER, nulls_last=True)
        .select(GAPS.schema.names())
    )


def _wholes(frames: Frames) -> pl.LazyFrame:
    """Return the digests of the whole batches of each header that a cut batch has."""
    cut = frames.gaps.select(head="cut_head").drop_nulls()
    if not frames.has_cut_batch:
        cut = cut.clear()
    is_read = pl.col("state").is_in(["records", "control"])
    return (
        frames.batches.filter(is_read)
        .join(cut, on="head", how="semi")
        .group_by("head")
        .agg(batches=pl.col("sha256").unique().sort())
    )


def _with_times(rows: pl.LazyFrame, frames: Frames) -> pl.LazyFrame:
    """Set the times of the newest event before each row, and of the first one behind it."""
    known = frames.events.select("origin", "sequence", known_at="at").sort("sequence")
    before = rows.with_columns(sequence=pl.col("first_sequence") - 1).sort("sequence")
    before = before.join_asof(
        known, on="sequence", by="origin", strategy="backward", check_sortedness=False
    )
    behind = (
        before.with_columns(since=pl.col("known_at"), sequence=pl.col("last_sequence") + 1)
        .drop("known_at")
        .sort("sequence")
    )
    behind = behind.join_asof(
        known, on="sequence", by="origin", strategy="forward", check_sortedness=False
    )
    return behind.with_columns(until=pl.coalesce("until", "known_at")).drop("known_at", "sequence")
