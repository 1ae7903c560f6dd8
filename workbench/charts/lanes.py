"""What a timeline draws, aggregated: spans, activity and marks in lanes, few enough to draw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

import polars as pl

if TYPE_CHECKING:
    from datetime import datetime

    from workbench.tables import Tables

Lanes = Literal["principal", "session", "topic"]

LANES_MAX: Final = 16
BINS_MAX: Final = 140
SPANS_MAX: Final = 800
MARKS_MAX: Final = 400
OTHERS: Final = "(others)"
NOBODY: Final = "(not authenticated)"
_STEPS_MS: Final = (
    *(100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000),
    *(600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Everything that a timeline shows, and how much of what there is."""

    lanes: list[str]
    spans: pl.DataFrame
    activity: pl.DataFrame
    marks: pl.DataFrame
    begin: datetime | None
    end: datetime | None
    bin_ms: int
    span_count: int
    """Spans that were asked for; fewer are drawn when they are merged."""
    loaded_count: int
    undated_count: int
    mark_count: int
    """Marks that there are; the first MARKS_MAX are drawn."""


def draw(
    tables: Tables, lanes: Lanes, since: datetime | None = None, until: datetime | None = None
) -> Drawing:
    """Aggregate the tables for a timeline; `since` and `until` limit it."""
    spans = _spans(tables, lanes)
    loaded = spans.height
    undated = spans["start"].null_count()
    spans = spans.drop_nulls("start")
    if since is not None:
        spans = spans.filter(pl.col("end") >= since)
    if until is not None:
        spans = spans.filter(pl.col("start") < until)
    begin, end = _bounds(tables, since, until)
    bin_ms = _bin_ms(begin, end)
    order = _order(spans)
    inside = _inside(begin, end, bin_ms)
    activity = _activity(tables, lanes, bin_ms).filter(inside).collect()
    marks = _summed(_in_lanes(_marks(tables, lanes, bin_ms).filter(inside).collect(), order))
    return Drawing(
        lanes=order,
        spans=_merged(_in_lanes(spans, order), bin_ms),
        activity=_summed(_in_lanes(activity, order)),
        marks=marks.sort(pl.col("kind") == "error", "bin", "lane").head(MARKS_MAX),
        begin=begin,
        end=end,
        bin_ms=bin_ms,
        span_count=spans.height,
        loaded_count=loaded,
        undated_count=undated,
        mark_count=marks.height,
    )


def _spans(tables: Tables, lanes: Lanes) -> pl.DataFrame:
    """Return what lies in lanes: connections, or for topics the times when one used them."""
    sessions = tables.sessions.select(
        "session",
        "peer",
        "client_id",
        "rejections",
        who=pl.col("principal").fill_null(NOBODY),
        start="opened_at",
        end=pl.coalesce("closed_at", "last_seen_at", "opened_at"),
        is_open=pl.col("closed_at").is_null(),
    )
    if lanes != "topic":
        return sessions.with_columns(lane=_lane(lanes)).sort("start", "session").collect()
    used = (
        pl.concat(
            [
                frame.select("session", pl.coalesce("topic", "topic_id").alias("topic"), "at")
                for frame in (tables.produced, tables.delivered)
            ]
        )
        .group_by("session", "topic")
        .agg(start=pl.col("at").min(), end=pl.col("at").max())
    )
    return (
        used.join(sessions.drop("start", "end"), on="session", how="left")
        .with_columns(lane=pl.col("topic").fill_null("(unknown)"), is_open=pl.lit(value=False))
        .drop("topic")
        .sort("start", "session")
        .collect()
    )


def _lane(lanes: Lanes) -> pl.Expr:
    if lanes == "principal":
        return pl.col("who")
    return pl.format("{} {}", "session", pl.col("who").str.replace("@.*", ""))


def _activity(tables: Tables, lanes: Lanes, bin_ms: int) -> pl.LazyFrame:
    """Count the records that went to and from clients, in bins."""
    both = pl.concat(
        [
            frame.select(
                "session",
                "at",
                pl.coalesce("topic", "topic_id").fill_null("(unknown)").alias("topic"),
                who=pl.col("principal").fill_null(NOBODY),
                count="record_count",
                kind=pl.lit(kind),
            )
            for kind, frame in (("written", tables.produced), ("read", tables.delivered))
        ]
    )
    lane = pl.col("topic") if lanes == "topic" else _lane(lanes)
    return (
        both.with_columns(lane=lane, bin=pl.col("at").dt.truncate(f"{bin_ms}ms"))
        .group_by("lane", "bin", "kind")
        .agg(pl.col("count").sum(), what=pl.col("topic").unique().sort().str.join(", "))
    )


