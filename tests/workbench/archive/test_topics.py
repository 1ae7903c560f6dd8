"""Naming topics that were recorded by their ids alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.wire.api_keys import ApiKey
from tests.workbench.archive.recording import Client, Place, Recording, batch, opened

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Client(session="s1")
KNOWN, NEVER = "AAAAAAAAAAAAAAAAAAAAAQ", "AAAAAAAAAAAAAAAAAAAAAg"


def test_a_name_from_any_segment_names_an_id_everywhere(tmp_path: Path) -> None:
    """An id never changes its name, so it does not matter when the name was recorded."""
    nameless = Place(topic=None, topic_id=KNOWN)
    recording = Recording()
    recording.deliver(ALICE, nameless, batch(b"v"))
    partitions = [{"partition_index": 0, "committed_offset": 1}]
    request = {"topics": [{"topic_id": KNOWN, "name": None, "partitions": partitions}]}
    recording.ask(ALICE, ApiKey.OFFSET_COMMIT, request)
    recording.end_segment()
    recording.deliver(ALICE, Place(topic="orders", topic_id=KNOWN, partition=1), batch(b"v"))

    archive = opened(tmp_path, recording)

    assert ["orders", "orders"] == archive.delivered.collect()["topic"].to_list()
    assert [("orders", "L3")] == archive.reads.filter(partition=0).select(
        "topic", "proof_level"
    ).collect().rows()
    assert ["orders"] == archive.commits.collect()["topic"].to_list()
    assert 0 == archive.gaps.collect().height


def test_an_id_that_nothing_names_stays_one(tmp_path: Path) -> None:
    """Names are not invented, and the gap stays."""
    recording = Recording()
    recording.deliver(ALICE, Place(topic=None, topic_id=NEVER), batch(b"v"))
    recording.deliver(ALICE, Place(topic="orders", topic_id=KNOWN), batch(b"v"))
    bad = batch(b"v")[:-1] + b"?"
    recording.deliver(ALICE, Place(), bad)

    archive = opened(tmp_path, recording)

    assert [None, "orders", "orders"] == archive.delivered.collect()["topic"].to_list()
    assert [("unresolved_topic", NEVER), ("undecodable", None)] == archive.gaps.select(
        "kind", "topic_id"
    ).collect().rows()
