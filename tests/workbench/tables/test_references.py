"""Batches as events refer to them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.workbench.archive.recording import Client, Place, Recording, batch, opened
from workbench.tables.references import found_batches, references, topic_key

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Client(session="s1")


def test_each_batch_of_an_event_has_a_row(tmp_path: Path) -> None:
    """A row has the columns asked for and the place of the batch; other events have none."""
    first, second = batch(b"a", b"b", first=3), batch(b"c", first=5)
    recording = Recording()
    recording.deliver(ALICE, Place(), first, second)
    frames = opened(tmp_path, recording)._frames

    frame = references(frames.events, ["sequence"]).collect()

    columns = ["sequence", "number", "batch_first_offset", "batch_last_offset", "records_before"]
    assert [(0, 0, 3, 4, 0), (0, 1, 5, 5, 2)] == frame.select(columns).rows()
    digests = [hashlib.sha256(each).digest() for each in (first, second)]
    assert digests == frame["batch"].to_list()


@pytest.mark.parametrize(
    ("topic", "topic_id", "key"), [("a", "id", "a"), (None, "id", "id"), (None, None, None)]
)
def test_a_topic_is_told_by_its_name_or_else_its_id(
    topic: str | None, topic_id: str | None, key: str | None
) -> None:
    """Fetches by name and by id of one topic belong together once the id has a name."""
    schema = {"topic": pl.String, "topic_id": pl.String}
    frame = pl.DataFrame({"topic": [topic], "topic_id": [topic_id]}, schema=schema)

    assert [key] == frame.select(topic_key())["topic_key"].to_list()


def test_only_batches_that_were_read_are_found(tmp_path: Path) -> None:
    """What one segment cannot read is not offered to another; the same bytes are offered once."""
    good = batch(b"a")
    bad = good[:-1] + bytes([good[-1] ^ 1])
    recording = Recording()
    for stored in (good, bad, good):
        recording.deliver(ALICE, Place(), stored)
        recording.end_segment()
    frames = opened(tmp_path, recording)._frames

    found = found_batches(frames).collect()

    assert [hashlib.sha256(good).digest()] == found["sha256"].to_list()
