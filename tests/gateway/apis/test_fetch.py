"""Fetch leaves a row for each topic-partition whose bytes reach the client."""

from __future__ import annotations

import json
from typing import Any

from gateway.apis.fetch import PARTITIONS_MAX, answered_detail, asked_detail, delivered_rows
from gateway.apis.fetch_sessions import FetchSessions, Wanted
from gateway.apis.topics import TopicDirectory, topic_id_text
from gateway.evidence.event import Event, EventKind
from gateway.wire.api_keys import ApiKey
from gateway.wire.table import load
from tests.gateway.apis.messages import TOPIC_ID, filled
from tests.gateway.session.conversation import batch

TEMPLATE = Event(kind=EventKind.EXCHANGE, wall_ns=1, monotonic_ns=2, session="s", exchange=4)
KNOWING = TopicDirectory()
KNOWING.learn(TOPIC_ID, "orders")


def _answer(*partitions: dict[str, Any]) -> dict[str, Any]:
    whole = {"partition_index": 0, "error_code": 0, "high_watermark": 9, "records": None}
    topic = {"topic": "orders", "partitions": [whole | each for each in partitions]}
    return {"throttle_time_ms": 0, "responses": [topic]}


def _wanted(offsets: dict[tuple[str | bytes, int], int]) -> Wanted:
    return Wanted(session_id=0, epoch=-1, offsets=offsets)


def test_every_version_is_recorded() -> None:
    """Old versions lack sessions, start offsets and ids; each still makes its row."""
    for version in load()[ApiKey.FETCH].versions:
        request = filled(ApiKey.FETCH, version, response=False, values={"topic": "orders"})
        values = {"topic": "orders", "records": memoryview(batch(3, 1))}
        answer = filled(ApiKey.FETCH, version, response=True, values=values)
        wanted = FetchSessions().wanted(request)
        (row,) = delivered_rows(TEMPLATE, answer, wanted, 0, KNOWING)
        asked: dict[str, Any] = asked_detail(request, KNOWING)

        assert (EventKind.DELIVERED, "orders", 3) == (row.kind, row.topic, row.first_offset)
        assert (topic_id_text(TOPIC_ID) if version >= 13 else None) == row.topic_id
        assert row.requested_offset == (None if wanted.epoch > 0 else 0)
        assert "orders" == asked["topics"][0]["topic"]
        answered_detail(answer, KNOWING)


def test_only_partitions_with_bytes_are_deliveries() -> None:
    """Null and empty records delivered nothing."""
    answer = _answer(
        {"partition_index": 1}, {"records": memoryview(b"")}, {"records": memoryview(batch(5, 2))}
    )
    (row,) = delivered_rows(TEMPLATE, answer, _wanted({("orders", 0): 4}), 1, KNOWING)

    assert (4, 5, 6, 2) == (
        row.requested_offset,
        row.first_offset,
        row.last_offset,
        row.record_count,
    )
    assert 1 == json.loads(row.detail or "")["isolation_level"]


def test_what_was_not_asked_for_is_delivered_all_the_same() -> None:
    """The offset asked for is then unknown."""
    answer = _answer({"records": memoryview(batch(5, 2))})
    (row,) = delivered_rows(TEMPLATE, answer, _wanted({}), 0, KNOWING)

    assert row.requested_offset is None


def test_a_client_that_says_it_is_a_broker_is_noted() -> None:
    """Reading as a replica needs no group and sees uncommitted records."""
    old = filled(ApiKey.FETCH, 12, response=False, values={"replica_id": 5})
    new = filled(ApiKey.FETCH, 15, response=False, values={"replica_id": 5})

    assert [5, 5] == [asked_detail(each, KNOWING)["replica_id"] for each in (old, new)]
    assert "replica_id" not in asked_detail(
        filled(ApiKey.FETCH, 12, response=False, values={"replica_id": -1}), KNOWING
    )


def test_long_requests_and_answers_are_cut_and_say_so() -> None:
    """The exchange row is bounded; the rows of deliveries never are."""
    request = filled(ApiKey.FETCH, 12, response=False)
    request["topics"][0]["partitions"] *= PARTITIONS_MAX + 2
    request["topics"].append(request["topics"][0])
    asked: dict[str, Any] = asked_detail(request, KNOWING)
    answered: dict[str, Any] = answered_detail(
        _answer(*[{"error_code": 1}] * (PARTITIONS_MAX + 3)), KNOWING
    )

    assert PARTITIONS_MAX + 4 == asked["partitions_left_out"]
    assert 1 == len(asked["topics"])
    assert (PARTITIONS_MAX, 3) == (len(answered["errors"]), answered["errors_left_out"])


def test_forgotten_topics_are_recorded() -> None:
    """Which partitions a client gave up tells when it stopped reading."""
    request = filled(ApiKey.FETCH, 13, response=False, values={"partitions": [2]})
    request["topics"] = []

    assert [
        {"topic": "orders", "topic_id": topic_id_text(TOPIC_ID), "partitions": [2]}
    ] == asked_detail(request, KNOWING)["forgotten"]
