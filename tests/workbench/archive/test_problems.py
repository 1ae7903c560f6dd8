"""Gathering what cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench.archive.files import SCHEMAS, RowGroups
from workbench.archive.problems import GapKind, GapRows, Problem

ROWS = pa.RecordBatch.from_pylist(
    [
        {
            "sequence": sequence,
            "wall_time": sequence,
            "topic": topic,
            "topic_id": None,
            "partition": 0,
        }
        for sequence, topic in ((7, "a"), (8, "a"), (9, "b"))
    ],
    schema=pa.schema(
        [
            ("sequence", pa.int64()),
            ("wall_time", pa.timestamp("s", tz="UTC")),
            ("topic", pa.string()),
            ("topic_id", pa.string()),
            ("partition", pa.int32()),
        ]
    ),
)


def written(folder: Path, gaps: GapRows) -> list[dict[str, object]]:
    """Write the gaps and read them again."""
    file = RowGroups(folder / "gaps.parquet", SCHEMAS["gaps"])
    gaps.write(file)
    file.close()
    rows: list[dict[str, object]] = pq.read_table(folder / "gaps.parquet").to_pylist()
    return rows


def gap_rows(*problems: tuple[int, Problem]) -> GapRows:
    """Gather problems, each with the row of its event."""
    gaps = GapRows("gw", "7.arrow.zst")
    gaps.begin(ROWS, 4)
    for row, problem in problems:
        gaps.add(row, problem)
    return gaps


def second(number: int) -> datetime:
    """Give a time of the rows."""
    return datetime.fromtimestamp(number, UTC)


def test_a_problem_becomes_a_row_at_its_event(tmp_path: Path) -> None:
    """A row says what is wrong, in which event, and where that event stands."""
    problem = Problem(kind=GapKind.TORN, message="bytes", first_offset=1, last_offset=2)

    assert [
        {
            "origin": "gw",
            "kind": "torn",
            "message": "bytes",
            "segment": "7.arrow.zst",
            "block": 4,
            "first_sequence": 7,
            "last_sequence": 7,
            "since": second(7),
            "until": second(7),
            "topic": "a",
            "topic_id": None,
            "partition": 0,
            "first_offset": 1,
            "last_offset": 2,
            "is_information": False,
            "lost_batch": None,
            "cut_head": None,
        }
    ] == written(tmp_path, gap_rows((0, problem)))


def test_problems_about_one_thing_become_one_row(tmp_path: Path) -> None:
    """The row goes from the first event to the last, for each topic-partition."""
    problem = Problem(kind=GapKind.UNDECODABLE, message="bad", subject=b"digest")

    rows = written(tmp_path, gap_rows((0, problem), (1, problem), (2, problem)))

    columns = ("topic", "first_sequence", "last_sequence", "since", "until", "message")
    assert [
        ("a", 7, 8, second(7), second(8), "bad; in 2 events"),
        ("b", 9, 9, second(9), second(9), "bad"),
    ] == [tuple(row[name] for name in columns) for row in rows]


def test_problems_about_nothing_in_common_stay_apart(tmp_path: Path) -> None:
    """Without a subject each event has its row."""
    problem = Problem(kind=GapKind.UNKNOWN_KIND, message="new")

    assert 2 == len(written(tmp_path, gap_rows((0, problem), (1, problem))))


def test_an_earlier_event_and_another_place_may_be_meant(tmp_path: Path) -> None:
    """The time of an earlier event is left to whoever knows it."""
    problem = Problem(
        kind=GapKind.OUTCOME_UNKNOWN, message="?", first_sequence=3, place=(None, "id", None)
    )

    (row,) = written(tmp_path, gap_rows((1, problem)))

    columns = ("first_sequence", "last_sequence", "since", "until", "topic", "topic_id")
    assert (3, 8, None, second(8), None, "id") == tuple(row[name] for name in columns)


@pytest.mark.parametrize("kind", GapKind)
def test_every_kind_is_explained(kind: GapKind) -> None:
    """docs/tables.md has a row for each kind of gap."""
    page = (Path(__file__).parents[3] / "docs" / "tables.md").read_text(encoding="utf-8")

    assert f"| `{kind}` |" in page


def test_rows_are_counted_by_kind() -> None:
    """Whoever wants to know how many there are need not read the file."""
    torn = Problem(kind=GapKind.TORN, message="bytes")
    lost = Problem(kind=GapKind.UNDECODABLE, message="lost", subject=b"d", lost_batch=b"d" * 32)
    gaps = gap_rows((0, torn), (1, torn), (0, lost), (1, lost))

    assert {"torn": 2, "undecodable": 1} == gaps.counts()
    assert gaps.has_lost_batch
    assert not gap_rows((0, torn)).has_lost_batch
