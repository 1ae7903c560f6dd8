"""Answers leave in the order of their requests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.evidence.event import Event, EventKind
from gateway.policy.decision import ALLOWED, DENIED
from gateway.session.effects import ChargeGrant
from gateway.session.pipeline import Exchange, Pipeline, delivers
from gateway.wire.api_keys import ApiKey
from gateway.wire.headers import RequestHeader
from tests.gateway.session.conversation import answer


def _exchange(ordinal: int, *, is_forwarded: bool) -> Exchange:
    header = RequestHeader(
        api_key=ApiKey.LIST_GROUPS, api_version=3, correlation_id=ordinal, client_id=None
    )
    return Exchange(ordinal=ordinal, header=header, began_ns=0, is_forwarded=is_forwarded)


def test_the_broker_owes_the_oldest_forwarded_request() -> None:
    """Answers of our own are not the broker's to give."""
    pipeline = Pipeline()
    own, first, second = (_exchange(n, is_forwarded=n > 0) for n in range(3))
    for exchange in (own, first, second):
        pipeline.add(exchange)

    assert first is pipeline.awaiting_broker()
    first.reply = b"1"
    assert second is pipeline.awaiting_broker()
    second.reply = b"2"
    assert pipeline.awaiting_broker() is None


def test_a_known_answer_waits_for_the_ones_before_it() -> None:
    """Nothing is released past a gap."""
    pipeline = Pipeline()
    first, second = _exchange(0, is_forwarded=True), _exchange(1, is_forwarded=False)
    pipeline.add(first)
    pipeline.add(second)
    second.reply = b"2"

    assert [] == list(pipeline.release())
    assert [first] == pipeline.unanswered()
    first.reply = b"1"
    assert [first, second] == list(pipeline.release())
    assert 0 == len(pipeline)


def test_nothing_may_follow_an_answer_that_ends_the_connection() -> None:
    """Later requests would be answered into a closed connection."""
    pipeline = Pipeline()
    last = _exchange(0, is_forwarded=False)
    pipeline.add(last)
    was_ending = pipeline.is_ending
    last.answer({"throttle_time_ms": 0, "error_code": 0, "groups": []}, ending="why")

    assert (False, True) == (was_ending, pipeline.is_ending)
    assert answer(ApiKey.LIST_GROUPS, 3, 0) == last.reply


@pytest.mark.parametrize(
    ("is_forwarded", "reply", "expected"),
    [(False, None, True), (True, None, False), (False, b"1", False)],
)
def test_what_is_not_answered_here_yet_is_being_decided(
    *, is_forwarded: bool, reply: bytes | None, expected: bool
) -> None:
    """What the broker answers, and what has its answer, is not."""
    pipeline = Pipeline()
    nothing = pipeline.is_deciding
    exchange = _exchange(0, is_forwarded=is_forwarded)
    exchange.reply = reply
    pipeline.add(exchange)

    assert (False, expected) == (nothing, pipeline.is_deciding)


def test_an_empty_reply_is_an_answer() -> None:
    """Where nothing may be sent, the exchange is over all the same."""
    pipeline = Pipeline()
    exchange = _exchange(0, is_forwarded=False)
    exchange.reply = b""
    pipeline.add(exchange)

    assert [] == pipeline.unanswered()
    assert [exchange] == list(pipeline.release())


def test_only_fetches_deliver_records() -> None:
    """Of a share group as well."""
    exchange = _exchange(0, is_forwarded=True)
    found = {
        api_key
        for api_key in ApiKey
        if delivers(replace(exchange, header=replace(exchange.header, api_key=api_key)))
    }

    assert {ApiKey.FETCH, ApiKey.SHARE_FETCH} == found


def test_an_answer_is_kept_back_until_it_was_charged() -> None:
    """What it delivers is counted; until then it is not known to have been answered."""
    pipeline = Pipeline()
    exchange, behind = _exchange(0, is_forwarded=True), _exchange(1, is_forwarded=False)
    pipeline.add(exchange)
    pipeline.add(behind)
    exchange.reply, exchange.approval_id, behind.reply = b"1", "r1", b"2"
    rows = [
        Event(kind=kind, wall_ns=0, monotonic_ns=0, record_count=count, byte_count=10)
        for kind, count in [
            (EventKind.DELIVERED, 3),
            (EventKind.DELIVERED, None),
            (EventKind.EXCHANGE, 5),
        ]
    ]

    assert exchange.charge(rows) == ChargeGrant(0, "r1", 3, 20)
    assert [exchange] == pipeline.unanswered()
    assert [] == list(pipeline.release())
    assert exchange is pipeline.uncharged(0)
    exchange.uncharged = None
    assert [exchange, behind] == list(pipeline.release())


def test_what_goes_on_has_its_own_decision_where_something_was_refused() -> None:
    """Else it is the exchange's."""
    header = RequestHeader(api_key=1, api_version=12, correlation_id=1, client_id=None)
    whole = Exchange(ordinal=0, header=header, began_ns=0, decision=DENIED)
    partly = Exchange(ordinal=0, header=header, began_ns=0, decision=DENIED, passing=ALLOWED)

    assert [DENIED, ALLOWED] == [whole.going_on, partly.going_on]
