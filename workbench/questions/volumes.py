"""How much each reader was given, what is usual beside it, and what it had been given before.

A reader is what the columns of `READER` tell apart; who asks decides how finely by what stands in
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

READER: Final = ["principal", "host", "client"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkThresholds:
    """From when on a client's reading counts as a bulk export."""

    window: str = "10s"
    """How volumes are compared: the fullest window with the usual one (Polars' notation)."""
    records_min: int = 200
    """Clients that were given fewer records are not looked at."""
    factor: float = 10.0
    """How many times the usual window's records the fullest one holds."""
    again_min: int = 100
    """How many offsets the same principal had been given before, on another connection."""


def compared(delivered: pl.LazyFrame, thresholds: BulkThresholds) -> pl.DataFrame:
    """Set beside each reader of much what is usual, and what is suspicious about it."""
    # A client has one connection for each broker: what it was given on all of them is one volume.
    windows = windows_of(delivered, thresholds)
    candidates = candidates_of(delivered, windows, thresholds)
    burst = pl.col("burst_peak_records") / pl.col("burst_usual_records")
    usual = pl.col("peak_records") / pl.col("usual_records")
    is_burst = burst.is_not_null() & (usual.is_null() | (burst > usual))
    more = pl.col("factor") >= thresholds.factor
    again = pl.col("again") >= thresholds.again_min
    signals = pl.concat_list(
        pl.when(more).then(pl.lit("volume")), pl.when(again).then(pl.lit("read again"))
    ).list.drop_nulls()
    return (
        candidates.join(usual_of(candidates, windows), on=READER, how="left", nulls_equal=True)
        .join(_bursts(delivered, thresholds), on=READER, how="left", nulls_equal=True)
        .with_columns(
            pl.when(is_burst).then(f"burst_{name}").otherwise(name).alias(name)
            for name in ("session", "peak_records", "usual_records", "usual_of")
        )
        .join(given_again(candidates, delivered), on=READER, how="left", nulls_equal=True)
        .with_columns(
            factor=pl.col("peak_records") / pl.col("usual_records"),
            again=pl.col("again").fill_null(0),
        )
        .with_columns(
            signals=signals,
            session=pl.when(again).then("again_session").otherwise("session"),
        )
        .sort(pl.col("signals").list.len(), "records", descending=True)
        .collect()
    )


def windows_of(delivered: pl.LazyFrame, thresholds: BulkThresholds) -> pl.LazyFrame:
    """Add up what each reader was given in each window."""
    return (
        delivered.with_columns(window=pl.col("at").dt.truncate(thresholds.window))
        .group_by(*READER, "window")
        .agg(pl.col("record_count").sum(), pl.col("byte_count").sum())
    )


def candidates_of(
    delivered: pl.LazyFrame, windows: pl.LazyFrame, thresholds: BulkThresholds
) -> pl.LazyFrame:
    """Return the readers that were given much, and what tells them apart."""
    peaks = windows.group_by(READER).agg(peak_records=pl.col("record_count").max())
    most = pl.col("record_count").sum().over(*READER, "session")
    return (
        delivered.with_columns(of_session=most)
        .sort("of_session", "at", descending=[True, False])
        .group_by(READER)
        .agg(
            pl.col("session", "client_id", "peer").first(),
            connections=pl.col("session").n_unique(),
            topics=pl.coalesce("topic", "topic_id").unique().sort(),
            records=pl.col("record_count").sum(),
            bytes=pl.col("byte_count").sum(),
            started_at=pl.col("at").min(),
            ended_at=pl.col("at").max(),
        )
        .filter(pl.col("records") >= thresholds.records_min)
        .join(peaks, on=READER, nulls_equal=True)
    )


def usual_of(candidates: pl.LazyFrame, windows: pl.LazyFrame) -> pl.LazyFrame:
    """Return what a window of others usually held, without any of the reader's own."""
    pairs = candidates.select(READER).join(windows, how="cross", suffix="_right")
    is_same = pl.col("principal").eq_missing(pl.col("principal_right"))
    is_own = (
        is_same
        & pl.col("host").eq_missing(pl.col("host_right"))
        & pl.col("client").eq_missing(pl.col("client_right"))
    )
    others = pairs.filter(~is_own).group_by(READER)
    return others.agg(
        own=pl.col("record_count").filter(is_same).median(),
        everybody=pl.col("record_count").median(),
    ).select(
        *READER,
        usual_records=pl.coalesce("own", "everybody"),
        usual_of=pl.when(pl.col("own").is_not_null())
        .then(pl.lit("principal"))
        .otherwise(pl.lit("everybody")),
    )


def _bursts(delivered: pl.LazyFrame, thresholds: BulkThresholds) -> pl.LazyFrame:
    """Return each reader's strongest connection, beside its principal's other connections."""
    keys = [*READER, "session"]
    windows = (
        delivered.with_columns(window=pl.col("at").dt.truncate(thresholds.window))
        .group_by(*keys, "window")
        .agg(pl.col("record_count").sum())
    )
    peaks = (
        windows.group_by(keys)
        .agg(records=pl.col("record_count").sum(), burst_peak_records=pl.col("record_count").max())
        .filter(pl.col("records") >= thresholds.records_min)
    )
    return (
        peaks.join(windows, on="principal", suffix="_right")
        .filter(pl.col("session") != pl.col("session_right"))
        .group_by(*keys, "burst_peak_records")
        .agg(burst_usual_records=pl.col("record_count").median())
        .sort(pl.col("burst_peak_records") / pl.col("burst_usual_records"), "session")
        .group_by(READER, maintain_order=True)
        .agg(
            pl.col("burst_peak_records", "burst_usual_records").last(),
            burst_session=pl.col("session").last(),
            burst_usual_of=pl.lit("principal"),
        )
    )


def given_again(candidates: pl.LazyFrame, delivered: pl.LazyFrame) -> pl.LazyFrame:
    """Count the offsets between those that the principal had been given on earlier connections."""
    # One client may name the topic by its name and another by its id (Fetch 13 and above); only two
    # ids that differ are two topics.
    place = ["principal", "topic", "partition"]
    delivered = delivered.with_columns(topic=pl.coalesce("topic", "topic_id"))
    starts = delivered.group_by("session").agg(started_at=pl.col("at").min())
    spans = delivered.join(candidates.select(READER), on=READER).join(starts, on="session")
    now = spans.group_by(*place, "host", "client", "topic_id", "session", "started_at").agg(
        first=pl.col("first_offset").min(), last=pl.col("last_offset").max()
    )
    before = now.join(delivered, on=place, suffix="_before", nulls_equal=True).filter(
        # Not of this connection itself, which had been given nothing before it started.
        pl.col("at") < pl.col("started_at"),
        (pl.col("topic_id") == pl.col("topic_id_before")).fill_null(value=True),
    )
    overlap = (
        pl.min_horizontal(pl.col("last").first(), pl.col("last_offset").max())
        - pl.max_horizontal(pl.col("first").first(), pl.col("first_offset").min())
        + 1
    )
    return (
        before.group_by(*place, "host", "client", "topic_id", "session")
        .agg(again=overlap.clip(lower_bound=0))
        .group_by(*READER, "session")
        .agg(pl.col("again").sum())
        .sort("again", "session")
        .group_by(READER, maintain_order=True)
        .agg(pl.col("again").sum(), again_session=pl.col("session").last())
    )
