"""A session keeps order, limits and the record, from its opening to its end."""

from __future__ import annotations

import pytest

from gateway.evidence.event import EventKind
from gateway.identity.denials import Denial, DenyList
from gateway.identity.mechanism import Password
from gateway.policy.forbid import ForbidRule
from gateway.session import signals as on
from gateway.session.effects import (
    ChargeGrant,
    CheckCredentials,
    CloseBroker,
    CloseClient,
    ConnectBroker,
    ResolveTopics,
    SendBroker,
    SendClient,
    ShutdownBrokerWrite,
    StopAsking,
)
from gateway.session.topology import Topology
from gateway.wire.api_keys import ApiKey
from tests.gateway.session.conversation import (
    ALICE_IN,
    CLIENT_ID,
    ORDERS_ID,
    PLAIN,
    answer,
    ask,
    batch,
    connected,
    events,
    fetch,
    fetched,
    login,
    new_session,
    opened,
    produce,
    too_new_api_versions,
    version_refusal,
)
from tests.gateway.session.held import CHARGED, held
from tests.gateway.session.test_renewal import check_refusal
from tests.playbook import SECOND_NS, Playbook, row

LIST = (ApiKey.LIST_GROUPS, 3)


def test_a_session_opens_with_its_ends() -> None:
    """The first row says who connected to where, before anything is known of the client."""
    play = Playbook(new_session())
    (
        play
        >> on.ClientConnected()
        << row(
            EventKind.SESSION_OPEN,
            listener="clients",
            peer="10.0.0.7:40000",
            node_id=1,
            subject=None,
            detail={"local": "10.0.0.1:9092"},
        )
    )
    play.finish()

    assert play.session.reads_client


def test_a_request_passes_unchanged_and_is_recorded_before_its_answer_is_released() -> None:
    """The broker gets the client's own bytes, the client the broker's; the row stands between."""
    play = connected()
    request, reply = ask(*LIST), answer(*LIST)
    (
        play
        >> on.ClientBytes(request)
        << SendBroker(request)
        >> on.BrokerBytes(reply)
        << row(
            EventKind.EXCHANGE,
            exchange=1,
            api_key=16,
            api_version=3,
            correlation_id=1,
            client_id=CLIENT_ID,
            subject="ANONYMOUS",
            issuer="none",
            decision="allow",
            error_code=0,
            detail={"request": {}, "response": {"groups": []}, "elapsed_ns": SECOND_NS},
        )
        << SendClient(reply)
    )
    play.finish()


def test_frames_may_come_in_any_pieces() -> None:
    """Byte by byte and all at once make the same conversation."""
    play = connected()
    requests = ask(*LIST, correlation_id=1) + ask(*LIST, correlation_id=2)
    for position in range(len(requests) - 1):
        play >> on.ClientBytes(requests[position : position + 1])
        play.take_all()
    play >> on.ClientBytes(requests[-1:]) << SendBroker(ask(*LIST, correlation_id=2))
    replies = answer(*LIST, correlation_id=1) + answer(*LIST, correlation_id=2)
    (
        play
        >> on.BrokerBytes(replies)
        << row(EventKind.EXCHANGE, correlation_id=1)
        << SendClient(answer(*LIST, correlation_id=1))
        << row(EventKind.EXCHANGE, correlation_id=2)
        << SendClient(answer(*LIST, correlation_id=2))
    )
    play.finish()


def test_requests_before_the_broker_is_there_wait_in_order() -> None:
    """The first request asks for the connection, all are sent when it stands."""
    play = opened()
    first, second = ask(*LIST, correlation_id=1), ask(*LIST, correlation_id=2)
    (
        play
        >> on.ClientBytes(first)
        << row(EventKind.SESSION_AUTHENTICATED)
        << ConnectBroker()
        >> on.ClientBytes(second)
        >> on.BrokerConnected()
        << SendBroker(first)
        << SendBroker(second)
    )
    play.finish()


