"""Clients log in with SASL/PLAIN at the gateway, and only so get on."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from gateway.evidence.event import EventKind
from gateway.identity.mechanism import Accepted, BearerToken, Password, Rejected
from gateway.identity.oauthbearer import OAuthBearer
from gateway.identity.principal import Principal
from gateway.identity.scram import Account, Scram
from gateway.identity.scram_credential import make_scram_credential, parse_scram_credential
from gateway.session.effects import (
    CheckCredentials,
    CloseClient,
    ConnectBroker,
    Record,
    SendBroker,
    SendClient,
)
from gateway.session.options import SessionOptions
from gateway.session.session import Session
from gateway.session.signals import (
    BrokerBytes,
    BrokerConnected,
    ClientBytes,
    ClientConnected,
    CredentialsChecked,
    Instant,
    Tick,
)
from gateway.session.topology import Topology
from gateway.wire.api_keys import ApiKey
from tests.authority import Authority
from tests.gateway.session.conversation import (
    ALICE_IN,
    ALICE_OUT,
    CONNECTION,
    OPTIONS,
    PLAIN,
    answer,
    ask,
    events,
    fetch,
    new_session,
    opened,
    produce,
)
from tests.playbook import SECOND_NS, Playbook, row

if TYPE_CHECKING:
    from pathlib import Path

HANDSHAKE = ask(ApiKey.SASL_HANDSHAKE, 1, mechanism="PLAIN")
SHAKEN = answer(ApiKey.SASL_HANDSHAKE, 1, mechanisms=["PLAIN"])
FAILED = "Authentication failed: invalid user name or password"


def _plain(**options: Any) -> Session:  # noqa: ANN401 - any option
    return new_session(mechanisms=PLAIN, **options)


def _token(name: str = "alice", version: int = 2) -> bytes:
    message = f"\0{name}\0s3cret".encode()
    return ask(ApiKey.SASL_AUTHENTICATE, version, 2, auth_bytes=message)


def _shaken(play: Playbook) -> Playbook:
    play >> ClientBytes(HANDSHAKE) << row(EventKind.EXCHANGE, api_key=17, error_code=0)
    return play << SendClient(SHAKEN)


def _logged_in(session: Session | None = None) -> Playbook:
    play = _shaken(opened(session or _plain()))
    play >> ClientBytes(_token()) << CheckCredentials(Password("alice", "s3cret"))
    play >> CredentialsChecked(ALICE_IN)
    play.take_all()
    return play


def test_a_client_logs_in() -> None:
    """The principal is the user as this listener vouches for it, from the login's own row on."""
    play = _shaken(opened(_plain(session_lifetime_ms=60_000)))
    play >> ClientBytes(_token()) << CheckCredentials(Password("alice", "s3cret"))

    assert not play.session.reads_client
    (
        play
        >> CredentialsChecked(ALICE_IN)
        << row(
            EventKind.SESSION_AUTHENTICATED,
            issuer="gateway:clients",
            subject="alice",
            detail={"mechanism": "PLAIN", "reauthentication": False},
        )
        << row(
            EventKind.EXCHANGE,
            subject="alice",
            api_key=36,
            error_code=0,
            detail={"request": {"mechanism": "PLAIN", "auth_bytes": "<withheld>"}},
        )
        << SendClient(answer(ApiKey.SASL_AUTHENTICATE, 2, 2, session_lifetime_ms=60_000))
    )
    play.finish()
    assert play.session.reads_client


def test_a_client_of_an_old_version_logs_in_too() -> None:
    """Version 0 has no place for the lifetime."""
    play = _shaken(opened(_plain(session_lifetime_ms=60_000)))
    play >> ClientBytes(_token(version=0)) << CheckCredentials(Password("alice", "s3cret"))
    play >> CredentialsChecked(ALICE_IN) << row(EventKind.SESSION_AUTHENTICATED)
    play << row(EventKind.EXCHANGE) << SendClient(answer(ApiKey.SASL_AUTHENTICATE, 0, 2))
    play.finish()
    described = play.session.describe()
    assert ("alice", "PLAIN", None) == tuple(
        described[name] for name in ("subject", "mechanism", "software_name")
    )


