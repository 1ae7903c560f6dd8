"""The table of what was produced."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.event import EventKind, Masked
from gateway.wire.api_keys import ApiKey
from tests.workbench.archive.recording import Client, Place, Recording, at, batch, opened
from workbench.tables.schemas import PRODUCED

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Client(session="s1")


def test_what_was_sent_stands_beside_what_was_answered(tmp_path: Path) -> None:
    """A row has what a producer sent and the offsets that the broker gave."""
    sent = batch(b"one", b"two")
    recording = Recording()
    exchange = recording.next_exchange(ALICE)
    recording.send(ALICE, Place(), exchange, sent)
    recording.end_segment()
    recording.add(
        EventKind.PRODUCED,
        ALICE,
        exchange=exchange,
        **Place().columns,
        first_offset=40,
        last_offset=41,
        error_code=0,
    )
    request = {"acks": -1, "transactional_id": "pay"}
    recording.ask(ALICE, ApiKey.PRODUCE, request, exchange=exchange)

    frame = opened(tmp_path, recording).produced.collect()

    assert [
        {
            "origin": "gw",
            "sequence": 0,
            "session": "s1",
            "exchange": 0,
            "at": at(0),
            "answered_at": at(1),
            "principal": "alice@idp",
            "issuer": "idp",
            "subject": "alice",
            "client_id": "s1-client",
            "peer": "10.0.0.7:40000",
            "topic": "orders",
            "topic_id": None,
            "partition": 0,
            "first_offset": 40,
            "last_offset": 41,
            "record_count": 2,
            "byte_count": len(sent),
            "error_code": 0,
            "outcome": "acknowledged",
            "acks": -1,
            "transactional_id": "pay",
            "decision": "allow",
            "rule_ids": [],
            "masked": [],
            "batches": [hashlib.sha256(sent).digest()],
        }
    ] == frame.to_dicts()
    assert PRODUCED.schema == frame.schema


def test_a_refusal_by_the_broker_is_a_failure(tmp_path: Path) -> None:
    """Records that the broker did not take have its error and no offset."""
    recording = Recording()
    exchange = recording.next_exchange(ALICE)
    recording.send(ALICE, Place(), exchange, batch(b"v"))
    recording.answer(ALICE, Place(), exchange, error_code=10)

    frame = opened(tmp_path, recording).produced.collect()

    assert [("failed", 10, None)] == frame.select("outcome", "error_code", "first_offset").rows()


@pytest.mark.parametrize(("acks", "outcome"), [(0, "none"), (None, "unknown")])
def test_no_answer_is_expected_or_missing(tmp_path: Path, acks: int | None, outcome: str) -> None:
    """With acks=0 no answer comes; else without one the outcome is unknown."""
    recording = Recording()
    if acks is None:
        recording.send(ALICE, Place(), 0, batch(b"v"))
    else:
        recording.produce(ALICE, Place(), batch(b"v"), acks=acks)

    frame = opened(tmp_path, recording).produced.collect()

    assert [(outcome, acks, None)] == frame.select("outcome", "acks", "answered_at").rows()


def test_partitions_of_one_request_keep_their_own_answers(tmp_path: Path) -> None:
    """Answers are found by topic, id and partition, also where the topic has no name."""
    places = [Place(partition=0, first=5), Place(partition=1, first=9)]
    places.append(Place(topic=None, topic_id="AAAAAAAAAAAAAAAAAAAAAQ", first=7))
    recording = Recording()
    for place in places:
        recording.send(ALICE, place, 0, batch(b"v"))
    for place in reversed(places):
        recording.answer(ALICE, place, 0)

    frame = opened(tmp_path, recording).produced.collect()

    assert [5, 9, 7] == frame["first_offset"].to_list()


def test_a_partition_named_twice_stays_two_rows(tmp_path: Path) -> None:
    """Two answers for one partition do not double what was sent."""
    recording = Recording()
    for _ in range(2):
        recording.send(ALICE, Place(), 0, batch(b"v"))
        recording.answer(ALICE, Place(first=3), 0)

    assert 2 == opened(tmp_path, recording).produced.collect().height


def test_masked_fields_are_listed(tmp_path: Path) -> None:
    """What was masked before it was recorded stands beside the records."""
    recording = Recording()
    recording.send(ALICE, Place(), 0, batch(b"v"))
    masked = (Masked("card", "redact", 1),)
    recording.add(EventKind.PRODUCE, ALICE, exchange=1, **Place().columns, masked=masked)

    frame = opened(tmp_path, recording).produced.collect()

    expected = [{"field": "card", "method": "redact", "count": 1}]
    assert [[], expected] == frame["masked"].to_list()
