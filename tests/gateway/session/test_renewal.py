"""The gateway's login at a broker is made anew while a client's requests go on."""

from __future__ import annotations

import json

import pytest

from gateway.apis.error_codes import ErrorCode
from gateway.evidence.event import EventKind
from gateway.identity.client_mechanism import PlainClient, ScramClient
from gateway.session.broker_login import BrokerLogin
from gateway.session.effects import (
    CloseBroker,
    CloseClient,
    ConnectBroker,
    PrepareLogin,
    SendBroker,
    SendClient,
)
from gateway.session.signals import (
    BrokerBytes,
    BrokerConnected,
    ClientBytes,
    ClientEof,
    CredentialsChecked,
    LoginPrepared,
    Tick,
)
from gateway.wire.api_keys import ApiKey
from tests.gateway.session.conversation import (
    ALICE_IN,
    PLAIN,
    answer,
    ask,
    events,
    login,
    new_session,
    opened,
)
from tests.playbook import Playbook, row

LIST = (ApiKey.LIST_GROUPS, 3)
# The script's clock goes on by a second with each signal.
LIFETIME_MS = 4_000
SHAKEN = answer(ApiKey.SASL_HANDSHAKE, 1, correlation_id=0, mechanisms=["PLAIN"])
LET_IN = answer(ApiKey.SASL_AUTHENTICATE, 1, correlation_id=0, session_lifetime_ms=LIFETIME_MS)
NOT_LET_IN = answer(
    ApiKey.SASL_AUTHENTICATE, 1, correlation_id=0, error_code=ErrorCode.SASL_AUTHENTICATION_FAILED
)


def prepared() -> BrokerLogin:
    """Make what the shell brings."""
    return BrokerLogin(PlainClient("gateway", "secret"))


def handshake() -> bytes:
    """Build the first request of a login."""
    return prepared().begin()


def token() -> bytes:
    """Build the second request of a login."""
    begun = prepared()
    begun.begin()
    message = begun.take(SHAKEN[4:])
    assert message is not None
    return message


def due() -> Playbook:
    """Begin a script in which a client waits for an answer when the login must be renewed."""
    request = ask(*LIST, correlation_id=0)
    play = opened() >> ClientBytes(request) << row(EventKind.SESSION_AUTHENTICATED)
    play << ConnectBroker() >> BrokerConnected(LIFETIME_MS) << SendBroker(request)
    return play >> Tick() >> Tick() >> Tick() >> Tick() << PrepareLogin()


def test_a_login_is_renewed_between_a_client_s_requests() -> None:
    """What the client asks meanwhile waits; answers are told apart by their place, not number."""
    play = due() >> Tick() >> LoginPrepared(prepared()) << SendBroker(handshake())
    # This one has the same correlation id as ours.
    play >> ClientBytes(ask(*LIST, correlation_id=0))
    reads = [play.session.reads_client]
    first = answer(*LIST, correlation_id=0)
    play >> BrokerBytes(first) << row(EventKind.EXCHANGE, exchange=0) << SendClient(first)
    play >> BrokerBytes(SHAKEN) << SendBroker(token())
    play >> BrokerBytes(LET_IN) << SendBroker(ask(*LIST, correlation_id=0))
    reads.append(play.session.reads_client)
    play >> BrokerBytes(first) << row(EventKind.EXCHANGE, exchange=1) << SendClient(first)
    # And so on: the new login lasts no longer.
    play >> Tick() >> Tick() >> Tick() << PrepareLogin()
    play.finish()

    assert [False, True] == reads


def test_a_login_that_lasts_for_ever_is_not_renewed() -> None:
    """Most brokers say so."""
    request = ask(*LIST)
    play = opened() >> ClientBytes(request) << row(EventKind.SESSION_AUTHENTICATED)
    play << ConnectBroker() >> BrokerConnected(0) << SendBroker(request)
    play.advance(3_600_000_000_000)
    reply = answer(*LIST)
    play >> BrokerBytes(reply) << row(EventKind.EXCHANGE) << SendClient(reply) >> Tick()
    play.finish()


def test_it_is_tried_again_when_nothing_is_there_to_log_in_with() -> None:
    """An authorization server may be away for a moment."""
    play = due() >> LoginPrepared(None) >> Tick() << PrepareLogin()
    play >> LoginPrepared(prepared()) << SendBroker(handshake())
    play.finish()


def check_refusal() -> Playbook:
    """Let a broker refuse to renew a login."""
    play = due() >> LoginPrepared(prepared()) << SendBroker(handshake())
    first = answer(*LIST, correlation_id=0)
    play >> BrokerBytes(first) << row(EventKind.EXCHANGE) << SendClient(first)
    play >> BrokerBytes(SHAKEN) << SendBroker(token()) >> BrokerBytes(NOT_LET_IN)
    play << row(EventKind.SESSION_CLOSE) << CloseClient("broker_login_failed") << CloseBroker()
    play.finish()
    return play


def test_a_refused_renewal_ends_the_session() -> None:
    """With its reason; our own request is no exchange of the client's."""
    *_, closed = events(check_refusal().seen)

    told = json.loads(closed.detail or "")
    assert told["message"] == "the broker refused the name, the password or the token"
    assert 1 == told["exchange_count"]


def test_a_client_that_ends_does_not_wait_for_a_login() -> None:
    """What comes for it when it is over begins nothing."""
    play = due() >> ClientEof() >> LoginPrepared(prepared())
    play.finish()

    assert not play.session.is_closed


def test_a_renewal_under_way_may_end_behind_a_client() -> None:
    """A login of several messages goes on to its end."""
    scram = BrokerLogin(ScramClient("SCRAM-SHA-256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO"))
    play = due() >> LoginPrepared(scram)
    play.take()
    first = answer(*LIST, correlation_id=0)
    play >> BrokerBytes(first) << row(EventKind.EXCHANGE) << SendClient(first)
    play >> ClientEof() >> BrokerBytes(SHAKEN)
    sent = play.take()
    play.finish()

    assert isinstance(sent, SendBroker)
    assert b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO" in sent.data


@pytest.mark.parametrize("is_late", [False, True])
def test_nothing_follows_a_login_of_the_client_that_may_end_it(*, is_late: bool) -> None:
    """While that is checked ours waits: an answer that ends the connection is the last."""
    session = new_session(mechanisms=PLAIN)
    play = opened(session) >> ClientBytes(ask(ApiKey.SASL_HANDSHAKE, 1, mechanism="PLAIN"))
    play.take_all()
    play >> ClientBytes(login())
    play.take_all()
    play >> CredentialsChecked(ALICE_IN)
    play.take_all()
    play >> ClientBytes(ask(*LIST)) << ConnectBroker() >> BrokerConnected(LIFETIME_MS)
    play << SendBroker(ask(*LIST))
    if is_late:
        play >> Tick() >> Tick() >> Tick() >> Tick() << PrepareLogin()
    play >> ClientBytes(ask(ApiKey.SASL_HANDSHAKE, 1, mechanism="PLAIN"))
    play.take_all()
    play >> ClientBytes(login())
    play.take_all()
    if is_late:
        play >> LoginPrepared(prepared())
    else:
        play >> Tick() >> Tick() >> Tick()
    play >> CredentialsChecked(ALICE_IN)

    assert PrepareLogin() in play.take_all()