def _marks(tables: Tables, lanes: Lanes, bin_ms: int) -> pl.LazyFrame:
    """Count refusals, failed logins and errors, in bins; for topics those that name one."""
    is_login = pl.col("api").is_in(["SASL_HANDSHAKE", "SASL_AUTHENTICATE"])
    refused = pl.col("decision").is_in(["deny", "hold"])
    kind = (
        pl.when(refused & is_login)
        .then(pl.lit("failed login"))
        .when(refused)
        .then(pl.lit("refused"))
        .when(pl.col("error_code") != 0)
        .then(pl.lit("error"))
    )
    told = tables.exchanges.with_columns(kind=kind).filter(pl.col("kind").is_not_null())
    if lanes == "topic":
        targets = tables.admin.select("origin", "sequence", lane="targets").explode("lane")
        told = told.join(targets, on=["origin", "sequence"]).drop_nulls("lane")
    else:
        who = pl.col("principal").fill_null(NOBODY)
        told = told.with_columns(who=who).with_columns(lane=_lane(lanes))
    return (
        told.with_columns(bin=pl.col("at").dt.truncate(f"{bin_ms}ms"))
        .group_by("lane", "bin", "kind", what="api")
        .agg(count=pl.len().cast(pl.Int64))
    )


def _bounds(
    tables: Tables, since: datetime | None, until: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """Return the limits that were asked for, else those of everything recorded."""
    begin, end = (
        tables.sessions.select(
            pl.col("opened_at").min(), pl.max_horizontal("closed_at", "last_seen_at").max()
        )
        .collect()
        .row(0)
    )
    return since or begin, until or end


def _bin_ms(begin: datetime | None, end: datetime | None) -> int:
    if begin is None or end is None:
        return _STEPS_MS[0]
    whole_ms = (end - begin) / timedelta(milliseconds=1)
    return next((step for step in _STEPS_MS if whole_ms / step <= BINS_MAX), _STEPS_MS[-1])


def _inside(begin: datetime | None, end: datetime | None, bin_ms: int) -> pl.Expr:
    if begin is None or end is None:
        return pl.lit(value=True)
    return pl.col("bin").is_between(begin - timedelta(milliseconds=bin_ms), end)


def _order(spans: pl.DataFrame) -> list[str]:
    """Choose the lanes: the busiest, in the order of their first span."""
    seen = spans.group_by("lane").agg(pl.len(), pl.col("start").min())
    chosen = seen.sort("len", "lane", descending=[True, False]).head(LANES_MAX)
    names = chosen.sort("start", "lane")["lane"].to_list()
    return [*names, OTHERS] if seen.height > LANES_MAX else names


def _in_lanes(frame: pl.DataFrame, order: list[str]) -> pl.DataFrame:
    """Put what belongs to no chosen lane into the last."""
    is_chosen = pl.col("lane").is_in(order)
    return frame.with_columns(lane=pl.when(is_chosen).then("lane").otherwise(pl.lit(OTHERS)))


def _merged(spans: pl.DataFrame, bin_ms: int) -> pl.DataFrame:
    """Merge spans of a lane that begin in one bin when there are too many to draw."""
    counted = spans.with_columns(count=pl.lit(1, pl.Int64))
    if spans.height <= SPANS_MAX:
        return counted
    return (
        counted.with_columns(bin=pl.col("start").dt.truncate(f"{bin_ms}ms"))
        .group_by("lane", "bin")
        .agg(
            pl.col("start", "is_open").min(),
            pl.col("end").max(),
            pl.col("count", "rejections").sum(),
            session=pl.format("{} sessions", pl.len()),
            peer=pl.format("{} addresses", pl.col("peer").n_unique()),
            client_id=pl.format("{} client ids", pl.col("client_id").n_unique()),
            who=pl.col("who").first(),
        )
        .drop("bin")
        .sort("start", "lane")
    )


def _summed(frame: pl.DataFrame) -> pl.DataFrame:
    """Add up what fell into one lane and bin, and name all that did."""
    keys = ["lane", "bin", "kind"]
    return (
        frame.group_by(keys)
        .agg(pl.col("count").sum(), what=pl.col("what").unique().sort().str.join(", "))
        .sort(keys)
    )
