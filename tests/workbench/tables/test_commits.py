"""The table of committed offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.evidence.event import EventKind
from gateway.wire.api_keys import ApiKey
from tests.workbench.archive.recording import Client, Place, Recording, at, opened
from workbench.tables.schemas import COMMITS

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Client(session="s1")
ABOUT = {"exchange": 0, "api_key": ApiKey.OFFSET_COMMIT}
REQUEST = {
    "group_id": "g",
    "member_id": "",
    "topics": [{"name": "orders", "partitions": [{"partition_index": 0, "committed_offset": 5}]}],
}


def test_a_commit_is_one_row_for_its_topic_partition(tmp_path: Path) -> None:
    """A row says who committed which offset for which group, and whether it was taken."""
    recording = Recording()
    recording.commit(ALICE, Place(first=42))

    frame = opened(tmp_path, recording).commits.collect()

    assert [
        {
            "origin": "gw",
            "sequence": 0,
            "session": "s1",
            "exchange": 0,
            "at": at(0),
            "principal": "alice@idp",
            "issuer": "idp",
            "subject": "alice",
            "client_id": "s1-client",
            "peer": "10.0.0.7:40000",
            "via": "OFFSET_COMMIT",
            "group_id": "g",
            "member_id": "m",
            "topic": "orders",
            "topic_id": None,
            "partition": 0,
            "committed_offset": 42,
            "error_code": 0,
            "outcome": "answered",
        }
    ] == frame.to_dicts()
    assert COMMITS.schema == frame.schema


def test_a_commit_with_its_intent_is_told_once(tmp_path: Path) -> None:
    """The row of the exchange stands for the request, also from a later segment."""
    recording = Recording()
    recording.add(EventKind.INTENT, ALICE, **ABOUT, detail={"request": REQUEST})
    recording.end_segment()
    recording.ask(ALICE, ApiKey.OFFSET_COMMIT, REQUEST, error_code=0)

    frame = opened(tmp_path, recording).commits.collect()

    assert [(1, 5, "answered")] == frame.select("sequence", "committed_offset", "outcome").rows()


def test_a_commit_that_was_only_begun_has_an_unknown_outcome(tmp_path: Path) -> None:
    """What a crash cut off is told as far as it was recorded."""
    recording = Recording()
    recording.add(EventKind.INTENT, ALICE, **ABOUT, detail={"request": REQUEST})

    frame = opened(tmp_path, recording).commits.collect()

    columns = ["committed_offset", "error_code", "outcome"]
    assert [(5, None, "unknown")] == frame.select(columns).rows()
