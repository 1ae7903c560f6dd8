"""The SASL state machine takes each step in its place only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.identity.mechanism import Accepted, Challenge, Password, Rejected
from gateway.identity.principal import ANONYMOUS, Principal
from gateway.session.authentication import Authentication, Refused, State
from gateway.wire.api_keys import ApiKey
from tests.gateway.session.conversation import ALICE_IN, ALICE_OUT, OPTIONS
from tests.gateway.session.conversation import PLAIN as MECHANISMS

PLAIN = replace(OPTIONS, mechanisms=MECHANISMS, session_lifetime_ms=1_000)
ALICE = Principal(issuer="gateway:clients", subject="alice")
ALICES = b"\0alice\0pw"


class Riddle:
    """A mechanism that asks twice and checks nothing."""

    name = "RIDDLE"

    def __init__(self) -> None:
        self._answers = [b"one", b"two"]

    def begin(self) -> Riddle:
        """Begin anew."""
        return Riddle()

    def take(self, message: bytes) -> Challenge | Accepted | Rejected:
        """Take an answer."""
        if message != self._answers.pop(0):
            return Rejected(reason="wrong answer", message="no")
        return Challenge(b"next") if self._answers else ALICE_IN

    def take_verdict(self, verdict: Accepted | Rejected) -> Accepted | Rejected:
        """Is never asked."""
        return verdict


RIDDLE = replace(OPTIONS, mechanisms=(*MECHANISMS, Riddle()))


def _in(authentication: Authentication, verdict: Accepted | Rejected = ALICE_IN) -> object:
    authentication.shake_hands("PLAIN", 1)
    authentication.read_message(ALICES, 0)
    return authentication.take_verdict(verdict, 5)


def test_the_way_in() -> None:
    """Handshake, message, verdict: then everything is allowed until the lifetime ends."""
    authentication = Authentication(PLAIN)

    assert authentication.shake_hands("PLAIN", 1) is None
    assert Password("alice", "pw") == authentication.read_message(ALICES, 5)
    assert ALICE_IN == authentication.take_verdict(ALICE_IN, 5)
    assert ALICE == authentication.principal
    assert authentication.why_not(ApiKey.FETCH, 1_000_000_005) is None
    assert "lifetime" in (authentication.why_not(ApiKey.FETCH, 1_000_000_006) or "")
    assert authentication.why_not(ApiKey.SASL_HANDSHAKE, 1_000_000_006) is None


def test_a_mechanism_may_ask_before_it_lets_in() -> None:
    """Meanwhile the client stays where it is, and nothing else is open to it."""
    authentication = Authentication(RIDDLE)
    authentication.shake_hands("RIDDLE", 1)

    assert Challenge(b"next") == authentication.read_message(b"one", 0)
    assert "before authentication" == authentication.why_not(ApiKey.FETCH, 0)
    assert ALICE_IN == authentication.read_message(b"two", 0)
    assert authentication.why_not(ApiKey.FETCH, 0) is None


def test_what_a_mechanism_refuses_begins_with_a_new_handshake_only() -> None:
    """An answer cannot be tried twice."""
    authentication = Authentication(RIDDLE)
    authentication.shake_hands("RIDDLE", 1)

    refused = authentication.read_message(b"three", 0)
    assert isinstance(refused, Refused)
    assert (58, "no", "wrong answer") == (refused.error_code, refused.message, refused.reason)
    again = authentication.read_message(b"one", 0)
    assert isinstance(again, Refused)
    assert 34 == again.error_code


def test_the_mechanisms_are_offered_in_their_order() -> None:
    """Clients are told which there are."""
    authentication = Authentication(RIDDLE)

    assert ["PLAIN", "RIDDLE"] == authentication.offered


@pytest.mark.parametrize("state", [State.NEW, State.SHAKEN, State.CHECKING])
@pytest.mark.parametrize(
    "api_key",
    [k for k in ApiKey if k.name not in {"API_VERSIONS", "SASL_HANDSHAKE", "SASL_AUTHENTICATE"}],
)
def test_only_three_apis_are_open_before(state: State, api_key: ApiKey) -> None:
    """The table has no fourth."""
    authentication = Authentication(PLAIN)
    authentication.state = state

    assert "before authentication" == authentication.why_not(api_key, 0)


@pytest.mark.parametrize(
    "api_key", [ApiKey.API_VERSIONS, ApiKey.SASL_HANDSHAKE, ApiKey.SASL_AUTHENTICATE]
)
def test_the_three_are_open(api_key: ApiKey) -> None:
    """Without them nobody gets in."""
    assert Authentication(PLAIN).why_not(api_key, 0) is None


def test_without_authentication_everybody_is_in() -> None:
    """And SASL is refused."""
    authentication = Authentication(OPTIONS)

    assert ANONYMOUS == authentication.principal
    assert authentication.why_not(ApiKey.FETCH, 0) is None
    assert isinstance(authentication.shake_hands("PLAIN", 1), Refused)
    assert isinstance(authentication.read_message(b"\0a\0b", 0), Refused)


@pytest.mark.parametrize(
    ("mechanism", "version", "expected"),
    [("PLAIN", 0, 35), ("GSSAPI", 1, 33), ("SCRAM-SHA-256", 1, 33)],
)
def test_a_handshake_that_cannot_be_kept_is_refused(
    mechanism: str, version: int, expected: int
) -> None:
    """Version 0 would be followed by tokens without frames."""
    authentication = Authentication(PLAIN)
    refused = authentication.shake_hands(mechanism, version)

    assert isinstance(refused, Refused)
    assert (expected, State.NEW) == (refused.error_code, authentication.state)


def test_a_message_without_a_handshake_is_refused() -> None:
    """Each step has its place."""
    refused = Authentication(PLAIN).read_message(ALICES, 0)

    assert isinstance(refused, Refused)
    assert 34 == refused.error_code


def test_a_message_that_is_none_is_refused_as_a_wrong_password_is() -> None:
    """The client learns nothing more; the record has the reason."""
    authentication = Authentication(PLAIN)
    authentication.shake_hands("PLAIN", 1)
    refused = authentication.read_message(b"alice", 0)

    assert isinstance(refused, Refused)
    assert (58, "the PLAIN message has 1 parts instead of 3") == (
        refused.error_code,
        refused.reason,
    )


def test_nobody_becomes_somebody_else() -> None:
    """The rows of a session are one user's (KIP-368)."""
    authentication = Authentication(PLAIN)
    bob = Accepted(principal=Principal(issuer="gateway:clients", subject="bob"))

    assert ALICE_IN == _in(authentication)
    assert ALICE_IN == _in(authentication)
    refused = _in(authentication, bob)
    assert isinstance(refused, Refused)
    assert ("changed user", "bob", ALICE) == (
        refused.reason,
        refused.username,
        authentication.principal,
    )


def test_a_refused_verdict_leaves_nobody_in() -> None:
    """The state is that of a stranger again."""
    authentication = Authentication(PLAIN)
    refused = _in(authentication, ALICE_OUT)

    assert isinstance(refused, Refused)
    assert "alice" == refused.username
    assert (None, State.NEW) == (authentication.principal, authentication.state)


def test_without_a_lifetime_nothing_expires() -> None:
    """Zero is Kafka's word for it in the answer."""
    authentication = Authentication(replace(PLAIN, session_lifetime_ms=None))
    _in(authentication)

    assert 0 == authentication.lifetime_ms
    assert authentication.why_not(ApiKey.FETCH, 2**62) is None
