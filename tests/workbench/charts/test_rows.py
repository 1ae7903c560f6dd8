"""The rows of a timeline are JSON, and say times as numbers to place and as texts to read."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from tests.workbench.frames import Frames, at
from workbench.charts.lanes import draw
from workbench.charts.rows import datasets, domain, milliseconds


def recorded() -> Frames:
    """Record a connection that reads, writes, and is refused something."""
    frames = Frames()
    frames.connect("s1", "billing", 0, closed_at=at(0))
    frames.give("s1", "orders", 0, ["a", "b"], 30)
    frames.write("s1", "refunds", 0, ["c"], 31)
    frames.add("exchanges", "s1", 40, api="DELETE_TOPICS", decision="deny", error_code=29)
    return frames


def test_every_layer_has_its_rows() -> None:
    """All of it is JSON as it stands."""
    made = datasets(draw(recorded().tables, "principal"), {"alert": at(50)})

    assert json.loads(json.dumps(made)) == made
    assert {
        "spans": 1,
        "read": 1,
        "written": 1,
        "strip": 2,
        "marks": 1,
        "references": 1,
    } == {name: len(rows) for name, rows in made.items()}
    assert ("orders", 2, "refunds", 1) == (
        made["read"][0]["what"],
        made["read"][0]["count"],
        made["written"][0]["what"],
        made["written"][0]["count"],
    )


def test_times_are_numbers_and_texts_in_utc() -> None:
    """The number places a row, the text stands in its tip."""
    made = datasets(draw(recorded().tables, "principal"), {"alert": at(50)})
    start = milliseconds(at(0))

    assert {"at": start + 50_000, "name": "alert", "time": "2026-03-17 09:00:50.000Z"} == (
        made["references"][0]
    )
    assert start + 40_000 == made["marks"][0]["from"]
    assert "2026-03-17 09:00:40.000Z" == made["marks"][0]["begins"]
    assert 1_000 == milliseconds(datetime(1970, 1, 1, 0, 0, 1, 999, UTC))


def test_the_shortest_connection_is_still_seen() -> None:
    """It has the length of a bin, at least, and says when it ended."""
    drawing = draw(recorded().tables, "principal")
    (span,) = datasets(drawing, {})["spans"]

    assert drawing.activity.length_ms == span["to"] - span["from"]
    assert "ended" == span["state"]


def test_an_open_connection_says_so() -> None:
    """It may have gone on."""
    frames = Frames()
    frames.connect("s1", "billing", 0)
    (span,) = datasets(draw(frames.tables, "principal"), {})["spans"]

    assert "open when last seen" == span["state"]


def test_the_domain_holds_everything() -> None:
    """With room for the last bin; nothing recorded has one, too."""
    begin, end = domain(draw(recorded().tables, "principal"))

    assert milliseconds(at(0)) == begin
    assert milliseconds(at(600)) < end
    assert 2 == len(domain(draw(Frames().tables, "principal")))
