"""Bins count everything, as finely as can be drawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from workbench.charts.bins import Binned, bin_length_ms, count_in_bins

NOON = datetime(2026, 3, 17, 12, 0, tzinfo=UTC)


def events(*seconds: float, kind: str = "read") -> pl.LazyFrame:
    """Make an event of two records at each moment."""
    return pl.LazyFrame(
        {
            "lane": ["shop"] * len(seconds),
            "at": [NOON + timedelta(seconds=second) for second in seconds],
            "kind": [kind] * len(seconds),
            "what": [f"t{int(second) % 2}" for second in seconds],
            "count": [2] * len(seconds),
        }
    )


def counts(binned: Binned) -> list[int]:
    """Return the counts in order."""
    return binned.rows["count"].to_list()


def test_events_of_one_bin_are_counted_together() -> None:
    """With what they were about, and when the first and the last of them was."""
    binned = count_in_bins(events(0, 1, 9, 10), 10_000)
    (first, _) = binned.rows.iter_rows(named=True)

    assert [6, 2] == counts(binned)
    assert ["t0", "t1"] == first["what"]
    assert (NOON, NOON + timedelta(seconds=9)) == (first["first_at"], first["last_at"])
    assert timedelta(seconds=10) == binned.length


def test_kinds_are_counted_apart() -> None:
    """What was read is not what was written."""
    both = pl.concat([events(0), events(0, kind="written")])

    assert [2, 2] == counts(count_in_bins(both, 1_000))


def test_bins_are_put_together_until_there_are_few_enough() -> None:
    """Nothing is lost by it."""
    binned = count_in_bins(events(*range(64)), 1_000)
    fewer = binned.at_most(10)

    assert (8_000, 8) == (fewer.length_ms, fewer.rows.height)
    assert sum(counts(binned)) == sum(counts(fewer)) == 128
    assert ["t0", "t1"] == fewer.rows["what"][0].to_list()
    assert binned is binned.at_most(64)


def test_bins_are_made_as_long_as_wanted_at_least() -> None:
    """By doubling, so that no bin is cut."""
    assert 4_000 == count_in_bins(events(0), 1_000).coarser(3_000).length_ms


@pytest.mark.parametrize(
    ("length_ms", "seconds"),
    [(1, 0.1), (100, 10), (30_000, 3_600), (900_000, 86_400), (86_400_000, 86_400 * 3_650)],
)
def test_a_bin_is_as_long_as_people_count(length_ms: int, seconds: float) -> None:
    """Of which a time holds at most so many, unless it is many years."""
    assert length_ms == bin_length_ms(NOON, NOON + timedelta(seconds=seconds), 140)


def test_without_a_time_bins_are_short() -> None:
    """There is nothing to put into them."""
    assert 1 == bin_length_ms(None, None, 140)
