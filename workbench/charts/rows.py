"""The rows behind a timeline: JSON that Vega-Lite draws, with times that no browser changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.charts.bins import Binned
    from workbench.charts.lanes import Drawing

Row = dict[str, Any]

KINDS: Final = ("read", "written")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def datasets(drawing: Drawing, reference_times: Mapping[str, datetime]) -> dict[str, list[Row]]:
    """Make the data of every layer, by its name."""
    activity = _bins(drawing.activity)
    return {
        "spans": _spans(drawing),
        **{kind: [row for row in activity if row["kind"] == kind] for kind in KINDS},
        "strip": _bins(drawing.strip),
        "marks": _marks(drawing.marks),
        "references": [
            {"at": milliseconds(at), "name": name, "time": _text(at)}
            for name, at in reference_times.items()
        ],
    }


def domain(drawing: Drawing) -> list[int]:
    """Return the whole time that is drawn."""
    begin, end = drawing.begin or _EPOCH, drawing.end or _EPOCH
    return [milliseconds(begin), milliseconds(end) + drawing.strip.length_ms]


def milliseconds(at: datetime) -> int:
    """Write a time as Vega places it."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _bins(binned: Binned) -> list[Row]:
    return [
        _what(row) | _times(row["bin"], row["bin"] + binned.length)
        for row in binned.rows.iter_rows(named=True)
    ]


def _marks(binned: Binned) -> list[Row]:
    """Place each mark where its first event is."""
    return [
        _what(row) | _times(row["first_at"], row["last_at"])
        for row in binned.rows.iter_rows(named=True)
    ]


def _what(row: Row) -> Row:
    return {
        "lane": row["lane"],
        "kind": row["kind"],
        "what": ", ".join(row["what"]),
        "count": row["count"],
    }


def _spans(drawing: Drawing) -> list[Row]:
    least = drawing.activity.length
    return [
        {
            "lane": row["lane"],
            "session": row["session"],
            "client": row["client_id"],
            "peer": row["peer"],
            "state": "open when last seen" if row["is_open"] else "ended",
            **_times(row["start"], max(row["end"], row["start"] + least)),
        }
        for row in drawing.spans.iter_rows(named=True)
    ]


def _times(start: datetime, end: datetime) -> Row:
    """Give times as numbers to place and as texts to read: Vega would write texts in local time."""
    return {
        "from": milliseconds(start),
        "to": milliseconds(end),
        "begins": _text(start),
        "ends": _text(end),
    }


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1_000:03d}Z"