def test_an_answer_of_our_own_waits_for_earlier_answers_of_the_broker() -> None:
    """Clients match answers to requests by their order."""
    play = connected()
    asked, too_new = ask(*LIST, correlation_id=1), too_new_api_versions(2)
    (
        play
        >> on.ClientBytes(asked + too_new)
        << SendBroker(asked)
        << row(EventKind.EXCHANGE, correlation_id=2, error_code=35)
        >> on.BrokerBytes(answer(*LIST, correlation_id=1))
        << row(EventKind.EXCHANGE, correlation_id=1)
        << SendClient(answer(*LIST, correlation_id=1))
        << SendClient(version_refusal(2))
    )
    play.finish()


def test_too_many_requests_under_way_stop_the_reading() -> None:
    """The limit holds for what one read brought, too; an answer lets the next one through."""
    play = connected(new_session(in_flight_max=2))
    asked = [ask(*LIST, correlation_id=number) for number in (1, 2, 3)]
    play >> on.ClientBytes(b"".join(asked)) << SendBroker(asked[0]) << SendBroker(asked[1])

    assert not play.session.reads_client
    reply = answer(*LIST, correlation_id=1)
    (
        play
        >> on.BrokerBytes(reply)
        << row(EventKind.EXCHANGE, correlation_id=1)
        << SendClient(reply)
        << SendBroker(asked[2])
    )
    play.finish()
    assert not play.session.reads_client
    play >> on.BrokerBytes(answer(*LIST, correlation_id=2))
    assert play.session.reads_client


def test_too_many_bytes_before_the_broker_is_there_stop_the_reading() -> None:
    """What waits for the connection is bounded."""
    play = opened(new_session(hold_bytes_max=100))
    play >> on.ClientBytes(produce(acks=0) + produce(acks=0))
    kinds = [effect.event.kind for effect in play.take_all() if hasattr(effect, "event")]

    # The first is held (over the limit by itself), the second is not even taken.
    assert [EventKind.SESSION_AUTHENTICATED, EventKind.PRODUCE, EventKind.EXCHANGE] == kinds[:3]
    assert not play.session.reads_client
    play >> on.BrokerConnected() << SendBroker(produce(acks=0)) << row(EventKind.PRODUCE)
    play << row(EventKind.EXCHANGE) << SendBroker(produce(acks=0))
    play.finish()
    assert play.session.reads_client


def test_a_broker_that_cannot_be_reached_ends_the_session() -> None:
    """What was asked was not forwarded, and the record says so; nor can one that refuses us."""
    check_refusal()
    play = opened()
    (
        play
        >> on.ClientBytes(produce())
        << row(EventKind.SESSION_AUTHENTICATED)
        << row(EventKind.PRODUCE)
        << ConnectBroker()
        >> on.BrokerFailed("connection refused")
        << row(EventKind.EXCHANGE, detail={"response": "not_forwarded"}, error_code=None)
        << row(
            EventKind.SESSION_CLOSE,
            detail={"reason": "broker_unreachable", "message": "connection refused"},
        )
        << CloseClient("broker_unreachable")
        << CloseBroker()
    )
    play.finish()

    assert play.session.is_closed
    assert not play.session.reads_client


def test_a_broker_that_goes_away_leaves_outcomes_unknown() -> None:
    """Each request under way gets its one row, which invents nothing."""
    play = connected()
    (
        play
        >> on.ClientBytes(produce(correlation_id=5) + fetch(correlation_id=6))
        << row(EventKind.PRODUCE)
        << SendBroker(produce(correlation_id=5))
        << SendBroker(fetch(correlation_id=6))
        >> on.BrokerEof()
        << row(EventKind.EXCHANGE, correlation_id=5, detail={"response": "unknown"})
        << row(EventKind.EXCHANGE, correlation_id=6, detail={"response": "unknown"})
        << row(EventKind.SESSION_CLOSE, detail={"reason": "broker_closed", "exchange_count": 3})
        << CloseClient("broker_closed")
        << CloseBroker()
    )
    play.finish()


