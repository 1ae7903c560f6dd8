"""The table of gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from gateway.evidence.event import EventKind
from gateway.wire.api_keys import ApiKey
from tests.workbench.archive.recording import (
    Client,
    Place,
    Recording,
    at,
    batch,
    opened,
    segment_files,
    spoil,
)
from workbench.archive import open_archive
from workbench.tables.schemas import GAPS

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Client(session="s1")


def test_an_archive_without_fault_has_no_gap(tmp_path: Path) -> None:
    """Whole evidence leaves the table empty, with its columns."""
    recording = Recording()
    recording.produce(ALICE, Place(), batch(b"v"))

    frame = opened(tmp_path, recording).gaps.collect()

    assert 0 == frame.height
    assert GAPS.schema == frame.schema


def test_lost_events_are_a_gap_between_what_is_known(tmp_path: Path) -> None:
    """A damaged block says which events are lost, and between which times they were recorded."""
    recording = Recording()
    for _ in range(3):
        for _ in range(2):
            recording.add(EventKind.SESSION_OPEN, ALICE)
        recording.end_block()
    recording.write(tmp_path / "archive", is_ended=True)
    (segment,) = segment_files(tmp_path)
    spoil(segment, 1)

    frame = open_archive(tmp_path / "archive", cache=tmp_path / "cache").gaps.collect()

    (row,) = frame.to_dicts()
    assert "SHA-256" in row.pop("message")
    assert {
        "origin": "gw",
        "kind": "frame",
        "segment": segment.name,
        "block": 2,
        "first_sequence": 2,
        "last_sequence": 3,
        "since": at(1),
        "until": at(4),
        "topic": None,
        "topic_id": None,
        "partition": None,
        "first_offset": None,
        "last_offset": None,
        "is_information": False,
        "batches": None,
    } == row


def test_a_gap_at_the_end_has_no_known_end(tmp_path: Path) -> None:
    """Where nothing follows, nobody knows until when events are lost."""
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, ALICE)
    recording.end_block()
    recording.add(EventKind.SESSION_OPEN, ALICE)
    recording.write(tmp_path / "archive", is_ended=True)
    spoil(segment_files(tmp_path)[0], 1)

    frame = open_archive(tmp_path / "archive", cache=tmp_path / "cache").gaps.collect()

    frame = frame.filter(pl.col("kind") != "no_end")
    assert [(at(0), None)] == frame.select("since", "until").rows()


def test_an_archive_being_written_says_so_and_is_no_fault(tmp_path: Path) -> None:
    """An open tail is information."""
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, ALICE)

    frame = opened(tmp_path, recording, is_sealed=False).gaps.collect()

    assert [("no_end", True), ("open_tail", True)] == frame.select("kind", "is_information").rows()


def test_an_unknown_outcome_spans_from_its_intent_to_recovery(tmp_path: Path) -> None:
    """Between them nobody can say whether the broker carried the request out."""
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, ALICE)
    about = {"exchange": 0, "api_key": ApiKey.PRODUCE, **Place().columns}
    recording.add(EventKind.PRODUCE, ALICE, **about)
    recording.end_segment()
    recording.add(EventKind.OUTCOME_UNKNOWN, ALICE, **about, detail={"intent": {"sequence": 1}})

    frame = opened(tmp_path, recording).gaps.collect()

    columns = ["kind", "first_sequence", "last_sequence", "since", "until", "topic"]
    expected = ("outcome_unknown", 1, 2, at(0), at(2), "orders")
    assert [expected] == frame.select(columns).rows()
    assert "PRODUCE" in frame["message"][0]


@pytest.mark.parametrize(("later", "kinds"), [(b"w", ["frame", "undecodable"]), (b"v", ["frame"])])
def test_bytes_that_another_segment_has_are_not_lost(
    tmp_path: Path, later: bytes, kinds: list[str]
) -> None:
    """A batch whose bytes stood in a damaged block is a gap only if no segment has them."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"v"))
    recording.end_block()
    recording.deliver(ALICE, Place(), batch(b"v"))
    recording.end_segment()
    recording.deliver(ALICE, Place(), batch(later))
    recording.write(tmp_path / "archive", is_ended=True)
    spoil(segment_files(tmp_path)[0], 0)

    frame = open_archive(tmp_path / "archive", cache=tmp_path / "cache").gaps.collect()

    assert kinds == frame["kind"].to_list()


def test_gaps_come_in_order(tmp_path: Path) -> None:
    """Rows stand by origin and the events that they concern; those about none come last."""
    recording = Recording()
    for _ in range(2):
        recording.add("from_the_future", ALICE)
        recording.end_block()
    recording.write(tmp_path / "archive", is_ended=True)
    spoil(segment_files(tmp_path)[0], 1)
    (tmp_path / "archive" / "gw" / "segments" / "notes.txt").write_text("hello")

    frame = open_archive(tmp_path / "archive", cache=tmp_path / "cache").gaps.collect()

    assert ["unknown_kind", "frame", "unexpected_file"] == frame["kind"].to_list()
