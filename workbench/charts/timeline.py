"""The timeline: who was connected when, what was read and written, and what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import altair as alt

from workbench.charts.lanes import Drawing, Lanes, draw
from workbench.charts.rows import datasets, domain, milliseconds
from workbench.questions.given import time_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from workbench.tables import Tables

# Okabe and Ito's colours, which people with any kind of colour blindness can tell apart; kinds also
# differ by place or shape.
_RECORDS: Final = {"read": "#0072B2", "written": "#E69F00"}
_MARKS: Final = {
    "failed login": ("#CC79A7", "cross"),
    "refused": ("#D55E00", "diamond"),
    "error": ("#333333", "triangle-up"),
}
_SPAN: Final = "#7A8CA0"
_WIDTH: Final = 700
_LANE_HEIGHT: Final = 30
_OVERVIEW_HEIGHT: Final = 56
# These have the same widths everywhere, so that a picture drawn here fits where it is looked at.
_FONT: Final = "Arial, 'Liberation Sans', Helvetica, sans-serif"
# Vega's own labels are American, and differ with the distance of the ticks.
_LABEL: Final = (
    "utcFormat(datum.value, utcmilliseconds(datum.value) ? '%H:%M:%S.%L' : "
    "utcseconds(datum.value) ? '%H:%M:%S' : "
    "utchours(datum.value) || utcminutes(datum.value) ? '%H:%M' : '%d %b')"
)


def timeline(
    tables: Tables,
    *,
    lanes: Lanes = "principal",
    since: datetime | str | None = None,
    until: datetime | str | None = None,
    window: tuple[datetime, datetime] | None = None,
    reference_times: Mapping[str, datetime] | None = None,
) -> alt.VConcatChart:
    """Draw connections as spans in lanes, below a strip whose selection chooses what they show.

    `since` and `until` limit what is loaded, `window` is selected to begin with, and
    `reference_times` are drawn as lines with their names. Records read stand in the upper half of a
    lane, records written in the lower.

    >>> import workbench as wb
    >>> from workbench import sample
    >>> from workbench.charts.timeline import timeline
    >>> [view["name"] for view in timeline(wb.open(sample.path())).to_dict()["vconcat"]]
    ['overview', 'detail']
    """
    drawing = draw(tables, lanes, time_of("since", since), time_of("until", until))
    chosen = [milliseconds(at) for at in window or ()]
    brush = (
        alt.selection_interval(name="window", encodings=["x"], value={"x": chosen})
        if chosen
        else alt.selection_interval(name="window", encodings=["x"])
    )
    whole = alt.Scale(type="utc", domain=domain(drawing), nice=False)
    part = alt.Scale(type="utc", domain=brush, nice=False)
    title = alt.TitleParams(
        "Timeline", subtitle=_counts(drawing), anchor="start", subtitleColor="#555555"
    )
    chart: alt.VConcatChart = (
        alt.vconcat(
            _overview(whole, brush),
            _detail(drawing.lanes, part),
            spacing=14,
            title=title,
            padding={"left": 16, "right": 24, "top": 5, "bottom": 5},
        )
        .resolve_scale(color="independent", opacity="independent", shape="independent")
        .configure_view(stroke="#D0D4DA")
        .configure_axis(gridColor="#E6E9ED", labelLimit=260)
        .configure_title(fontSize=15, subtitlePadding=6)
        .configure(font=_FONT)
    )
    # Only now: each step above copies the chart, and would copy the data with it.
    chart.datasets = datasets(drawing, reference_times or {})
    return chart


def _overview(scale: alt.Scale, brush: alt.Parameter) -> alt.LayerChart:
    bars = (
        alt.Chart(alt.NamedData("strip"))
        .mark_bar()
        .encode(
            x=alt.X("from:T", scale=scale, title=None, axis=_axis()),
            x2="to:T",
            y=alt.Y("sum(count):Q", title="records", axis=alt.Axis(tickCount=3)),
            color=_record_colour(None),
        )
        # Without a name of ours the selection's view is named after a counter.
        .properties(name="strip")
        .add_params(brush)
    )
    marks = (
        alt.Chart(alt.NamedData("marks"))
        .mark_rule(strokeWidth=2, y=0, y2=10)
        .encode(x=alt.X("from:T", scale=scale), color=_mark_colour(None))
    )
    layers: alt.LayerChart = (
        alt.layer(bars, marks, *_reference_layers(scale, named=False))
        .resolve_scale(color="independent")
        .properties(name="overview", width=_WIDTH, height=_OVERVIEW_HEIGHT)
    )
    return layers


def _detail(lanes: list[str], scale: alt.Scale) -> alt.LayerChart:
    x = alt.X("from:T", scale=scale, title="time (UTC)", axis=_axis())
    y = alt.Y("lane:N", sort=None, title=None, scale=alt.Scale(domain=lanes))
    spans = (
        alt.Chart(alt.NamedData("spans"))
        .mark_bar(height=24, color=_SPAN, opacity=0.28, cornerRadius=2, clip=True)
        .encode(x=x, x2="to:T", y=y, tooltip=_tips("lane", "session", "client", "peer", "state"))
    )
    marks = (
        alt.Chart(alt.NamedData("marks"))
        .mark_point(filled=True, size=95, opacity=1, clip=True, stroke="white", strokeWidth=0.7)
        .encode(
            x=alt.X("from:T", scale=scale),
            y=y,
            color=_mark_colour(_legend("marks")),
            shape=alt.Shape("kind:N", scale=_mark_scale(1), legend=_legend("marks")),
            tooltip=_tips("lane", "kind", "what", "count"),
        )
    )
    layers: alt.LayerChart = (
        alt.layer(
            spans,
            *(_records(kind, x, y) for kind in _RECORDS),
            marks,
            *_reference_layers(scale, named=True),
        )
        .resolve_scale(color="independent", opacity="independent", shape="independent")
        .properties(name="detail", width=_WIDTH, height=max(1, len(lanes)) * _LANE_HEIGHT)
    )
    return layers


def _records(kind: str, x: alt.X, y: alt.Y) -> alt.Chart:
    shade = alt.Scale(type="sqrt", range=[0.35, 1])
    shift = -6 if kind == "read" else 6
    bars: alt.Chart = (
        alt.Chart(alt.NamedData(kind))
        # The outline keeps a short bin in sight when all of the time is shown.
        .mark_bar(height=11, yOffset=shift, clip=True, strokeWidth=1)
        .encode(
            x=x,
            x2="to:T",
            y=y,
            color=_record_colour(_legend("records") if kind == "read" else None),
            stroke=alt.value(_RECORDS[kind]),
            opacity=alt.Opacity("count:Q", scale=shade, legend=None),
            tooltip=_tips("lane", "kind", "what", "count"),
        )
    )
    return bars


def _reference_layers(scale: alt.Scale, *, named: bool) -> list[alt.Chart]:
    base = alt.Chart(alt.NamedData("references")).encode(
        x=alt.X("at:T", scale=scale), tooltip=_tips("name", "time")
    )
    rule = base.mark_rule(color="#111111", strokeDash=[4, 3], clip=True)
    if not named:
        return [rule]
    text = base.mark_text(align="left", dx=4, y=-6, fontSize=11, fontStyle="italic", clip=False)
    return [rule, text.encode(text="name:N")]


def _axis() -> alt.Axis:
    return alt.Axis(labelExpr=_LABEL, labelOverlap="greedy", labelSeparation=10, tickCount=10)


def _legend(title: str) -> alt.Legend:
    return alt.Legend(
        title=title,
        orient="bottom",
        direction="horizontal",
        titleOrient="left",
        symbolStrokeWidth=0,
    )


def _record_colour(legend: alt.Legend | None) -> alt.Color:
    colours = alt.Scale(domain=list(_RECORDS), range=list(_RECORDS.values()))
    return alt.Color("kind:N", scale=colours, legend=legend)


def _mark_colour(legend: alt.Legend | None) -> alt.Color:
    return alt.Color("kind:N", scale=_mark_scale(0), legend=legend)


def _mark_scale(which: int) -> alt.Scale:
    return alt.Scale(domain=list(_MARKS), range=[look[which] for look in _MARKS.values()])


def _tips(*fields: str) -> list[alt.Tooltip]:
    timed = () if "time" in fields else ("begins", "ends")
    return [alt.Tooltip(f"{field}:N") for field in (*fields, *timed)]


def _counts(drawing: Drawing) -> str:
    shown = drawing.spans.height
    said = [
        f"{shown:,} of {drawing.span_count:,} matching spans drawn, {drawing.loaded_count:,} loaded"
    ]
    if shown < drawing.span_count:
        said.append("those that begin together are merged")
    if drawing.undated_count:
        said.append(f"{drawing.undated_count:,} without a time left out")
    said.append("times in UTC")
    return "; ".join(said)