def test_a_client_that_leaves_before_asking_leaves_no_broker_behind() -> None:
    """No connection was made, none is closed."""
    play = opened()
    (
        play
        >> on.ClientEof()
        << row(EventKind.SESSION_CLOSE, detail={"reason": "client_closed"})
        << CloseClient("client_closed")
    )
    play.finish()


def test_what_a_leaving_client_sent_reaches_the_broker() -> None:
    """Produce with acks=0 and an end right behind it: the broker gets it all, then the end."""
    play = connected()
    (
        play
        >> on.ClientBytes(produce(acks=0))
        << row(EventKind.PRODUCE)
        << row(EventKind.EXCHANGE, detail={"response": "none"})
        << SendBroker(produce(acks=0))
        >> on.ClientEof()
        << ShutdownBrokerWrite()
        >> on.BrokerEof()
        << row(EventKind.SESSION_CLOSE, detail={"reason": "client_closed"})
        << CloseClient("client_closed")
        << CloseBroker()
    )
    play.finish()


def test_what_a_leaving_client_sent_waits_for_the_connection() -> None:
    """The client may be gone before the broker's connection stands."""
    play = opened()
    (
        play
        >> on.ClientBytes(produce(acks=0))
        << row(EventKind.SESSION_AUTHENTICATED)
        << row(EventKind.PRODUCE)
        << row(EventKind.EXCHANGE)
        << ConnectBroker()
        >> on.ClientEof()
        >> on.BrokerConnected()
        << SendBroker(produce(acks=0))
        << ShutdownBrokerWrite()
    )
    play.finish()


def test_a_broker_that_does_not_end_its_side_is_left() -> None:
    """The last wait is bounded."""
    play = connected(new_session(linger_ms=3_000))
    play >> on.ClientEof() << ShutdownBrokerWrite() >> on.Tick() >> on.Tick()
    (
        play
        >> on.Tick()
        << row(EventKind.SESSION_CLOSE, detail={"reason": "client_closed"})
        << CloseClient("client_closed")
        << CloseBroker()
    )
    play.finish()


def test_answers_that_do_not_come_are_not_waited_for_without_end() -> None:
    """A client that has gone is outlived by its requests for a while only."""
    play = connected(new_session(outcome_ms=2_000))
    play >> on.ClientBytes(produce()) << row(EventKind.PRODUCE) << SendBroker(produce())
    play >> on.ClientEof() >> on.Tick()
    (
        play
        >> on.Tick()
        << row(EventKind.EXCHANGE, detail={"response": "unknown"})
        << row(EventKind.SESSION_CLOSE, detail={"reason": "client_closed"})
        << CloseClient("client_closed")
        << CloseBroker()
    )
    play.finish()


def test_an_idle_session_is_closed() -> None:
    """Traffic in either direction starts the time anew."""
    play = connected(new_session(idle_ms=5_000))
    play.advance(4 * SECOND_NS)
    play >> on.ClientBytes(b"\0")
    play.advance(3 * SECOND_NS)
    play >> on.Tick()
    (
        play
        >> on.Tick()
        << row(EventKind.SESSION_CLOSE, detail={"reason": "idle"})
        << CloseClient("idle")
        << CloseBroker()
    )
    play.finish()