def test_a_login_may_take_several_messages() -> None:
    """SCRAM's challenge goes to the client, and neither it nor the proof into the record."""
    credential = parse_scram_credential(make_scram_credential("SCRAM-SHA-256", "pw"))[1]
    principal = Principal(issuer="gateway:clients", subject="alice")
    scram = Scram("sha256", {"alice": Account(principal, credential)})
    play = opened(new_session(mechanisms=(scram,)))
    play >> ClientBytes(ask(ApiKey.SASL_HANDSHAKE, 1, mechanism="SCRAM-SHA-256"))
    play.take_all()
    play >> ClientBytes(ask(ApiKey.SASL_AUTHENTICATE, 2, 2, auth_bytes=b"n,,n=alice,r=x"))
    play << row(
        EventKind.EXCHANGE,
        subject=None,
        error_code=0,
        decision="allow",
        detail={"request": {"mechanism": "SCRAM-SHA-256", "auth_bytes": "<withheld>"}},
    )
    challenge = play.take()

    assert isinstance(challenge, SendClient)
    assert b",i=10000" in challenge.data
    play >> ClientBytes(ask(ApiKey.SASL_AUTHENTICATE, 2, 3, auth_bytes=b"c=biws,r=x,p=AAAA"))
    play << row(EventKind.SESSION_REJECTED, detail={"claimed": "alice"})
    play << row(EventKind.EXCHANGE, error_code=58)
    play.take_all()
    assert play.session.is_closed


def test_requests_behind_the_login_wait_for_it() -> None:
    """They came in one go with the token, and are made by the user it names."""
    play = _shaken(opened(_plain()))
    (
        play
        >> ClientBytes(_token() + produce(correlation_id=3))
        << CheckCredentials(Password("alice", "s3cret"))
    )
    (
        play
        >> CredentialsChecked(ALICE_IN)
        << row(EventKind.SESSION_AUTHENTICATED)
        << row(EventKind.EXCHANGE)
        << SendClient(answer(ApiKey.SASL_AUTHENTICATE, 2, 2))
        << row(EventKind.PRODUCE, subject="alice", issuer="gateway:clients")
        << ConnectBroker()
    )
    play.finish()


@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_wrong_password_is_told_and_ends_the_session(version: int) -> None:
    """The same words as for an unknown name; the record has the name that was claimed."""
    refusal = answer(ApiKey.SASL_AUTHENTICATE, version, 2, error_code=58, error_message=FAILED)
    play = _shaken(opened(_plain()))
    (
        play
        >> ClientBytes(_token(version=version) + fetch())
        << CheckCredentials(Password("alice", "s3cret"))
        >> CredentialsChecked(ALICE_OUT)
        << row(
            EventKind.SESSION_REJECTED,
            subject=None,
            detail={"claimed": "alice", "reason": "wrong user or password"},
        )
        << row(EventKind.EXCHANGE, decision="deny", error_code=58)
        << SendClient(refusal)
        << row(EventKind.SESSION_CLOSE, detail={"frames_not_taken": 1})
        << CloseClient("authentication_failed")
    )
    play.finish()


@pytest.mark.parametrize(
    "message", [b"", b"nonsense", b"\0alice\0", b"root\0alice\0s3cret", b"\xff\0a\0b"]
)
def test_a_message_that_is_not_plain_fails_the_same_way(message: bytes) -> None:
    """Nothing is checked, nothing is revealed."""
    play = _shaken(opened(_plain()))
    play >> ClientBytes(ask(ApiKey.SASL_AUTHENTICATE, 2, 2, auth_bytes=message))
    play << row(EventKind.SESSION_REJECTED) << row(EventKind.EXCHANGE, error_code=58)
    play << SendClient(answer(ApiKey.SASL_AUTHENTICATE, 2, 2, error_code=58, error_message=FAILED))
    play << row(EventKind.SESSION_CLOSE) << CloseClient("authentication_failed")
    play.finish()


def test_another_mechanism_is_refused_with_the_ones_offered() -> None:
    """The client can tell its user what to configure."""
    play = opened(_plain())
    (
        play
        >> ClientBytes(ask(ApiKey.SASL_HANDSHAKE, 1, mechanism="SCRAM-SHA-256"))
        << row(EventKind.SESSION_REJECTED, detail={"reason": "unsupported mechanism"})
        << row(EventKind.EXCHANGE, error_code=33, decision="deny")
        << SendClient(answer(ApiKey.SASL_HANDSHAKE, 1, error_code=33, mechanisms=["PLAIN"]))
        << row(EventKind.SESSION_CLOSE)
        << CloseClient("authentication_failed")
    )
    play.finish()


def test_handshake_0_is_refused() -> None:
    """After it the client would send tokens without frames."""
    play = opened(_plain())
    (
        play
        >> ClientBytes(ask(ApiKey.SASL_HANDSHAKE, 0, mechanism="PLAIN"))
        << row(EventKind.SESSION_REJECTED)
        << row(EventKind.EXCHANGE, error_code=35)
        << SendClient(answer(ApiKey.SASL_HANDSHAKE, 0, error_code=35, mechanisms=["PLAIN"]))
        << row(EventKind.SESSION_CLOSE)
        << CloseClient("authentication_failed")
    )
    play.finish()


