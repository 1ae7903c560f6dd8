"""Exports that are spread over so many clients of a principal that none of them reads much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.phrases import count_of
from workbench.questions.volumes import READER, candidates_of, given_again, usual_of, windows_of

if TYPE_CHECKING:
    from workbench.questions.volumes import BulkThresholds


def about_spread(
    delivered: pl.LazyFrame, found: pl.DataFrame, thresholds: BulkThresholds
) -> tuple[str, ...]:
    """Tell whose connections were together given far more than usual, or much again.

    Addresses and client ids cost a thief nothing, so all clients of a principal are taken as one;
    except of principals in `found`, of which is known that they exported.
    """
    everybody = delivered.with_columns(host=pl.lit(""), client=pl.lit(""))
    known = found.lazy().select("principal").unique()
    whole = everybody.join(known, on="principal", how="anti", nulls_equal=True)
    windows = windows_of(everybody, thresholds)
    return (*_much(whole, windows, thresholds), *_much_again(whole, thresholds))


def _much(
    whole: pl.LazyFrame, everybody: pl.LazyFrame, thresholds: BulkThresholds
) -> tuple[str, ...]:
    windows = _full_windows(whole, everybody, thresholds)
    full = (
        whole.with_columns(window=pl.col("at").dt.truncate(thresholds.window))
        .join(windows, on=["principal", "window"], nulls_equal=True)
        .group_by("principal")
        .agg(
            records=pl.col("record_count").sum(),
            connections=pl.col("session").n_unique(),
            usual=pl.col("usual").first(),
        )
        # One connection is compared with the principal's others, and with everybody.
        .filter(pl.col("records") >= thresholds.records_min, pl.col("connections") > 1)
        .sort("records", "principal", descending=[True, False])
        .collect()
    )
    if full.is_empty():
        return ()
    first = full.row(0, named=True)
    who = _name(first["principal"])
    records = count_of(first["records"], "record")
    connections = count_of(first["connections"], "connection")
    times = f"at least {thresholds.factor:g} times the usual {first['usual']:,.0f}"
    window = f"in windows of {thresholds.window} with {times}"
    return (f"{who} was given {records} on {connections} together {window}{_more(full)}",)


def _full_windows(
    whole: pl.LazyFrame, everybody: pl.LazyFrame, thresholds: BulkThresholds
) -> pl.LazyFrame:
    """Return the windows in which a principal was given far more than it usually is.

    Usual is what its other windows hold, but for those beside the fullest, into which the same
    burst may reach; where it has no others, what those of everybody else do.
    """
    windows = windows_of(whole, thresholds)
    peaks = windows.group_by(READER).agg(
        peak_at=pl.col("window").sort_by("record_count", "window").last()
    )
    before = pl.col("peak_at").dt.offset_by(f"-{thresholds.window}")
    behind = pl.col("peak_at").dt.offset_by(thresholds.window)
    own = (
        windows.join(peaks, on=READER, nulls_equal=True)
        .filter(~pl.col("window").is_between(before, behind))
        .group_by("principal")
        .agg(own=pl.col("record_count").median())
    )
    return (
        windows.join(own, on="principal", how="left", nulls_equal=True)
        .join(usual_of(peaks, everybody), on=READER, how="left", nulls_equal=True)
        .with_columns(usual=pl.coalesce("own", "usual_records"))
        .filter(pl.col("record_count") >= thresholds.factor * pl.col("usual"))
        .select("principal", "window", "usual")
    )


def _much_again(whole: pl.LazyFrame, thresholds: BulkThresholds) -> tuple[str, ...]:
    candidates = candidates_of(whole, windows_of(whole, thresholds), thresholds)
    again = (
        given_again(candidates, whole)
        .filter(pl.col("again") >= thresholds.again_min)
        .sort("again", "principal", descending=[True, False])
        .collect()
    )
    if again.is_empty():
        return ()
    first = again.row(0, named=True)
    offsets = count_of(int(first["again"]), "offset")
    who = _name(first["principal"])
    return (f"{who} was given {offsets} again on later connections together{_more(again)}",)


def _name(principal: str | None) -> str:
    return principal or "somebody without a principal"


def _more(principals: pl.DataFrame) -> str:
    others = principals.height - 1
    were = count_of(others, "other principal")
    return f", and so {'was' if others == 1 else 'were'} {were}" if others else ""
