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
