"""What a timeline draws, aggregated: spans, activity and marks in lanes, few enough to draw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import polars as pl

from workbench.charts.bins import Binned, bin_length_ms, count_in_bins

if TYPE_CHECKING:
    from datetime import datetime

    from workbench.tables import Tables

Lanes = Literal["principal", "session", "topic"]

LANES_MAX: Final = 16
STRIP_BINS_MAX: Final = 140
"""In the strip each bin is wide enough to be seen."""
FINE_BINS_MAX: Final = 16 * STRIP_BINS_MAX
"""In the lanes they are as short as a selection of a sixteenth of the strip can show."""
ACTIVITY_MAX: Final = 3_000
MARKS_MAX: Final = 500
SPANS_MAX: Final = 800
OTHERS: Final = "(others)"
NOBODY: Final = "(not authenticated)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Everything that a timeline shows, and how much of what there is."""

    lanes: list[str]
    spans: pl.DataFrame
    activity: Binned
    """Records read and written."""
    strip: Binned
    """The same in longer bins."""
    marks: Binned
    begin: datetime | None
    end: datetime | None
    span_count: int
    """Spans that were asked for; fewer are drawn when they are merged."""
    loaded_count: int
    undated_count: int


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
    fine_ms = bin_length_ms(begin, end, FINE_BINS_MAX)
    strip_ms = bin_length_ms(begin, end, STRIP_BINS_MAX)
    order = _order(spans)
    inside = [pl.col("at").is_between(begin, end)] if begin and end else []
    activity, marks = (
        _in_lanes(count_in_bins(events.filter(*inside), fine_ms), order)
        for events in (_activity(tables, lanes), _marks(tables, lanes))
    )
    return Drawing(
        lanes=order,
        spans=_merged(_with_lane(spans, order), strip_ms),
        activity=activity.at_most(ACTIVITY_MAX),
        strip=activity.coarser(strip_ms),
        marks=marks.at_most(MARKS_MAX),
        begin=begin,
        end=end,
        span_count=spans.height,
        loaded_count=loaded,
        undated_count=undated,
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


def _activity(tables: Tables, lanes: Lanes) -> pl.LazyFrame:
    """Return the records that went to and from clients."""
    both = pl.concat(
        [
            frame.select(
                "session",
                "at",
                what=pl.coalesce("topic", "topic_id").fill_null("(unknown)"),
                who=pl.col("principal").fill_null(NOBODY),
                count="record_count",
                kind=pl.lit(kind),
            )
            for kind, frame in (("written", tables.produced), ("read", tables.delivered))
        ]
    )
    return both.with_columns(lane=pl.col("what") if lanes == "topic" else _lane(lanes))


def _marks(tables: Tables, lanes: Lanes) -> pl.LazyFrame:
    """Return refusals, failed logins and errors; for topics those that name one."""
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
    told = tables.exchanges.with_columns(
        kind=kind,
        what=pl.col("api"),
        count=pl.lit(1, pl.Int64),
        who=pl.col("principal").fill_null(NOBODY),
    ).filter(pl.col("kind").is_not_null())
    if lanes != "topic":
        return told.with_columns(lane=_lane(lanes))
    targets = tables.admin.select("origin", "sequence", lane="targets").explode("lane")
    return told.join(targets, on=["origin", "sequence"]).drop_nulls("lane")


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


def _order(spans: pl.DataFrame) -> list[str]:
    """Choose the lanes: the busiest, in the order of their first span."""
    seen = spans.group_by("lane").agg(pl.len(), pl.col("start").min())
    chosen = seen.sort("len", "lane", descending=[True, False]).head(LANES_MAX)
    names = chosen.sort("start", "lane")["lane"].to_list()
    return [*names, OTHERS] if seen.height > LANES_MAX else names


def _with_lane(frame: pl.DataFrame, order: list[str]) -> pl.DataFrame:
    """Put what belongs to no chosen lane into the last."""
    is_chosen = pl.col("lane").is_in(order)
    return frame.with_columns(lane=pl.when(is_chosen).then("lane").otherwise(pl.lit(OTHERS)))


def _in_lanes(binned: Binned, order: list[str]) -> Binned:
    """Put the bins of lanes that were not chosen together."""
    moved = replace(binned, rows=_with_lane(binned.rows, order))
    return moved.coarser(moved.length_ms)


def _merged(spans: pl.DataFrame, length_ms: int) -> pl.DataFrame:
    """Merge spans of a lane that begin in one bin when there are too many to draw."""
    counted = spans.with_columns(count=pl.lit(1, pl.Int64))
    if spans.height <= SPANS_MAX:
        return counted
    return (
        counted.with_columns(bin=pl.col("start").dt.truncate(f"{length_ms}ms"))
        .group_by("lane", "bin")
        .agg(
            pl.col("start").min(),
            pl.col("end").max(),
            pl.col("is_open").any(),
            pl.col("count", "rejections").sum(),
            session=pl.format("{} sessions", pl.len()),
            peer=pl.format("{} addresses", pl.col("peer").n_unique()),
            client_id=pl.format("{} client ids", pl.col("client_id").n_unique()),
            who=pl.col("who").first(),
        )
        .drop("bin")
        .sort("start", "lane")
    )