def test_a_token_without_a_handshake_is_refused() -> None:
    """Each step has its place."""
    play = opened(_plain())
    play >> ClientBytes(_token()) << row(EventKind.SESSION_REJECTED)
    play << row(EventKind.EXCHANGE, error_code=34)
    (_, _, closing) = play.take_all()

    assert CloseClient("authentication_failed") == closing


@pytest.mark.parametrize("request_bytes", [fetch(), produce(), ask(ApiKey.METADATA, 9)])
def test_nothing_else_is_done_before_the_login(request_bytes: bytes) -> None:
    """Not even forwarded: the session ends."""
    play = opened(_plain())
    (
        play
        >> ClientBytes(request_bytes)
        << row(EventKind.PROTOCOL_ERROR, subject=None, detail={"side": "client"})
        << row(EventKind.SESSION_CLOSE)
        << CloseClient("protocol_error")
    )
    play.finish()


def test_api_versions_comes_before_the_login() -> None:
    """Clients ask it first; what it says of the client stands in the row of the login."""
    request = ask(
        ApiKey.API_VERSIONS, 3, client_software_name="kcat", client_software_version="1.7"
    )
    # The broker has no SASL, the gateway does.
    keys = [(17, 0, 1), (36, 0, 2)]
    sasl = [{"api_key": key, "min_version": low, "max_version": high} for key, low, high in keys]
    play = opened(_plain())
    (
        play
        >> ClientBytes(request)
        << ConnectBroker()
        >> BrokerConnected()
        << SendBroker(request)
        >> BrokerBytes(answer(ApiKey.API_VERSIONS, 3))
        << row(EventKind.EXCHANGE, subject=None)
        << SendClient(answer(ApiKey.API_VERSIONS, 3, api_keys=sasl))
    )
    _shaken(play)
    (
        play
        >> ClientBytes(_token())
        << CheckCredentials(Password("alice", "s3cret"))
        >> CredentialsChecked(ALICE_IN)
        << row(EventKind.SESSION_AUTHENTICATED, detail={"software_name": "kcat"})
    )
    play.take_all()
    play.finish()


def test_a_stranger_may_not_send_much() -> None:
    """A size beyond the limit for strangers ends the session before its bytes are kept."""
    play = opened(_plain(unauthenticated_frame_bytes_max=1_000))
    play >> ClientBytes((1_001).to_bytes(4, "big"))
    play << row(EventKind.PROTOCOL_ERROR, detail={"side": "client"})
    play.take_all()
    play.finish()

    assert play.session.is_closed


def test_who_has_logged_in_may_send_more() -> None:
    """Until then only the messages of a login come."""
    play = _logged_in(_plain(unauthenticated_frame_bytes_max=1_000))
    play >> ClientBytes(produce(transactional_id="x" * 2_000))
    play << row(EventKind.PRODUCE, subject="alice") << ConnectBroker()
    play.finish()


def test_a_client_that_does_not_log_in_is_closed() -> None:
    """An open door costs something."""
    play = opened(_plain(authentication_ms=2_000))
    (
        play
        >> Tick()
        >> Tick()
        << row(EventKind.SESSION_CLOSE, detail={"reason": "authentication_timeout"})
        << CloseClient("authentication_timeout")
    )
    play.finish()


def test_a_client_may_log_in_again() -> None:
    """The same user, on the same connection (KIP-368)."""
    play = _logged_in(_plain(session_lifetime_ms=60_000))
    _shaken(play)
    (
        play
        >> ClientBytes(_token())
        << CheckCredentials(Password("alice", "s3cret"))
        >> CredentialsChecked(ALICE_IN)
        << row(EventKind.SESSION_AUTHENTICATED, detail={"reauthentication": True})
        << row(EventKind.EXCHANGE)
        << SendClient(answer(ApiKey.SASL_AUTHENTICATE, 2, 2, session_lifetime_ms=60_000))
        >> ClientBytes(fetch())
        << ConnectBroker()
    )
    play.finish()


def test_a_session_cannot_change_its_user() -> None:
    """Its rows are one principal's from end to end."""
    bob = Accepted(principal=Principal(issuer="gateway:clients", subject="bob"))
    play = _shaken(_logged_in())
    (
        play
        >> ClientBytes(_token("bob"))
        << CheckCredentials(Password("bob", "s3cret"))
        >> CredentialsChecked(bob)
        << row(EventKind.SESSION_REJECTED, subject="alice", detail={"claimed": "bob"})
        << row(EventKind.EXCHANGE, error_code=58)
    )
    closing = play.take_all()[-1]

    assert CloseClient("authentication_failed") == closing


def test_between_the_steps_of_a_new_login_nothing_else_is_done() -> None:
    """A handshake begun must be ended."""
    play = _shaken(_logged_in())
    play >> ClientBytes(fetch()) << row(EventKind.PROTOCOL_ERROR)
    play.take_all()

    assert play.session.is_closed


