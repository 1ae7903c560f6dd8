"""The SASL state machine takes each step in its place only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.identity.plain import Credentials
from gateway.identity.principal import ANONYMOUS, Principal
from gateway.session.authentication import Authentication, Refused, State
from gateway.wire.api_keys import ApiKey
from tests.gateway.session.conversation import OPTIONS

PLAIN = replace(OPTIONS, authentication="plain", session_lifetime_ms=1_000)
ALICE = Principal(issuer="gateway:clients", subject="alice")


def test_the_way_in() -> None:
    """Handshake, message, verdict: then everything is allowed until the lifetime ends."""
    authentication = Authentication(PLAIN)

    assert authentication.shake_hands("PLAIN", 1) is None
    assert Credentials("alice", "pw") == authentication.read_message(b"\0alice\0pw")
    assert ALICE == authentication.take_verdict(5, accepted=True)
    assert authentication.why_not(ApiKey.FETCH, 1_000_000_005) is None
    assert "lifetime" in (authentication.why_not(ApiKey.FETCH, 1_000_000_006) or "")
    assert authentication.why_not(ApiKey.SASL_HANDSHAKE, 1_000_000_006) is None


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
    assert isinstance(authentication.read_message(b"\0a\0b"), Refused)


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
    refused = Authentication(PLAIN).read_message(b"\0alice\0pw")

    assert isinstance(refused, Refused)
    assert 34 == refused.error_code


def test_a_message_that_is_none_is_refused_as_a_wrong_password_is() -> None:
    """The client learns nothing more; the record has the reason."""
    authentication = Authentication(PLAIN)
    authentication.shake_hands("PLAIN", 1)
    refused = authentication.read_message(b"alice")

    assert isinstance(refused, Refused)
    assert (58, "the PLAIN message has 1 parts instead of 3") == (
        refused.error_code,
        refused.reason,
    )


def test_nobody_becomes_somebody_else() -> None:
    """The rows of a session are one user's (KIP-368)."""
    authentication = Authentication(PLAIN)
    for name in (b"alice", b"alice"):
        authentication.shake_hands("PLAIN", 1)
        authentication.read_message(b"\0" + name + b"\0pw")
        authentication.take_verdict(0, accepted=True)
    authentication.shake_hands("PLAIN", 1)
    refused = authentication.read_message(b"\0bob\0pw")

    assert isinstance(refused, Refused)
    assert ("changed user", "bob", ALICE) == (
        refused.reason,
        refused.username,
        authentication.principal,
    )


def test_a_refused_verdict_leaves_nobody_in() -> None:
    """The state is that of a stranger again."""
    authentication = Authentication(PLAIN)
    authentication.shake_hands("PLAIN", 1)
    authentication.read_message(b"\0alice\0pw")
    refused = authentication.take_verdict(0, accepted=False)

    assert isinstance(refused, Refused)
    assert "alice" == refused.username
    assert (None, State.NEW) == (authentication.principal, authentication.state)


def test_without_a_lifetime_nothing_expires() -> None:
    """Zero is Kafka's word for it in the answer."""
    authentication = Authentication(replace(PLAIN, session_lifetime_ms=None))
    authentication.shake_hands("PLAIN", 1)
    authentication.read_message(b"\0alice\0pw")
    authentication.take_verdict(0, accepted=True)

    assert 0 == authentication.lifetime_ms
    assert authentication.why_not(ApiKey.FETCH, 2**62) is None
