"""How sessions end in odd ways: what is still taken, and what is counted as never sent."""

from __future__ import annotations

from gateway.evidence.event import EventKind
from gateway.identity.mechanism import Password
from gateway.session.effects import (
    CheckCredentials,
    CloseBroker,
    CloseClient,
    SendBroker,
    SendClient,
    ShutdownBrokerWrite,
)
from gateway.session.signals import (
    BrokerBytes,
    BrokerEof,
    BrokerFailed,
    ClientBytes,
    ClientEof,
    ClientLost,
    CredentialsChecked,
    Drain,
)
from gateway.wire.api_keys import ApiKey
from tests.gateway.session.conversation import (
    ALICE_OUT,
    PLAIN,
    answer,
    ask,
    batch,
    connected,
    fetch,
    fetched,
    login,
    new_session,
    opened,
    produce,
    produced,
)
from tests.playbook import row

LIST = (ApiKey.LIST_GROUPS, 3)


def test_what_was_never_sent_is_counted() -> None:
    """A Produce without acks has its row before it is sent; the last row says how much was not."""
    play = opened()
    play >> ClientBytes(produce(acks=0))
    play.take_all()
    (
        play
        >> BrokerFailed("refused")
        << row(
            EventKind.SESSION_CLOSE,
            detail={"bytes_not_sent_to_broker": len(produce(acks=0)), "bytes_to_broker": 0},
        )
    )
    play.take_all()
    play.finish()


def test_the_closing_row_counts_the_traffic() -> None:
    """Bytes of both sides and what was cut off stand in the last row."""
    play = connected()
    request, reply = ask(*LIST, correlation_id=0), answer(*LIST, correlation_id=0)
    play >> ClientBytes(ask(*LIST)[:10]) >> ClientEof() << ShutdownBrokerWrite() >> BrokerEof()
    (
        play
        << row(
            EventKind.SESSION_CLOSE,
            detail={
                "bytes_from_client": len(request) + 10,
                "bytes_to_broker": len(request),
                "bytes_from_broker": len(reply),
                "bytes_to_client": len(reply),
                "exchange_count": 1,
                "bytes_of_cut_frame": 10,
                "frames_not_taken": 0,
            },
        )
    )
    play.take_all()
    play.finish()


def test_records_for_a_client_that_only_stopped_sending_are_delivered() -> None:
    """It may still read, and looks like one that has closed: neither is held against it."""
    play = connected()
    play >> ClientBytes(fetch()) << SendBroker(fetch()) >> ClientEof()
    (
        play
        >> BrokerBytes(fetched(batch(0, 3)))
        << row(EventKind.DELIVERED)
        << row(EventKind.EXCHANGE)
        << SendClient(fetched(batch(0, 3)))
        << ShutdownBrokerWrite()
    )
    play.finish()


def test_the_brokers_word_on_a_produce_is_kept_when_the_client_is_gone() -> None:
    """What was written is known, whoever still listens."""
    play = connected()
    play >> ClientBytes(produce())
    play.take_all()
    play >> ClientLost() >> BrokerBytes(answer(ApiKey.PRODUCE, 9))
    play << row(EventKind.EXCHANGE, error_code=0) << ShutdownBrokerWrite()
    play.finish()


def test_a_half_closed_client_still_gets_its_answers() -> None:
    """The end of the client's sending side is not the end of the conversation."""
    play = connected()
    (
        play
        >> ClientBytes(produce())
        << row(EventKind.PRODUCE)
        << SendBroker(produce())
        >> ClientEof()
        >> BrokerBytes(produced())
        << row(EventKind.PRODUCED)
        << row(EventKind.EXCHANGE)
        << SendClient(produced())
        << ShutdownBrokerWrite()
    )
    play.finish()


def test_a_wrong_password_ends_the_session_behind_its_answer() -> None:
    """What came with it is not taken any more."""
    play = opened(new_session(mechanisms=PLAIN))
    play >> ClientBytes(ask(ApiKey.SASL_HANDSHAKE, 1, mechanism="PLAIN"))
    play.take_all()
    (
        play
        >> ClientBytes(login() + ask(*LIST, correlation_id=3))
        << CheckCredentials(Password("alice", "pw"))
    )
    play >> CredentialsChecked(ALICE_OUT) << row(EventKind.SESSION_REJECTED)
    play << row(EventKind.EXCHANGE, decision="deny")
    reply = play.take()

    assert isinstance(reply, SendClient)
    (
        play
        << row(
            EventKind.SESSION_CLOSE,
            detail={"reason": "authentication_failed", "frames_not_taken": 1},
        )
        << CloseClient("authentication_failed")
    )
    play.finish()


def test_draining_answers_what_is_under_way_and_takes_nothing_new() -> None:
    """A gateway that shuts down loses no outcome that it can still learn.

    A client that leaves meanwhile was shut down: the first reason stands.
    """
    play = connected()
    (play >> ClientBytes(produce()) << row(EventKind.PRODUCE) << SendBroker(produce()) >> Drain())

    assert not play.session.reads_client
    (
        play
        >> ClientBytes(ask(*LIST, correlation_id=9))
        >> ClientEof()
        >> BrokerBytes(produced())
        << row(EventKind.PRODUCED)
        << row(EventKind.EXCHANGE)
        << SendClient(produced())
        << ShutdownBrokerWrite()
        >> BrokerEof()
        << row(EventKind.SESSION_CLOSE, detail={"reason": "shutdown"})
        << CloseClient("shutdown")
        << CloseBroker()
    )
    play.finish()