def test_a_session_beyond_its_lifetime_is_closed() -> None:
    """The client was told how long its login lasts."""
    play = _logged_in(_plain(session_lifetime_ms=10_000))
    play >> ClientBytes(fetch()) << ConnectBroker()
    play.advance(10 * SECOND_NS)
    play >> ClientBytes(fetch(correlation_id=2))
    *_, closed = events(play.take_all())

    assert EventKind.SESSION_CLOSE == closed.kind
    assert '"reason":"session_expired"' in (closed.detail or "")


def test_other_groups_are_told_and_count_from_then_on() -> None:
    """The principal stays who it is."""
    play = _shaken(_logged_in())
    other = Principal(issuer="gateway:clients", subject="alice", groups=("admins",))
    (
        play
        >> ClientBytes(_token())
        << CheckCredentials(Password("alice", "s3cret"))
        >> CredentialsChecked(Accepted(principal=other))
        << row(EventKind.SESSION_AUTHENTICATED, groups=("admins",))
        << row(
            EventKind.GROUPS_CHANGED,
            subject="alice",
            detail={"before": [], "after": ["admins"]},
        )
        << row(EventKind.EXCHANGE, groups=("admins",))
    )
    play.take_all()
    play.finish()


def test_a_bad_token_is_told_as_rfc_7628_says() -> None:
    """A status first, and the end behind the client's answer; the record has one rejection."""
    play = opened(new_session(mechanisms=(OAuthBearer(),)))
    play >> ClientBytes(ask(ApiKey.SASL_HANDSHAKE, 1, mechanism="OAUTHBEARER"))
    play.take_all()
    status = answer(ApiKey.SASL_AUTHENTICATE, 2, 2, auth_bytes=b'{"status":"invalid_token"}')
    message = b"n,,\x01auth=Bearer a.b.c\x01\x01"
    (
        play
        >> ClientBytes(ask(ApiKey.SASL_AUTHENTICATE, 2, 2, auth_bytes=message))
        << CheckCredentials(BearerToken("a.b.c"))
        >> CredentialsChecked(Rejected(reason="the token has expired"))
        << row(EventKind.SESSION_REJECTED, detail={"reason": "the token has expired"})
        << row(EventKind.EXCHANGE, error_code=0)
        << SendClient(status)
        >> ClientBytes(ask(ApiKey.SASL_AUTHENTICATE, 2, 3, auth_bytes=b"\x01"))
        << row(EventKind.EXCHANGE, error_code=58, decision="deny")
    )
    play.take_all()
    play.finish()
    assert play.session.is_closed


def test_a_listener_without_authentication_refuses_to_be_told_a_password() -> None:
    """The token is neither read nor passed on to the broker."""
    play = opened()
    refusal = answer(ApiKey.SASL_HANDSHAKE, 1, error_code=34)
    (
        play
        >> ClientBytes(HANDSHAKE)
        << row(EventKind.SESSION_AUTHENTICATED, subject="ANONYMOUS")
        << row(EventKind.SESSION_REJECTED)
        << row(EventKind.EXCHANGE, error_code=34)
        << SendClient(refusal)
        << row(EventKind.SESSION_CLOSE)
        << CloseClient("authentication_failed")
    )
    play.finish()


def test_an_answer_nobody_waits_for_is_ignored() -> None:
    """A check may end after its session has moved on."""
    play = _logged_in()
    play >> CredentialsChecked(ALICE_OUT)
    play.finish()


def test_options_default_to_no_authentication() -> None:
    """A listener says explicitly that it asks for passwords."""
    assert () == SessionOptions.__dataclass_fields__["mechanisms"].default


def test_a_certificate_that_is_the_login_stands_in_the_record(tmp_path: Path) -> None:
    """As the connection is opened, and where the principal is named."""
    connection = replace(
        CONNECTION,
        certificate=Authority(tmp_path).certify("billing").der,
        principal=Principal(issuer="CN=authority", subject="billing"),
    )
    session = Session(OPTIONS, connection, Topology())
    now = Instant(wall_ns=1, monotonic_ns=1)
    effects = session.handle(ClientConnected(), now)
    effects += session.handle(ClientBytes(ask(ApiKey.LIST_GROUPS, 3)), now)
    opened_row, authenticated = (each.event for each in effects[:2] if isinstance(each, Record))

    certificates = [
        json.loads(each.detail or "")["certificate"] for each in (opened_row, authenticated)
    ]
    assert "CN=billing" == certificates[0]["subject"]
    assert certificates[0] == certificates[1]
    assert "mtls" == json.loads(authenticated.detail or "")["mechanism"]
    assert ("CN=authority", "billing") == (authenticated.issuer, authenticated.subject)
