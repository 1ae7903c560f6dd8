"""A request that waits for people keeps its place, and nobody late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.apis.topics import NULL_TOPIC_ID
from gateway.evidence.event import EventKind
from gateway.session.effects import (
    ChargeGrant,
    CloseClient,
    Record,
    SendBroker,
    SendClient,
    ShutdownBrokerWrite,
    StopAsking,
)
from gateway.session.holding import COME_AGAIN, shows_life
from gateway.session.signals import ApprovalAnswered, BrokerBytes, ClientBytes, Drain, GrantCharged
from gateway.wire.api_keys import ApiKey
from tests.gateway.session.conversation import ask, batch, connected, fetch, fetched, produce
from tests.gateway.session.held import CHARGED, EXCHANGE, GRANTED, REFUSED, WAITS, held
from tests.playbook import row

if TYPE_CHECKING:
    from gateway.approval.answer import Answer

LIVES = [ApiKey.HEARTBEAT, ApiKey.JOIN_GROUP, ApiKey.CONSUMER_GROUP_HEARTBEAT]


@pytest.mark.parametrize("api_key", LIVES)
def test_what_a_coordinator_waits_for_shows_life(api_key: ApiKey) -> None:
    """Its API key stands first in a frame."""
    assert shows_life(int(api_key).to_bytes(2, "big") + b"\0\0")
    assert not shows_life(int(ApiKey.METADATA).to_bytes(2, "big") + b"\0\0")


def test_nothing_behind_a_held_request_is_taken() -> None:
    """Answers leave in order; what came meanwhile goes on behind it."""
    behind = ask(ApiKey.LIST_GROUPS, 3, correlation_id=2)
    play = held(fetch()) >> ClientBytes(behind)

    assert not play.session.reads_client
    (play >> ApprovalAnswered(1, GRANTED) << SendBroker(fetch()) << SendBroker(behind))
    play.finish()


def test_a_heartbeat_behind_it_ends_the_wait() -> None:
    """A group's member must not be late because a request of its waits for people."""
    heartbeat = ask(ApiKey.HEARTBEAT, 4, correlation_id=2, group_id="g")
    play = held(fetch()) >> ClientBytes(heartbeat)
    play << StopAsking(1) << row(EXCHANGE, decision="hold", error_code=56)

    assert isinstance(play.take(), SendClient)
    play << SendBroker(heartbeat)
    play.finish()


def test_an_answer_that_nobody_waits_for_does_nothing() -> None:
    """It was on its way when the wait was given up."""
    play = held(fetch()) >> Drain()
    play << StopAsking(1) << row(EXCHANGE, approval_id=None, error_code=56)
    play.take_all()
    play >> ApprovalAnswered(1, GRANTED)
    play.finish()


def test_who_is_cut_short_comes_again() -> None:
    """There is no request to name yet."""
    assert "Waiting for approval: try again" == COME_AGAIN.message


def test_a_granted_request_goes_on_with_the_approval_in_its_rows() -> None:
    """The decision stays that it was held."""
    request, reply = fetch(), fetched(b"")
    (
        held(request)
        >> ApprovalAnswered(1, GRANTED)
        << SendBroker(request)
        >> BrokerBytes(reply)
        << row(EventKind.EXCHANGE, decision="hold", rule_ids=("bulk",), approval_id="r1")
        << SendClient(reply)
    ).finish()


@pytest.mark.parametrize(
    ("decision", "error_code", "given"), [("hold", 44, WAITS), ("deny", 29, REFUSED)]
)
def test_a_request_that_is_not_granted_is_answered_with_the_id(
    decision: str, error_code: int, given: Answer
) -> None:
    """An administrator reads in the message which request to speak of."""
    request = ask(ApiKey.DELETE_TOPICS, 6, topics=[{"name": "orders", "topic_id": NULL_TOPIC_ID}])
    play = held(request) >> ApprovalAnswered(1, given)
    play << row(EventKind.EXCHANGE, decision=decision, approval_id="r1", error_code=error_code)
    sent = play.take()
    play.finish()

    assert isinstance(sent, SendClient)
    assert b"approval r1" in sent.data


@pytest.mark.parametrize("is_granted", [True, False])
def test_a_held_produce_without_an_answer_goes_on_or_ends_the_connection(
    *, is_granted: bool
) -> None:
    """There is no other way to tell a client that waits for nothing."""
    request = produce(acks=0)
    play = held(request) >> ApprovalAnswered(1, GRANTED if is_granted else WAITS)
    effects = play.take_all()

    assert is_granted == (SendBroker(request) in effects)
    assert is_granted != (CloseClient("refused_without_answer") in effects)


@pytest.mark.parametrize("is_allowed", [True, False])
def test_records_leave_only_when_they_were_charged(*, is_allowed: bool) -> None:
    """A grant that was revoked, or is used up, delivers nothing more."""
    reply = fetched(batch(0, 3))
    play = held(fetch()) >> ApprovalAnswered(1, CHARGED)
    play << SendBroker(fetch()) >> BrokerBytes(reply)
    play << ChargeGrant(1, "r1", 3, len(batch(0, 3)))
    play >> GrantCharged(1, is_allowed)
    effects = play.take_all()
    kinds = [each.event.kind for each in effects if isinstance(each, Record)]

    assert is_allowed == (SendClient(reply) in effects)
    assert is_allowed == (EventKind.DELIVERED in kinds)
    assert EventKind.EXCHANGE == kinds[-1]
    assert isinstance(effects[-1], SendClient)


def test_where_nothing_is_held_nothing_is_given_up() -> None:
    """A gateway that shuts down asks every session."""
    (connected() >> Drain() << ShutdownBrokerWrite()).finish()
