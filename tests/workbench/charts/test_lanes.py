"""What a timeline draws is small, whole in its counts, and leaves nothing out silently."""

from __future__ import annotations

import pytest

from tests.workbench.frames import Frames, at
from workbench.charts.lanes import (
    ACTIVITY_MAX,
    LANES_MAX,
    MARKS_MAX,
    NOBODY,
    OTHERS,
    SPANS_MAX,
    STRIP_BINS_MAX,
    Drawing,
    Lanes,
    draw,
)


def recorded() -> Frames:
    """Record two connections, a write, a read and a refusal."""
    frames = Frames()
    frames.connect("s1", "shop", 0, closed_at=at(100), last_seen_at=at(100))
    frames.connect("s2", "billing", 10)
    frames.write("s1", "orders", 0, ["a", "b"], 20)
    frames.give("s2", "orders", 0, ["a", "b"], 30)
    frames.add("exchanges", "s2", 40, api="DELETE_TOPICS", decision="deny", error_code=29)
    return frames


def rows_of(drawing: Drawing) -> list[int]:
    """Count the rows of each part."""
    binned = (drawing.activity, drawing.strip, drawing.marks)
    return [drawing.spans.height, *(part.rows.height for part in binned)]


@pytest.mark.parametrize(
    ("expected", "lanes"),
    [
        (["shop@idp", "billing@idp"], "principal"),
        (["s1 shop", "s2 billing"], "session"),
        (["orders"], "topic"),
    ],
)
def test_lanes_are_what_was_asked_for(expected: list[str], lanes: Lanes) -> None:
    """In the order in which they begin."""
    drawing = draw(recorded().tables, lanes)

    assert expected == drawing.lanes
    assert set(expected) == set(drawing.spans["lane"])


def test_a_connection_lasts_until_it_closed_or_was_last_seen() -> None:
    """An open one has no end yet, and says so."""
    spans = draw(recorded().tables, "principal").spans.sort("start")

    assert [(at(0), at(100), False), (at(10), at(610), True)] == spans.select(
        "start", "end", "is_open"
    ).rows()


def test_records_and_refusals_stand_in_their_lanes() -> None:
    """With what they were about."""
    drawing = draw(recorded().tables, "principal")

    assert [("billing@idp", "read", 2, ["orders"]), ("shop@idp", "written", 2, ["orders"])] == (
        drawing.activity.rows.select("lane", "kind", "count", "what").rows()
    )
    assert [("billing@idp", "refused", 1, ["DELETE_TOPICS"], at(40))] == (
        drawing.marks.rows.select("lane", "kind", "count", "what", "first_at").rows()
    )


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("failed login", {"api": "SASL_AUTHENTICATE", "decision": "deny", "error_code": 58}),
        ("refused", {"api": "FETCH", "decision": "deny", "error_code": 29}),
        ("refused", {"api": "FETCH", "decision": "hold"}),
        ("error", {"api": "FETCH", "decision": "allow", "error_code": 3}),
    ],
)
def test_marks_tell_a_failed_login_from_a_refusal_and_an_error(
    kind: str, columns: dict[str, object]
) -> None:
    """Three kinds, each with its own look."""
    frames = Frames()
    frames.connect("s1", None)
    frames.add("exchanges", "s1", 5, **columns)
    frames.add("exchanges", "s1", 6, api="FETCH", decision="allow", error_code=0)

    marks = draw(frames.tables, "principal").marks.rows

    assert [(NOBODY, kind)] == marks.select("lane", "kind").rows()


def test_marks_of_topics_are_those_that_name_one() -> None:
    """The deletion of payments stands in the lane of payments."""
    frames = recorded()
    frames.add("admin", "s2", 40, targets=["orders"])
    refused = frames.lines["exchanges"][0]
    refused["sequence"] = frames.lines["admin"][0]["sequence"]

    assert ["orders"] == draw(frames.tables, "topic").marks.rows["lane"].to_list()


def test_undated_connections_are_counted() -> None:
    """They must not borrow a time, nor vanish."""
    frames = recorded()
    frames.connect("s3", "ghost", opened_at=None, last_seen_at=None)
    drawing = draw(frames.tables, "principal")

    assert (1, 2, 3) == (drawing.undated_count, drawing.span_count, drawing.loaded_count)


def test_the_time_can_be_limited() -> None:
    """What ended before or begins after is not drawn, and still counted as loaded."""
    drawing = draw(recorded().tables, "principal", at(200), at(300))

    assert ["s2"] == drawing.spans["session"].to_list()
    assert (1, 2) == (drawing.span_count, drawing.loaded_count)
    assert (at(200), at(300)) == (drawing.begin, drawing.end)
    assert drawing.activity.rows.is_empty()


def test_lanes_beyond_the_limit_share_one() -> None:
    """The busiest have their own."""
    frames = Frames()
    for number in range(LANES_MAX + 5):
        frames.connect(f"s{number}", f"p{number:02d}", number)
        frames.give(f"s{number}", "orders", 0, ["a"], number)
    frames.connect("again", "p20", 50)
    drawing = draw(frames.tables, "principal")

    assert LANES_MAX + 1 == len(drawing.lanes)
    assert OTHERS == drawing.lanes[-1]
    assert "p20@idp" in drawing.lanes
    assert set(drawing.activity.rows["lane"]) <= set(drawing.lanes)


def test_too_many_spans_are_merged_and_counted() -> None:
    """Nobody sees two thousand bars; their number stays exact."""
    frames = Frames()
    total = SPANS_MAX + 400
    for number in range(total):
        frames.connect(f"s{number}", "busy", number / 100, last_seen_at=at(number / 100 + 1))
    drawing = draw(frames.tables, "principal")

    assert drawing.spans.height < SPANS_MAX
    assert total == drawing.spans["count"].sum() == drawing.span_count


def test_nothing_drawn_is_ever_too_large() -> None:
    """Lanes times bins bounds every part, whatever was recorded."""
    frames = Frames()
    for number in range(40):
        frames.connect(f"s{number}", f"p{number}", 0, last_seen_at=at(86_400))
    for second in range(0, 86_400, 300):
        session = f"s{second // 300 % 40}"
        frames.give(session, "orders", second, ["a"], second)
        frames.add("exchanges", session, second, api="FETCH", decision="deny")
    drawing = draw(frames.tables, "principal")

    spans, activity, strip, marks = rows_of(drawing)

    assert spans <= SPANS_MAX < 5_000
    assert activity <= ACTIVITY_MAX < 5_000
    assert strip <= 2 * (LANES_MAX + 1) * (STRIP_BINS_MAX + 1) < 5_000
    assert marks <= MARKS_MAX
    assert 288 == drawing.activity.rows["count"].sum() == drawing.strip.rows["count"].sum()
    assert 288 == drawing.marks.rows["count"].sum()


def test_an_empty_record_draws_nothing() -> None:
    """Without times there is nothing to choose bins from."""
    drawing = draw(Frames().tables, "principal")

    assert [0, 0, 0, 0] == rows_of(drawing)
    assert (None, None) == (drawing.begin, drawing.end)


def test_lanes_show_more_than_the_strip() -> None:
    """A selection of a part of the strip has something to show."""
    frames = Frames()
    frames.connect("s1", "shop", 0, last_seen_at=at(7_200))
    for second in range(0, 7_200, 30):
        frames.give("s1", "orders", second, ["a"], second)
    drawing = draw(frames.tables, "principal")

    assert 16 <= drawing.strip.length_ms / drawing.activity.length_ms
    assert 240 == drawing.activity.rows.height
