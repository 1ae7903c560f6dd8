"""The table of administrative requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gateway.evidence.event import EventKind
from gateway.wire.api_keys import ApiKey
from tests.workbench.archive.recording import Client, Place, Recording, at, batch, opened
from workbench.tables.schemas import ADMIN

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Client(session="s1")
REQUEST = {"topics": [{"name": "orders", "num_partitions": 3}], "timeout_ms": 1}


def test_an_administrative_request_is_told_with_what_it_names(tmp_path: Path) -> None:
    """A row has the decoded request and answer, and the resources in it."""
    recording = Recording()
    recording.ask(ALICE, ApiKey.CREATE_TOPICS, REQUEST, response={"topics": []})

    frame = opened(tmp_path, recording).admin.collect()

    row = frame.to_dicts()[0]
    assert (REQUEST, {"topics": []}) == (
        json.loads(row.pop("request")),
        json.loads(row.pop("response")),
    )
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
        "api": "CREATE_TOPICS",
        "is_change": True,
        "targets": ["orders"],
        "error_code": 0,
        "decision": "allow",
        "rule_ids": [],
        "outcome": "answered",
    } == row
    assert ADMIN.schema == frame.schema


def test_a_refused_request_is_told_with_its_rules_and_without_answer(tmp_path: Path) -> None:
    """What was forbidden is listed like what was done."""
    refused = {"response": "refused", "decision": "deny", "rule_ids": ("no-topics",)}
    recording = Recording()
    recording.ask(ALICE, ApiKey.DELETE_TOPICS, REQUEST, **refused, error_code=29)

    frame = opened(tmp_path, recording).admin.collect()

    columns = ["decision", "rule_ids", "outcome", "error_code", "response"]
    assert [("deny", ["no-topics"], "refused", 29, None)] == frame.select(columns).rows()


def test_a_change_that_was_only_begun_has_an_unknown_outcome(tmp_path: Path) -> None:
    """A request that a crash cut off is listed: it may have been carried out."""
    recording = Recording()
    about = {"exchange": 0, "api_key": ApiKey.CREATE_TOPICS}
    recording.add(EventKind.INTENT, ALICE, **about, detail={"request": REQUEST})

    frame = opened(tmp_path, recording).admin.collect()

    assert [("unknown", ["orders"])] == frame.select("outcome", "targets").rows()


def test_requests_about_records_are_left_out(tmp_path: Path) -> None:
    """Produce, Fetch and Metadata stand in the table of exchanges alone."""
    recording = Recording()
    recording.produce(ALICE, Place(), batch(b"v"))
    recording.deliver(ALICE, Place(), batch(b"v"))
    recording.ask(ALICE, ApiKey.METADATA, {})
    recording.ask(ALICE, ApiKey.DESCRIBE_CONFIGS, {})

    frame = opened(tmp_path, recording).admin.collect()

    assert [("DESCRIBE_CONFIGS", False)] == frame.select("api", "is_change").rows()