def test_a_size_that_is_no_size_ends_the_session_with_a_hint() -> None:
    """The usual cause is a TLS client at a plain port."""
    play = opened()
    play >> on.ClientBytes(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    effects = play.take_all()

    assert EventKind.PROTOCOL_ERROR == events(effects)[0].kind
    assert "TLS" in (events(effects)[0].detail or "")
    assert CloseClient("protocol_error") == effects[-1]


def test_frames_before_a_broken_one_are_still_served() -> None:
    """The error is about what follows them."""
    play = connected()
    (
        play
        >> on.ClientBytes(ask(*LIST) + b"\xff\xff\xff\xff")
        << SendBroker(ask(*LIST))
        << row(EventKind.PROTOCOL_ERROR, detail={"side": "client"})
        << row(EventKind.EXCHANGE, detail={"response": "unknown"})
        << row(EventKind.SESSION_CLOSE, detail={"reason": "protocol_error"})
        << CloseClient("protocol_error")
        << CloseBroker()
    )
    play.finish()


@pytest.mark.parametrize(
    "data",
    [
        b"\x7f\xff\xff\xff",
        answer(*LIST, correlation_id=99),
        answer(*LIST, correlation_id=1)[:-1] + b"\xff",
        answer(*LIST, correlation_id=1) + answer(*LIST, correlation_id=1),
    ],
    ids=["size", "correlation", "malformed", "one-too-many"],
)
def test_nonsense_from_the_broker_ends_the_session(data: bytes) -> None:
    """Nothing of an answer that does not fit its request reaches the client."""
    play = connected()
    play >> on.ClientBytes(ask(*LIST)) << SendBroker(ask(*LIST)) >> on.BrokerBytes(data)
    effects = play.take_all()
    kinds = [effect.event.kind for effect in effects if hasattr(effect, "event")]

    assert [EventKind.PROTOCOL_ERROR, EventKind.SESSION_CLOSE] == [
        kind for kind in kinds if kind is not EventKind.EXCHANGE
    ]
    assert [CloseClient("protocol_error"), CloseBroker()] == effects[-2:]


def test_a_closed_session_does_nothing_more() -> None:
    """Signals that were on their way are ignored."""
    play = opened()
    play >> on.ClientEof()
    play.take_all()
    for signal in (
        on.ClientBytes(ask(*LIST)),
        on.BrokerBytes(b"\0"),
        on.BrokerConnected(),
        on.BrokerEof(),
        on.BrokerFailed("late"),
        on.CredentialsChecked(ALICE_IN),
        on.TopicsResolved({}),
        on.Drain(),
        on.Tick(),
    ):
        play >> signal
    play.finish()

    assert play.session.is_closed


def test_a_password_is_checked_while_nothing_else_is_taken() -> None:
    """What came behind the login waits for the verdict, and so does reading."""
    play = opened(new_session(mechanisms=PLAIN))
    play >> on.ClientBytes(ask(ApiKey.SASL_HANDSHAKE, 1, mechanism="PLAIN"))
    play.take_all()
    play >> on.ClientBytes(login() + ask(*LIST, correlation_id=3))
    play << CheckCredentials(Password("alice", "pw"))

    assert not play.session.reads_client
    play >> on.CredentialsChecked(ALICE_IN) << row(EventKind.SESSION_AUTHENTICATED, subject="alice")
    play << row(EventKind.EXCHANGE) << SendClient(answer(ApiKey.SASL_AUTHENTICATE, 1, 2))
    play << ConnectBroker()
    play.finish()
    assert play.session.reads_client


def test_a_client_that_may_not_go_on_is_closed_at_its_next_request() -> None:
    """No error of the protocol is told: it made none."""
    denials = DenyList()
    play = connected(new_session(denials=denials))
    denials.replace([Denial(subject="ANONYMOUS", reason="left")])
    play >> on.ClientBytes(ask(*LIST))
    play << row(EventKind.SESSION_CLOSE, detail={"reason": "denied", "message": "left"})
    play << CloseClient("denied") << CloseBroker()
    play.finish()


@pytest.mark.parametrize(
    ("signal", "reason"), [(on.Tick(), "denied"), (on.Kill("by root"), "killed")]
)
def test_a_session_may_be_ended_without_a_request(signal: on.Tick | on.Kill, reason: str) -> None:
    """By the clock once its client is denied, or by an operator."""
    denials = DenyList()
    play = connected(new_session(denials=denials))
    denials.replace([Denial(subject="ANONYMOUS")])
    assert "ANONYMOUS" == play.session.describe()["subject"]
    play >> signal << row(EventKind.SESSION_CLOSE, detail={"reason": reason})
    play << CloseClient(reason) << CloseBroker()
    play.finish()


def test_a_verdict_that_nobody_waits_for_changes_nothing() -> None:
    """It is about a login that is over."""
    play = opened(new_session(mechanisms=PLAIN)) >> on.CredentialsChecked(ALICE_IN)
    play.finish()


def test_a_client_that_does_not_log_in_in_time_is_closed() -> None:
    """It costs a connection."""
    play = opened(new_session(mechanisms=PLAIN, authentication_ms=2_000))
    play >> on.Tick() >> on.Tick() << row(EventKind.SESSION_CLOSE, subject=None)
    play << CloseClient("authentication_timeout")
    play.finish()


def test_topic_ids_without_names_hold_what_comes_behind_them() -> None:
    """The cluster is asked once; the names are for all sessions."""
    topology = Topology()
    play = connected(new_session(topology))
    play >> on.ClientBytes(fetch(13) + ask(*LIST, correlation_id=2)) << ResolveTopics((ORDERS_ID,))

    assert not play.session.reads_client
    play >> on.TopicsResolved({ORDERS_ID: "orders"}) << SendBroker(fetch(13))
    play << SendBroker(ask(*LIST, correlation_id=2))
    play.finish()
    assert "orders" == topology.topics.name_of(ORDERS_ID)


def test_names_that_do_not_come_in_time_are_gone_without() -> None:
    """The connection goes on."""
    play = connected(new_session(resolve_ms=2_000))
    play >> on.ClientBytes(fetch(13)) << ResolveTopics((ORDERS_ID,)) >> on.Tick() >> on.Tick()
    play << SendBroker(fetch(13))
    play.finish()


def test_answers_behind_the_end_are_not_taken() -> None:
    """A refusal that ends the session waits for the answer before it; no later one counts."""
    play = connected(new_session(forbid=(ForbidRule(id="r", apis=frozenset({ApiKey.PRODUCE})),)))
    play >> on.ClientBytes(ask(*LIST) + produce(acks=0, correlation_id=2)) << SendBroker(ask(*LIST))
    play << row(EventKind.EXCHANGE, correlation_id=2, decision="deny")
    (
        play
        >> on.BrokerBytes(answer(*LIST) + answer(*LIST, correlation_id=3))
        << row(EventKind.EXCHANGE, correlation_id=1)
        << SendClient(answer(*LIST))
        << row(EventKind.SESSION_CLOSE, detail={"reason": "refused_without_answer"})
        << CloseClient("refused_without_answer")
        << CloseBroker()
    )
    play.finish()


def test_what_came_before_a_refusal_without_an_answer_still_reaches_the_broker() -> None:
    """It was allowed and recorded; the connection to the broker only does not stand yet."""
    forbid = (ForbidRule(id="r", apis=frozenset({ApiKey.PRODUCE}), topics=("cards",)),)
    play = opened(new_session(forbid=forbid))
    cards = {"name": "cards", "partition_data": [{"index": 0, "records": batch(0, 3)}]}
    allowed, denied = produce(acks=0), produce(acks=0, correlation_id=2, topic_data=[cards])
    play >> on.ClientBytes(allowed + denied + allowed)
    play.take_all()
    assert not play.session.reads_client

    play >> on.BrokerConnected() << SendBroker(allowed) << ShutdownBrokerWrite()
    (
        play
        >> on.BrokerEof()
        << row(
            EventKind.SESSION_CLOSE,
            detail={"reason": "refused_without_answer", "frames_not_taken": 1},
        )
        << CloseClient("refused_without_answer")
        << CloseBroker()
    )
    play.finish()


def test_a_broken_size_behind_the_end_is_no_error() -> None:
    """Nothing is taken of what follows the end."""
    play = connected(new_session(forbid=(ForbidRule(id="r", apis=frozenset({ApiKey.PRODUCE})),)))
    play >> on.ClientBytes(produce(acks=0) + b"\xff\xff\xff\xff")
    play << row(EventKind.EXCHANGE, decision="deny")
    play << row(EventKind.SESSION_CLOSE, detail={"reason": "refused_without_answer"})
    play << CloseClient("refused_without_answer") << CloseBroker()
    play.finish()


def test_a_request_that_no_answer_fits_ends_the_session() -> None:
    """What came behind it is not taken."""
    play = connected()
    play >> on.ClientBytes(ask(ApiKey.SASL_HANDSHAKE, 1)[:4] + b"\x27\x0f" + b"\0" * 27)
    play << row(EventKind.PROTOCOL_ERROR, detail={"side": "client"})
    play.take_all()
    play.finish()

    assert play.session.is_closed


def test_records_for_a_client_that_is_gone_are_not_delivered() -> None:
    """Nobody was sent them: the outcome is unknown, and no byte is counted."""
    play = connected()
    sent = len(answer(*LIST, correlation_id=0))
    play >> on.ClientBytes(fetch()) << SendBroker(fetch()) >> on.ClientLost()
    (
        play
        >> on.BrokerBytes(fetched(batch(0, 3)))
        << row(EventKind.EXCHANGE, detail={"response": "unknown"})
        << ShutdownBrokerWrite()
        >> on.BrokerEof()
        << row(EventKind.SESSION_CLOSE, detail={"reason": "client_closed", "bytes_to_client": sent})
    )
    play.take_all()
    play.finish()


def test_a_session_learns_that_changes_are_refused() -> None:
    """At any time, without a word to its client."""
    play = connected()
    play >> on.ChangesRefused(is_so=True) >> on.ClientBytes(produce())
    play << row(EventKind.EXCHANGE, decision="deny")
    (sent,) = play.take_all()

    assert isinstance(sent, SendClient)


def test_a_held_request_is_granted_and_charged() -> None:
    """Answers behind it are taken meanwhile, and leave behind it."""
    reply = fetched(batch(0, 3))
    behind, answered = ask(ApiKey.LIST_GROUPS, 3, 2), answer(ApiKey.LIST_GROUPS, 3, 2)
    play = held(fetch()) >> on.ApprovalAnswered(1, CHARGED) << SendBroker(fetch())
    play >> on.ClientBytes(behind) << SendBroker(behind) >> on.BrokerBytes(reply)
    play << ChargeGrant(1, "r1", 3, len(batch(0, 3))) >> on.BrokerBytes(answered)
    play << row(EventKind.EXCHANGE, exchange=2) >> on.GrantCharged(1, is_allowed=True)
    play << row(EventKind.DELIVERED, approval_id="r1") << row(EventKind.EXCHANGE, exchange=1)
    play << SendClient(reply) << SendClient(answered)
    play.finish()


def test_a_heartbeat_ends_the_wait_of_a_held_request() -> None:
    """It goes on behind the answer."""
    heartbeat = ask(ApiKey.HEARTBEAT, 4, correlation_id=2, group_id="g")
    play = held(fetch()) >> on.ClientBytes(heartbeat) << StopAsking(1)

    assert SendBroker(heartbeat) in play.take_all()
    (play >> on.ApprovalAnswered(1, CHARGED)).finish()


def test_draining_takes_nothing_new() -> None:
    """What is under way is answered all the same."""
    play = connected() >> on.ClientBytes(fetch()) << SendBroker(fetch())
    play >> on.Drain() >> on.ClientBytes(fetch()) >> on.ClientEof()
    play.finish()
