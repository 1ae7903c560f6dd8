"""Produce leaves a row for what was sent and a row for what became of it."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.apis.produce import (
    ERRORS_MAX,
    Sent,
    answered_detail,
    asked_detail,
    expects_answer,
    produce_rows,
    produced_rows,
)
from gateway.apis.topics import TopicDirectory
from gateway.evidence.event import Event, EventKind
from tests.gateway.session.conversation import batch

TEMPLATE = Event(kind=EventKind.EXCHANGE, wall_ns=1, monotonic_ns=2, session="s", exchange=4)


def _request(*partitions: tuple[int, bytes | None]) -> dict[str, Any]:
    data = [
        {"index": index, "records": None if records is None else memoryview(records)}
        for index, records in partitions
    ]
    return {
        "transactional_id": "tx",
        "acks": -1,
        "timeout_ms": 9,
        "topic_data": [{"name": "orders", "partition_data": data}],
    }


def _answer(**partition: object) -> dict[str, Any]:
    whole = {"index": 0, "error_code": 0, "base_offset": 50} | partition
    return {"responses": [{"name": "orders", "partition_responses": [whole]}]}


@pytest.mark.parametrize(("acks", "expected"), [(0, False), (1, True), (-1, True)])
def test_only_acks_0_has_no_answer(acks: int, *, expected: bool) -> None:
    """Any other value waits for one."""
    assert expected == expects_answer({"acks": acks})


def test_each_partition_has_its_row_on_the_exchanges_template() -> None:
    """Several batches of one partition are one row; other columns are those of the exchange."""
    records = batch(0, 2) + batch(0, 3)
    rows, sent = produce_rows(TEMPLATE, _request((0, records), (1, None)), TopicDirectory())

    assert [(EventKind.PRODUCE, "s", 4)] * 2 == [
        (each.kind, each.session, each.exchange) for each in rows
    ]
    assert [(0, 5, len(records)), (1, 0, 0)] == [
        (each.partition, each.record_count, each.byte_count) for each in rows
    ]
    assert {("orders", 0): Sent("orders", None, 5), ("orders", 1): Sent("orders", None, 0)} == sent


def test_the_brokers_offset_and_the_count_give_the_range() -> None:
    """Nothing else says where the records lie."""
    _, sent = produce_rows(TEMPLATE, _request((0, batch(0, 3))), TopicDirectory())
    (row,) = produced_rows(TEMPLATE, _answer(), sent)

    assert (EventKind.PRODUCED, "orders", 50, 52, 3, 0) == (
        row.kind,
        row.topic,
        row.first_offset,
        row.last_offset,
        row.record_count,
        row.error_code,
    )


def test_a_partition_named_twice_has_no_count() -> None:
    """Which of the two the broker took is not known, so no last offset is made up."""
    rows, sent = produce_rows(
        TEMPLATE, _request((0, batch(0, 2)), (0, batch(0, 3))), TopicDirectory()
    )
    (row,) = produced_rows(TEMPLATE, _answer(), sent)

    assert [2, 3] == [each.record_count for each in rows]
    assert (50, None, None) == (row.first_offset, row.last_offset, row.record_count)


def test_an_answer_for_what_was_never_sent_is_recorded_without_a_guess() -> None:
    """Its name and error stand, its count is unknown."""
    (row,) = produced_rows(TEMPLATE, _answer(error_code=3, base_offset=-1), {})

    assert ("orders", 3, None, None) == (
        row.topic,
        row.error_code,
        row.first_offset,
        row.record_count,
    )


def test_the_arguments_are_kept_without_the_records() -> None:
    """Topics and records stand in their own rows."""
    assert {
        "transactional_id": "tx",
        "acks": -1,
        "timeout_ms": 9,
        "partition_count": 2,
    } == asked_detail(_request((0, None), (1, None)))


def test_errors_are_told_with_their_texts_and_bounded() -> None:
    """Texts of the broker, and records it names; the rest is counted."""
    failed = {"index": 1, "error_code": 87, "error_message": "bad", "record_errors": []}
    answer = {"responses": [{"name": "t", "partition_responses": [failed] * (ERRORS_MAX + 3)}]}
    detail: dict[str, Any] = answered_detail(answer)

    assert {"index": 1, "error_code": 87, "error_message": "bad"} == detail["errors"][0]
    assert (ERRORS_MAX, 3) == (len(detail["errors"]), detail["errors_left_out"])
    assert {"throttle_time_ms": 0} == answered_detail(_answer())
