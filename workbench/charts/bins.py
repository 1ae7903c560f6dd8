"""Bins: what happened, counted by lane, kind and stretch of time, as finely as can be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from datetime import datetime

# Lengths that people count in, from the one that a millisecond clock can fill.
_LENGTHS_MS: Final = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000),
    *(60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000),
    *(21_600_000, 43_200_000, 86_400_000),
)
_KEYS: Final = ["lane", "bin", "kind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binned:
    """Counted rows: lane, bin, kind, count, what it was about, and when first and last."""

    rows: pl.DataFrame
    length_ms: int

    @property
    def length(self) -> timedelta:
        """How long a bin is."""
        return timedelta(milliseconds=self.length_ms)

    def coarser(self, length_ms: int) -> Binned:
        """Put bins together until they are as long as this, at least."""
        length = self.length_ms
        while length < length_ms:
            length *= 2
        return Binned(rows=_regrouped(self.rows, length), length_ms=length)

    def at_most(self, rows_max: int) -> Binned:
        """Put bins together, two and two, until there are few enough of them."""
        binned = self
        while binned.rows.height > rows_max:
            binned = binned.coarser(2 * binned.length_ms)
        return binned


def bin_length_ms(begin: datetime | None, end: datetime | None, bins_max: int) -> int:
    """Choose a length of which a time holds at most so many."""
    if begin is None or end is None:
        return _LENGTHS_MS[0]
    whole_ms = (end - begin) / timedelta(milliseconds=1)
    return next((each for each in _LENGTHS_MS if whole_ms / each <= bins_max), _LENGTHS_MS[-1])


def count_in_bins(events: pl.LazyFrame, length_ms: int) -> Binned:
    """Count rows that have lane, at, kind, what and count."""
    counted = (
        events.with_columns(bin=pl.col("at").dt.truncate(f"{length_ms}ms"))
        .group_by(_KEYS)
        .agg(
            pl.col("count").sum(),
            pl.col("what").unique(),
            first_at=pl.col("at").min(),
            last_at=pl.col("at").max(),
        )
        .with_columns(pl.col("what").list.sort())
        .sort(_KEYS)
        .collect()
    )
    return Binned(rows=counted, length_ms=length_ms)


def _regrouped(rows: pl.DataFrame, length_ms: int) -> pl.DataFrame:
    return (
        rows.with_columns(pl.col("bin").dt.truncate(f"{length_ms}ms"))
        .group_by(_KEYS)
        .agg(
            pl.col("count").sum(),
            pl.col("what").explode().unique(),
            pl.col("first_at").min(),
            pl.col("last_at").max(),
        )
        .with_columns(pl.col("what").list.sort())
        .sort(_KEYS)
    )
