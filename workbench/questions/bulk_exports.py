"""Was there a bulk export?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.coverage import cover
from workbench.questions.doubts import about_reads
from workbench.questions.names import host
from workbench.questions.phrases import count_of, duration, moment
from workbench.questions.verdict import Answer, Proof, Verdict
from workbench.questions.wording import PASSED

if TYPE_CHECKING:
    from workbench.tables import Tables

_READER = ["principal", "host", "client"]
_SHOWN = [
    *("principal", "session", "connections", "client_id", "peer", "topics", "records", "bytes"),
    "signals",
    *("factor", "again", "peak_records", "usual_records", "usual_of", "started_at", "ended_at"),
]


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


def bulk_exports(tables: Tables, thresholds: BulkThresholds | None = None) -> Verdict:
    """Say which clients read far more than usual, or read again what had been read.

    A client is a principal at one address with one client id, and all its connections; the most
    suspicious of them stands in the frame. Usual is the median over the windows in which other
    clients of the same principal read; where it has none, over those of everybody else. A single
    connection is also compared with the principal's others.

    >>> import workbench as wb
    >>> from workbench import sample
    >>> from workbench.questions.bulk_exports import bulk_exports
    >>> verdict = bulk_exports(wb.open(sample.path()))
    >>> verdict.frame["principal"].to_list(), verdict.frame["topics"].to_list()
    (['billing@gateway:clients'], [['orders', 'payments']])
    """
    thresholds = thresholds or BulkThresholds()
    delivered = tables.delivered.filter(pl.col("record_count") > 0).with_columns(host=host())
    by_client = delivered.with_columns(client=pl.col("client_id").fill_null(""))
    frame = _exports(_compared(by_client, thresholds))
    # A client id is what the client says: an export may be spread over several.
    by_address = _compared(delivered.with_columns(client=pl.lit("")), thresholds)
    coverage = cover(tables)
    doubts = (
        *about_reads(tables, coverage),
        *_spread(by_address, frame),
        *_incomparable(by_address, delivered, thresholds),
    )
    if not frame.is_empty():
        answer, because = Answer.YES, _strongest(frame)
    elif doubts:
        answer, because = Answer.UNKNOWN, f"None was recorded, but {doubts[0]}."
    else:
        answer, because = Answer.NO, "No client read far more than usual, or read much again."
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
        frame=frame.select(_SHOWN),
        rows=_windows(by_client, thresholds).sort("window", *_READER),
        parameters=asdict(thresholds),
    )


def _windows(delivered: pl.LazyFrame, thresholds: BulkThresholds) -> pl.LazyFrame:
    return (
        delivered.with_columns(window=pl.col("at").dt.truncate(thresholds.window))
        .group_by(*_READER, "window")
        .agg(pl.col("record_count").sum(), pl.col("byte_count").sum())
    )


def _candidates(
    delivered: pl.LazyFrame, windows: pl.LazyFrame, thresholds: BulkThresholds
) -> pl.LazyFrame:
    peaks = windows.group_by(_READER).agg(peak_records=pl.col("record_count").max())
    most = pl.col("record_count").sum().over(*_READER, "session")
    return (
        delivered.with_columns(of_session=most)
        .sort("of_session", "at", descending=[True, False])
        .group_by(_READER)
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
        .join(peaks, on=_READER, nulls_equal=True)
    )


def _compared(delivered: pl.LazyFrame, thresholds: BulkThresholds) -> pl.DataFrame:
    """Set beside each reader of much what is usual, and what is suspicious about it."""
    # A client has one connection for each broker: what it was given on all of them is one volume.
    windows = _windows(delivered, thresholds)
    candidates = _candidates(delivered, windows, thresholds)
    burst = pl.col("burst_peak_records") / pl.col("burst_usual_records")
    usual = pl.col("peak_records") / pl.col("usual_records")
    is_burst = burst.is_not_null() & (usual.is_null() | (burst > usual))
    more = pl.col("factor") >= thresholds.factor
    again = pl.col("again") >= thresholds.again_min
    signals = pl.concat_list(
        pl.when(more).then(pl.lit("volume")), pl.when(again).then(pl.lit("read again"))
    ).list.drop_nulls()
    return (
        candidates.join(_usual(candidates, windows), on=_READER, how="left", nulls_equal=True)
        .join(_bursts(delivered, thresholds), on=_READER, how="left", nulls_equal=True)
        .with_columns(
            pl.when(is_burst).then(f"burst_{name}").otherwise(name).alias(name)
            for name in ("session", "peak_records", "usual_records", "usual_of")
        )
        .join(_again(candidates, delivered), on=_READER, how="left", nulls_equal=True)
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


def _exports(compared: pl.DataFrame) -> pl.DataFrame:
    return compared.filter(pl.col("signals").list.len() > 0)


def _spread(by_address: pl.DataFrame, found: pl.DataFrame) -> tuple[str, ...]:
    """Tell who would have exported if all clients at its address were one."""
    more = set(_exports(by_address)["principal"]) - set(found["principal"])
    who = count_of(len(more), "principal")
    return (f"all clients of {who} at one address read far more than usual",) if more else ()


def _usual(candidates: pl.LazyFrame, windows: pl.LazyFrame) -> pl.LazyFrame:
    """Return what a window of others usually held, without any of the reader's own."""
    pairs = candidates.select(_READER).join(windows, how="cross", suffix="_right")
    is_same = pl.col("principal").eq_missing(pl.col("principal_right"))
    is_own = (
        is_same
        & pl.col("host").eq_missing(pl.col("host_right"))
        & pl.col("client").eq_missing(pl.col("client_right"))
    )
    others = pairs.filter(~is_own).group_by(_READER)
    return others.agg(
        own=pl.col("record_count").filter(is_same).median(),
        everybody=pl.col("record_count").median(),
    ).select(
        *_READER,
        usual_records=pl.coalesce("own", "everybody"),
        usual_of=pl.when(pl.col("own").is_not_null())
        .then(pl.lit("principal"))
        .otherwise(pl.lit("everybody")),
    )


