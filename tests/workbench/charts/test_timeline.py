"""A timeline is a value: the same for the same tables, and readable by anybody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.workbench.frames import Frames, at
from workbench.charts.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.charts.lanes import Lanes


def recorded() -> Frames:
    """Record a connection that reads and is refused something."""
    frames = Frames()
    frames.connect("s1", "billing", 0)
    frames.give("s1", "orders", 0, ["a", "b"], 30)
    frames.add("exchanges", "s1", 40, api="DELETE_TOPICS", decision="deny", error_code=29)
    return frames


def found(spec: object, name: str) -> Iterator[Any]:
    """Yield every value of a key, wherever it stands."""
    if isinstance(spec, dict):
        for key, value in spec.items():
            if key == name:
                yield value
            yield from found(value, name)
    elif isinstance(spec, list):
        for item in spec:
            yield from found(item, name)


def test_two_charts_of_the_same_tables_are_equal() -> None:
    """No counter of Altair's leaks into the specification."""
    first, second = (
        json.dumps(timeline(recorded().tables, reference_times={"now": at(5)}).to_dict())
        for _ in range(2)
    )

    assert first == second
    assert "param_" not in first
    assert "view_" not in first
    assert "strip" in first


def test_the_strip_chooses_what_the_lanes_show() -> None:
    """Its selection is the domain of their time axis."""
    spec = timeline(recorded().tables).to_dict()
    overview, detail = spec["vconcat"]

    assert [("window", [overview["layer"][0]["name"]])] == [
        (param["name"], param["views"]) for param in spec["params"]
    ]
    assert ("overview", "detail") == (overview["name"], detail["name"])
    assert {"param": "window"} == {
        key: value
        for key, value in detail["layer"][0]["encoding"]["x"]["scale"]["domain"].items()
        if key == "param"
    }


def test_a_window_can_be_chosen_to_begin_with() -> None:
    """In milliseconds since 1970, which no time zone changes."""
    spec = timeline(recorded().tables, window=(at(20), at(50))).to_dict()
    start = at(0).timestamp() * 1_000

    assert [{"x": [start + 20_000, start + 50_000]}] == [param["value"] for param in spec["params"]]


def test_every_time_axis_is_utc() -> None:
    """And no time is written by the browser, which would use its own zone."""
    spec = timeline(recorded().tables, reference_times={"now": at(5)}).to_dict()
    axes = [x for x in found(spec, "x") if isinstance(x, dict) and x.get("type") == "temporal"]
    tips = [tip for tips in found(spec, "tooltip") for tip in tips]

    assert axes
    assert all(x["scale"]["type"] == "utc" for x in axes)
    assert {"nominal"} == {tip["type"] for tip in tips}
    assert "2026-03-17 09:00:30.000Z" in json.dumps(spec)


def test_the_title_counts_what_is_drawn() -> None:
    """Of what matches, of what was loaded."""
    frames = recorded()
    frames.connect("s2", "ghost", opened_at=None, last_seen_at=None)
    spec = timeline(frames.tables).to_dict()

    assert (
        "1 of 1 matching spans drawn, 2 loaded; 1 without a time left out; times in UTC"
    ) == spec["title"]["subtitle"]


def test_merged_spans_are_told() -> None:
    """Nothing is left out silently."""
    frames = Frames()
    for number in range(900):
        frames.connect(f"s{number}", f"p{number % 8}", number, last_seen_at=at(number + 1))
    subtitle = timeline(frames.tables).to_dict()["title"]["subtitle"]

    assert "of 900 matching spans drawn, 900 loaded; those that begin together are merged" in (
        subtitle
    )


def test_a_mark_stands_where_its_event_is() -> None:
    """Not where a bin happens to begin."""
    frames = recorded()
    frames.lines["exchanges"][0]["at"] = at(40.123)
    spec = timeline(frames.tables).to_dict()
    (mark,) = {
        row["begins"]: row
        for rows in spec["datasets"].values()
        for row in rows
        if row.get("kind") == "refused"
    }.values()

    assert "2026-03-17 09:00:40.123Z" == mark["begins"]
    assert 40_123 == mark["from"] - at(0).timestamp() * 1_000
    assert ("DELETE_TOPICS", 1) == (mark["what"], mark["count"])


def test_reference_times_are_named_lines() -> None:
    """In the lanes with their names, in the strip without."""
    spec = timeline(recorded().tables, reference_times={"alert": at(50)}).to_dict()
    overview, detail = spec["vconcat"]

    assert "alert" in json.dumps(spec["datasets"])
    assert ["name"] == [
        layer["encoding"]["text"]["field"]
        for layer in detail["layer"]
        if "text" in layer["encoding"]
    ]
    assert not any("text" in layer["encoding"] for layer in overview["layer"])


@pytest.mark.parametrize("lanes", ["principal", "session", "topic"])
def test_every_kind_of_lanes_can_be_drawn(lanes: Lanes) -> None:
    """The specification is valid, which Altair checks."""
    assert timeline(recorded().tables, lanes=lanes).to_dict()


def test_an_empty_record_gives_an_empty_chart() -> None:
    """A notebook runs through on an archive in which nothing happened."""
    spec = timeline(Frames().tables).to_dict()

    assert spec["title"]["subtitle"].startswith("0 of 0 matching spans drawn")


def test_kinds_differ_in_more_than_colour() -> None:
    """Marks by shape, records by their place in the lane."""
    _, detail = timeline(recorded().tables).to_dict()["vconcat"]
    shapes = [shape["scale"]["range"] for shape in found(detail, "shape") if "scale" in shape]
    shifts = [mark["yOffset"] for mark in found(detail, "mark") if "yOffset" in mark]

    assert [["cross", "diamond", "triangle-up"]] == shapes
    assert [-6, 6] == shifts
