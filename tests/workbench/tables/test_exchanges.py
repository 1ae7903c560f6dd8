"""The table of exchanges."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.event import EventKind
from gateway.wire.api_keys import ApiKey
from tests.workbench.archive.recording import Client, Place, Recording, at, batch, opened
from workbench.tables.schemas import EXCHANGES

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Client(session="s1")


def test_an_exchange_is_one_row_with_its_answer(tmp_path: Path) -> None:
    """A request and its answer are told with who asked, when, and how long it took."""
    recording = Recording()
    recording.ask(ALICE, ApiKey.METADATA, {"topics": []}, response={"cluster_id": "c"})

    frame = opened(tmp_path, recording).exchanges.collect()

    row = frame.to_dicts()[0]
    detail = json.loads(row.pop("detail"))
    assert ({"topics": []}, {"cluster_id": "c"}) == (detail["request"], detail["response"])
    assert {
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
        "node_id": 1,
        "api": "METADATA",
        "api_key": 3,
        "api_version": 5,
        "error_code": 0,
        "decision": "allow",
        "rule_ids": [],
        "outcome": "answered",
        "elapsed": timedelta(milliseconds=2),
    } == row
    assert EXCHANGES.schema == frame.schema


@pytest.mark.parametrize("outcome", ["none", "refused", "unknown", "not_forwarded"])
def test_what_stands_in_place_of_an_answer_is_the_outcome(tmp_path: Path, outcome: str) -> None:
    """An exchange without an answer says why there is none."""
    recording = Recording()
    recording.ask(ALICE, ApiKey.PRODUCE, {}, response=outcome)

    assert [outcome] == opened(tmp_path, recording).exchanges.collect()["outcome"].to_list()


def test_a_request_that_was_only_begun_is_an_exchange_of_unknown_outcome(tmp_path: Path) -> None:
    """What was recorded before a crash stays visible: its first row stands for the request."""
    recording = Recording()
    recording.send(ALICE, Place(partition=0), 7, batch(b"v"))
    recording.send(ALICE, Place(partition=1), 7, batch(b"v"))
    recording.end_segment()
    recording.add(EventKind.OUTCOME_UNKNOWN, ALICE, exchange=7, detail={"intent": {"sequence": 0}})

    frame = opened(tmp_path, recording).exchanges.collect()

    columns = ["sequence", "exchange", "api", "outcome", "error_code", "elapsed"]
    assert [(0, 7, "PRODUCE", "unknown", None, None)] == frame.select(columns).rows()


def test_an_answer_in_a_later_segment_makes_the_exchange(tmp_path: Path) -> None:
    """A request is one row also where its intent and its answer stand in two segments."""
    recording = Recording()
    about = {"exchange": 0, "api_key": ApiKey.CREATE_TOPICS}
    recording.add(EventKind.INTENT, ALICE, **about, detail={"request": {}})
    recording.end_segment()
    recording.ask(ALICE, ApiKey.CREATE_TOPICS, {}, error_code=36)

    frame = opened(tmp_path, recording).exchanges.collect()

    assert [(1, 36)] == frame.select("sequence", "error_code").rows()


def test_an_api_without_a_name_keeps_its_number(tmp_path: Path) -> None:
    """An API that this version does not know is still told apart."""
    recording = Recording()
    recording.add(EventKind.EXCHANGE, ALICE, exchange=0, api_key=9999, detail={"response": {}})

    assert ["API_9999"] == opened(tmp_path, recording).exchanges.collect()["api"].to_list()