def _bursts(delivered: pl.LazyFrame, thresholds: BulkThresholds) -> pl.LazyFrame:
    """Return each reader's strongest connection, beside its principal's other connections."""
    keys = [*_READER, "session"]
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
        .group_by(_READER, maintain_order=True)
        .agg(
            pl.col("burst_peak_records", "burst_usual_records").last(),
            burst_session=pl.col("session").last(),
            burst_usual_of=pl.lit("principal"),
        )
    )


def _incomparable(
    compared: pl.DataFrame, delivered: pl.LazyFrame, thresholds: BulkThresholds
) -> tuple[str, ...]:
    """Tell of much reading that nothing can be compared with, or whose sum is far above others."""
    doubts = []
    alone = compared.filter(pl.col("usual_records").is_null())
    if alone.height:
        records = count_of(int(alone["records"].sum()), "record")
        doubts.append(f"there is no other reading to compare {records} with")
    totals = (
        delivered.group_by("principal")
        .agg(records=pl.col("record_count").sum())
        .sort("records", "principal", descending=[True, False])
        .collect()
    )
    usual = totals["records"][1:].median()
    if isinstance(usual, (int, float)) and totals["records"][0] >= max(
        thresholds.records_min, thresholds.factor * usual
    ):
        doubts.append(
            f"{totals['principal'][0]} was given {count_of(totals['records'][0], 'record')} in "
            f"all, {totals['records'][0] / usual:,.0f} times what others usually were"
        )
    return tuple(doubts)


def _again(candidates: pl.LazyFrame, delivered: pl.LazyFrame) -> pl.LazyFrame:
    """Count the offsets between those that the principal had been given on earlier connections."""
    # One client may name the topic by its name and another by its id (Fetch 13 and above); only two
    # ids that differ are two topics.
    place = ["principal", "topic", "partition"]
    delivered = delivered.with_columns(topic=pl.coalesce("topic", "topic_id"))
    starts = delivered.group_by("session").agg(started_at=pl.col("at").min())
    spans = delivered.join(candidates.select(_READER), on=_READER).join(starts, on="session")
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
        .group_by(*_READER, "session")
        .agg(pl.col("again").sum())
        .sort("again", "session")
        .group_by(_READER, maintain_order=True)
        .agg(pl.col("again").sum(), again_session=pl.col("session").last())
    )


def _measure(thresholds: BulkThresholds) -> str:
    return (
        f"Clients that were given at least {thresholds.records_min:,} records: the fullest "
        f"{thresholds.window} against the usual, by a factor of {thresholds.factor:g}, and at "
        f"least {thresholds.again_min:,} offsets given again."
    )


def _strongest(frame: pl.DataFrame) -> str:
    first = frame.row(0, named=True)
    more = "" if frame.height == 1 else f", the strongest of {frame.height:,} clients"
    is_more = "volume" in first["signals"]
    times = f" ({first['factor']:,.0f} times the usual volume)" if is_more else ""
    again = f", {first['again']:,} of them again" if first["again"] else ""
    took = duration(first["ended_at"] - first["started_at"])
    return (
        f"{first['principal']} from {first['peer']} was given "
        f"{count_of(first['records'], 'record')} of {', '.join(first['topics'])} "
        f"in {took} from {moment(first['started_at'])}{times}{again}{more}."
    )
