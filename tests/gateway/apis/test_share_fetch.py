"""ShareFetch leaves a row for each topic-partition whose bytes reach the member."""

from __future__ import annotations

import json

import pytest

from gateway.apis.share_fetch import (
    SESSIONS_MAX,
    ShareSessions,
    begun_by,
    delivered_rows,
    without_records,
)
from gateway.apis.topics import TopicDirectory, topic_id_text
from gateway.evidence.event import Event, EventKind
from gateway.wire.api_keys import ApiKey
from gateway.wire.table import load
from tests.gateway.apis.messages import TOPIC_ID, filled
from tests.gateway.session.conversation import batch

TEMPLATE = Event(kind=EventKind.EXCHANGE, wall_ns=1, monotonic_ns=2, session="s")


def test_a_delivery_names_its_group_and_what_was_acquired() -> None:
    """In every version; the topic stays an id while nobody has named it."""
    for version in load()[ApiKey.SHARE_FETCH].versions:
        values = {"records": memoryview(batch(3, 4)), "first_offset": 4, "last_offset": 5}
        answer = filled(ApiKey.SHARE_FETCH, version, response=True, values=values)
        (row,) = delivered_rows(TEMPLATE, answer, "workers", TopicDirectory())

        assert (EventKind.DELIVERED, None, topic_id_text(TOPIC_ID)) == (
            row.kind,
            row.topic,
            row.topic_id,
        )
        assert (None, 3, 6, 4) == (
            row.requested_offset,
            row.first_offset,
            row.last_offset,
            row.record_count,
        )
        acquired = [{"first_offset": 4, "last_offset": 5, "delivery_count": 0}]
        assert {"group_id": "workers", "acquired": acquired} == json.loads(row.detail or "")


def test_partitions_without_bytes_are_no_deliveries() -> None:
    """A poll that finds nothing delivered nothing."""
    answer = filled(ApiKey.SHARE_FETCH, 1, response=True)

    assert [] == delivered_rows(TEMPLATE, answer, "workers", TopicDirectory())


def test_the_exchange_row_holds_the_rest() -> None:
    """Errors and lock times stay, records and ranges do not; the answer keeps all."""
    answer = filled(ApiKey.SHARE_FETCH, 1, response=True, values={"acknowledge_error_code": 6})
    (partition,) = without_records(answer)["responses"][0]["partitions"]

    assert 6 == partition["acknowledge_error_code"]
    assert not {"records", "acquired_records"} & partition.keys()
    assert "records" in answer["responses"][0]["partitions"][0]


def _request(member: str, epoch: int) -> dict[str, object]:
    return {"group_id": "workers", "member_id": member, "share_session_epoch": epoch}


def test_a_share_session_is_known_once_the_broker_has_begun_it() -> None:
    """By group and member; the request that begins one is always known."""
    sessions = ShareSessions()
    begun = begun_by(_request("m", 0))

    assert begun == ("workers", "m")
    assert sessions.knows(_request("m", 0))
    assert not sessions.knows(_request("m", 1))
    sessions.keep(begun)
    assert sessions.knows(_request("m", 1))
    assert sessions.knows(_request("m", -1))
    assert not sessions.knows(_request("other", 1))


@pytest.mark.parametrize("epoch", [-1, 1, 7])
def test_other_requests_begin_no_share_session(epoch: int) -> None:
    """They go on with one, or end it."""
    assert begun_by(_request("m", epoch)) is None


def test_share_sessions_are_bounded() -> None:
    """The oldest is forgotten; its member begins anew."""
    sessions = ShareSessions()
    for number in range(SESSIONS_MAX + 1):
        sessions.keep(("workers", str(number)))

    assert not sessions.knows(_request("0", 1))
    assert sessions.knows(_request("1", 1))
