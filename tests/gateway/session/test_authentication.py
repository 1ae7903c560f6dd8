"""The SASL state machine takes each step in its place only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.identity.denials import Denial, DenyList
from gateway.identity.mechanism import FAILED, Accepted, Challenge, Password, Rejected
from gateway.identity.principal import ANONYMOUS, Principal
from gateway.session.authentication import Authentication, Over, Refused, State
from gateway.session.signals import Instant
from gateway.wire.api_keys import ApiKey
from tests.gateway.session.conversation import ALICE_IN, ALICE_OUT, OPTIONS
from tests.gateway.session.conversation import PLAIN as MECHANISMS

PLAIN = replace(OPTIONS, mechanisms=MECHANISMS, session_lifetime_ms=1_000)
ALICE = Principal(issuer="gateway:clients", subject="alice")
NOW = Instant(10**18, 5)
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


def _in(
    authentication: Authentication, verdict: Accepted | Rejected = ALICE_IN, at_ns: int = 0
) -> object:
    authentication.shake_hands("PLAIN", 1, at_ns)
    authentication.read_message(ALICES, NOW)
    return authentication.take_verdict(verdict, NOW)


def test_the_way_in() -> None:
    """Handshake, message, verdict: then everything is allowed until the lifetime ends."""
    authentication = Authentication(PLAIN)

    assert authentication.shake_hands("PLAIN", 1, 0) is None
    assert Password("alice", "pw") == authentication.read_message(ALICES, NOW)
    assert ALICE_IN == authentication.take_verdict(ALICE_IN, NOW)
    assert ALICE == authentication.principal
    assert authentication.why_not(ApiKey.FETCH) is None
    assert authentication.why_over(ApiKey.FETCH, 1_000_000_005) is None
    over = authentication.why_over(ApiKey.FETCH, 1_000_000_006)
    assert Over("session_expired", "the client did not log in again in time") == over
    assert authentication.why_over(ApiKey.SASL_HANDSHAKE, 1_000_000_006) is None
    assert authentication.why_over(None, 1_000_000_006) is None


def test_a_mechanism_may_ask_before_it_lets_in() -> None:
    """Meanwhile the client stays where it is, and nothing else is open to it."""
    authentication = Authentication(RIDDLE)
    authentication.shake_hands("RIDDLE", 1, 0)

    assert Challenge(b"next") == authentication.read_message(b"one", NOW)
    assert "before authentication" == authentication.why_not(ApiKey.FETCH)
    assert ALICE_IN == authentication.read_message(b"two", NOW)
    assert authentication.why_not(ApiKey.FETCH) is None


def test_what_a_mechanism_refuses_begins_with_a_new_handshake_only() -> None:
    """An answer cannot be tried twice."""
    authentication = Authentication(RIDDLE)
    authentication.shake_hands("RIDDLE", 1, 0)

    refused = authentication.read_message(b"three", NOW)
    assert isinstance(refused, Refused)
    assert (58, "no", "wrong answer") == (refused.error_code, refused.message, refused.reason)
    again = authentication.read_message(b"one", NOW)
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

    assert "before authentication" == authentication.why_not(api_key)
    assert authentication.why_over(api_key, 0) is None


@pytest.mark.parametrize(
    "api_key", [ApiKey.API_VERSIONS, ApiKey.SASL_HANDSHAKE, ApiKey.SASL_AUTHENTICATE]
)
def test_the_three_are_open(api_key: ApiKey) -> None:
    """Without them nobody gets in."""
    assert Authentication(PLAIN).why_not(api_key) is None


def test_without_authentication_everybody_is_in() -> None:
    """And SASL is refused."""
    authentication = Authentication(OPTIONS)

    assert ANONYMOUS == authentication.principal
    assert authentication.why_not(ApiKey.FETCH) is None
    assert isinstance(authentication.shake_hands("PLAIN", 1, 0), Refused)
    assert isinstance(authentication.read_message(b"\0a\0b", NOW), Refused)


@pytest.mark.parametrize(
    ("mechanism", "version", "expected"),
    [("PLAIN", 0, 35), ("GSSAPI", 1, 33), ("SCRAM-SHA-256", 1, 33)],
)
def test_a_handshake_that_cannot_be_kept_is_refused(
    mechanism: str, version: int, expected: int
) -> None:
    """Version 0 would be followed by tokens without frames."""
    authentication = Authentication(PLAIN)
    refused = authentication.shake_hands(mechanism, version, 0)

    assert isinstance(refused, Refused)
    assert (expected, State.NEW) == (refused.error_code, authentication.state)


def test_a_message_without_a_handshake_is_refused() -> None:
    """Each step has its place."""
    refused = Authentication(PLAIN).read_message(ALICES, NOW)

    assert isinstance(refused, Refused)
    assert 34 == refused.error_code


def test_a_message_that_is_none_is_refused_as_a_wrong_password_is() -> None:
    """The client learns nothing more; the record has the reason."""
    authentication = Authentication(PLAIN)
    authentication.shake_hands("PLAIN", 1, 0)
    refused = authentication.read_message(b"alice", NOW)

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
    refused = _in(authentication, bob, at_ns=1_000_000_000)
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
    assert authentication.why_over(ApiKey.FETCH, 2**62) is None


@pytest.mark.parametrize(
    ("session_ms", "rest_ms", "expected"),
    [(None, 700, 700), (1_000, 700, 700), (500, 700, 500), (1_000, -20_000, 1), (None, 0, 1)],
)
def test_a_login_lasts_no_longer_than_its_token(
    session_ms: int | None, rest_ms: int, expected: int
) -> None:
    """Nor than the listener lets it; a token at its end lasts as short as can be told."""
    authentication = Authentication(replace(PLAIN, session_lifetime_ms=session_ms))
    _in(authentication, replace(ALICE_IN, expires_ns=NOW.wall_ns + rest_ms * 1_000_000))

    assert expected == authentication.lifetime_ms
    end_ns = NOW.monotonic_ns + expected * 1_000_000
    assert authentication.why_over(ApiKey.FETCH, end_ns) is None
    assert authentication.why_over(ApiKey.FETCH, end_ns + 1) is not None


def test_a_later_login_without_an_end_takes_the_end_away() -> None:
    """What counts is what was presented last."""
    authentication = Authentication(replace(PLAIN, session_lifetime_ms=None))
    _in(authentication, replace(ALICE_IN, expires_ns=NOW.wall_ns + 1_000_000))
    _in(authentication)

    assert authentication.why_over(ApiKey.FETCH, 2**62) is None


def test_a_session_keeps_its_mechanism() -> None:
    """KIP-368: what was proven once is proven again in the same way."""
    authentication = Authentication(RIDDLE)
    _in(authentication)
    refused = authentication.shake_hands("RIDDLE", 1, 0)

    assert isinstance(refused, Refused)
    assert 34 == refused.error_code
    assert "mechanism" in refused.reason


def test_a_session_logs_in_again_once_a_second_only() -> None:
    """The first time at once, as brokers have it."""
    authentication = Authentication(PLAIN)
    _in(authentication)
    assert authentication.shake_hands("PLAIN", 1, 5) is None
    authentication.read_message(ALICES, NOW)
    authentication.take_verdict(ALICE_IN, NOW)

    refused = authentication.shake_hands("PLAIN", 1, 1_000_000_004)
    assert isinstance(refused, Refused)
    assert (34, "a session may log in again once a second only") == (
        refused.error_code,
        refused.reason,
    )


@pytest.mark.parametrize("denial", [Denial(subject="alice"), Denial(jti="t-1")])
def test_who_is_denied_is_not_let_in(denial: Denial) -> None:
    """The client is told no more than for a wrong password; the record has the reason."""
    denials = DenyList([replace(denial, reason="stolen")])
    authentication = Authentication(replace(PLAIN, denials=denials))
    refused = _in(authentication, replace(ALICE_IN, jti="t-1"))

    assert isinstance(refused, Refused)
    assert (FAILED, "denied: stolen") == (refused.message, refused.reason)


@pytest.mark.parametrize("api_key", [ApiKey.FETCH, ApiKey.SASL_HANDSHAKE, None])
@pytest.mark.parametrize(
    ("reason", "expected"), [("stolen", "stolen"), ("", "the principal or its token is denied")]
)
def test_who_is_denied_is_not_left_in(api_key: ApiKey | None, reason: str, expected: str) -> None:
    """With the next request, whichever it is, or without one."""
    denials = DenyList()
    authentication = Authentication(replace(PLAIN, denials=denials))
    _in(authentication, replace(ALICE_IN, jti="t-1"))
    assert authentication.why_over(api_key, 0) is None
    denials.replace([Denial(jti="t-1", reason=reason)])

    assert Over("denied", expected) == authentication.why_over(api_key, 0)
