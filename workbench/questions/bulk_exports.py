"""Was there a bulk export?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.coverage import cover
from workbench.questions.doubts import about_reads
from workbench.questions.phrases import count_of, moment
from workbench.questions.verdict import Answer, Proof, Verdict
from workbench.questions.wording import PASSED

if TYPE_CHECKING:
    from workbench.tables import Tables

_SESSION = ["principal", "session"]
_SHOWN = [
    *("principal", "session", "client_id", "peer", "topics", "records", "bytes", "signals"),
    *("factor", "again", "peak_records", "usual_records", "usual_of", "started_at", "ended_at"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkThresholds:
    """From when on a connection's reading counts as a bulk export."""

    window: str = "10s"
    """How volumes are compared: the fullest window with the usual one (Polars' notation)."""
    records_min: int = 200
    """Connections that were given fewer records are not looked at."""
    factor: float = 10.0
    """How many times the usual window's records the fullest one holds."""
    again_min: int = 100
    """How many offsets the same principal had been given before, on another connection."""


def bulk_exports(tables: Tables, thresholds: BulkThresholds | None = None) -> Verdict:
    """Say which connections read far more than usual, or read again what had been read.

    Usual is the median over the windows of the principal's other connections in which anything was
    read; where it has no other, of everybody's.

    >>> import workbench as wb
    >>> from workbench import sample
    >>> from workbench.questions.bulk_exports import bulk_exports
    >>> verdict = bulk_exports(wb.open(sample.path()))
    >>> verdict.frame["principal"].to_list(), verdict.frame["topics"].to_list()
    (['billing@gateway:clients'], [['orders', 'payments']])
    """
    thresholds = thresholds or BulkThresholds()
    delivered = tables.delivered.filter(pl.col("record_count") > 0)
    windows = (
        delivered.with_columns(window=pl.col("at").dt.truncate(thresholds.window))
        .group_by(*_SESSION, "window")
        .agg(pl.col("record_count").sum(), pl.col("byte_count").sum())
    )
    candidates = _candidates(delivered, windows, thresholds)
    frame = _judged(candidates, windows, delivered, thresholds).collect()
    coverage = cover(tables)
    doubts = about_reads(tables, coverage)
    if not frame.is_empty():
        answer, because = Answer.YES, _strongest(frame)
    elif doubts:
        answer, because = Answer.UNKNOWN, f"None was recorded, but {doubts[0]}."
    else:
        answer, because = Answer.NO, "No connection read far more than usual, or read much again."
    return Verdict(
        question="Was there a bulk export?",
        answer=answer,
        because=because,
        proof=Proof.DELIVERED if answer is Answer.YES else None,
        coverage=coverage,
        covered=(
            _measure(thresholds),
            PASSED,
        ),
        not_covered=(
            *(f"There may be more: {doubt}." for doubt in doubts),
            "An export slow enough to look like ordinary reading.",
        ),
        frame=frame,
        rows=windows.sort("window", *_SESSION),
        parameters=asdict(thresholds),
    )


def _candidates(
    delivered: pl.LazyFrame, windows: pl.LazyFrame, thresholds: BulkThresholds
) -> pl.LazyFrame:
    peaks = windows.group_by(_SESSION).agg(peak_records=pl.col("record_count").max())
    return (
        delivered.group_by(_SESSION)
        .agg(
            pl.col("client_id", "peer").first(),
            topics=pl.coalesce("topic", "topic_id").unique().sort(),
            records=pl.col("record_count").sum(),
            bytes=pl.col("byte_count").sum(),
            started_at=pl.col("at").min(),
            ended_at=pl.col("at").max(),
        )
        .filter(pl.col("records") >= thresholds.records_min)
        .join(peaks, on=_SESSION, nulls_equal=True)
    )


def _judged(
    candidates: pl.LazyFrame,
    windows: pl.LazyFrame,
    delivered: pl.LazyFrame,
    thresholds: BulkThresholds,
) -> pl.LazyFrame:
    more = pl.col("factor") >= thresholds.factor
    again = pl.col("again") >= thresholds.again_min
    signals = pl.concat_list(
        pl.when(more).then(pl.lit("volume")), pl.when(again).then(pl.lit("read again"))
    ).list.drop_nulls()
    return (
        candidates.join(_usual(candidates, windows), on=_SESSION, how="left", nulls_equal=True)
        .join(_again(candidates, delivered), on=_SESSION, how="left", nulls_equal=True)
        .with_columns(
            factor=pl.col("peak_records") / pl.col("usual_records"),
            again=pl.col("again").fill_null(0),
        )
        .with_columns(signals=signals)
        .filter(pl.col("signals").list.len() > 0)
        .sort(pl.col("signals").list.len(), "records", descending=True)
        .select(*_SHOWN)
    )


def _usual(candidates: pl.LazyFrame, windows: pl.LazyFrame) -> pl.LazyFrame:
    """Return what a window of the principal's other connections usually held."""
    other = pl.col("session") != pl.col("session_right")
    median = pl.col("record_count").median()
    named = candidates.select(_SESSION)
    own = (
        named.join(windows, on="principal", suffix="_right")
        .filter(other)
        .group_by(_SESSION)
        .agg(own=median)
    )
    everybody = windows.select(everybody=median)
    return (
        named.join(own, on=_SESSION, how="left", nulls_equal=True)
        .join(everybody, how="cross")
        .select(
            *_SESSION,
            usual_records=pl.coalesce("own", "everybody"),
            usual_of=pl.when(pl.col("own").is_not_null())
            .then(pl.lit("principal"))
            .otherwise(pl.lit("everybody")),
        )
    )


def _again(candidates: pl.LazyFrame, delivered: pl.LazyFrame) -> pl.LazyFrame:
    """Count the offsets between those that the principal had been given on earlier connections."""
    # One client may name the topic by its name and another by its id (Fetch 13 and above); only two
    # ids that differ are two topics.
    place = ["principal", "topic", "partition"]
    delivered = delivered.with_columns(topic=pl.coalesce("topic", "topic_id"))
    spans = delivered.join(candidates.select(*_SESSION, "started_at"), on=_SESSION)
    now = spans.group_by(*place, "topic_id", "session", "started_at").agg(
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
        before.group_by(*place, "topic_id", "session")
        .agg(again=overlap.clip(lower_bound=0))
        .group_by(_SESSION)
        .agg(pl.col("again").sum())
    )


def _measure(thresholds: BulkThresholds) -> str:
    return (
        f"Connections that were given at least {thresholds.records_min:,} records: the fullest "
        f"{thresholds.window} against the usual, by a factor of {thresholds.factor:g}, and at "
        f"least {thresholds.again_min:,} offsets given again."
    )


def _strongest(frame: pl.DataFrame) -> str:
    first = frame.row(0, named=True)
    more = "" if frame.height == 1 else f", the strongest of {frame.height:,} connections"
    is_more = "volume" in first["signals"]
    times = f" ({first['factor']:,.0f} times the usual volume)" if is_more else ""
    again = f", {first['again']:,} of them again" if first["again"] else ""
    seconds = (first["ended_at"] - first["started_at"]).total_seconds()
    took = f"{seconds:,.1f} s" if seconds >= 1 else f"{1_000 * seconds:,.0f} ms"
    return (
        f"{first['principal']} from {first['peer']} was given "
        f"{count_of(first['records'], 'record')} of {', '.join(first['topics'])} "
        f"in {took} from {moment(first['started_at'])}{times}{again}{more}."
    )
