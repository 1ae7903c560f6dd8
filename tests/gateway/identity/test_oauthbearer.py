"""OAUTHBEARER messages are read as RFC 7628 has them."""

from __future__ import annotations

import pytest

from gateway.identity.mechanism import Accepted, BearerToken, Challenge, Rejected
from gateway.identity.oauthbearer import MESSAGE_BYTES_MAX, OAuthBearer, parse_initial_response
from gateway.identity.principal import Principal

FAILED = "Authentication failed: the token was not accepted"
ALICE = Accepted(principal=Principal(issuer="https://idp", subject="alice"))


@pytest.mark.parametrize(
    ("message", "username"),
    [
        (b"n,,\x01auth=Bearer a.b-c_d.e~+/==\x01\x01", None),
        (b"y,,\x01auth=Bearer a.b-c_d.e~+/==\x01\x01", None),
        (b"n,,\x01auth=bEARER  a.b-c_d.e~+/==\x01\x01", None),
        (b"n,a=alice,\x01auth=Bearer a.b-c_d.e~+/==\x01\x01", "alice"),
        (b"n,a=,\x01auth=Bearer a.b-c_d.e~+/==\x01\x01", None),
        (b"n,,\x01auth=Bearer a.b-c_d.e~+/==\x01traceId=1=2\x01host=\x01\x01", None),
        (b"n,,\x01host=x\x01auth=Bearer a.b-c_d.e~+/==\x01\x01", None),
    ],
)
def test_a_token_is_read(message: bytes, username: str | None) -> None:
    """With whose it is said to be; extensions are passed over."""
    assert BearerToken("a.b-c_d.e~+/==", username) == parse_initial_response(message)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "does not follow RFC 7628"),
        (b"\x01", "does not follow RFC 7628"),
        (b"p=x,,\x01auth=Bearer a\x01\x01", "does not follow RFC 7628"),
        (b"n,,\x01auth=Bearer a\x01", "does not follow RFC 7628"),
        (b"n,,\x01auth=Bearer a\x01\x01\x01", "does not follow RFC 7628"),
        (b"n,,\x01auth=Bearer a\x01e_x=1\x01\x01", "does not follow RFC 7628"),
        (b"n,,auth=Bearer a\x01\x01", "does not follow RFC 7628"),
        (b"n,,\x01auth=Basic a\x01\x01", "has no bearer token"),
        (b"n,,\x01auth=Bearer\x01\x01", "has no bearer token"),
        (b"n,,\x01auth=Bearer a b\x01\x01", "has no bearer token"),
        (b"n,,\x01token=Bearer a\x01\x01", "has no bearer token"),
        (b"n,,\x01auth=Bearer a\x01auth=Bearer b\x01\x01", "gives a key twice"),
        (b"n,,\x01auth=Bearer \xff\x01\x01", "is not UTF-8"),
        (b"n" * (MESSAGE_BYTES_MAX + 1), "is longer than 65536 bytes"),
    ],
)
def test_anything_else_is_rejected(message: bytes, reason: str) -> None:
    """The client learns that it failed, the record why."""
    expected = Rejected(reason=f"the OAUTHBEARER message {reason}", message=FAILED)

    assert expected == OAuthBearer().begin().take(message)


def test_a_good_token_lets_in() -> None:
    """The word of its check is the last one."""
    conversation = OAuthBearer().begin()

    assert BearerToken("t", "alice") == conversation.take(b"n,a=alice,\x01auth=Bearer t\x01\x01")
    assert ALICE == conversation.take_verdict(ALICE)


@pytest.mark.parametrize(
    ("authzid", "verdict", "reason", "claimed"),
    [
        (b"", Rejected(reason="expired"), "expired", None),
        (b"a=alice", Rejected(reason="expired"), "expired", "alice"),
        (b"a=bob", ALICE, "the token is somebody else's than the message says", "bob"),
    ],
)
@pytest.mark.parametrize("reply", [b"\x01", b"anything"])
def test_a_bad_token_is_answered_before_it_fails(
    authzid: bytes, verdict: Accepted | Rejected, reason: str, claimed: str | None, reply: bytes
) -> None:
    """A status, the client's reply, the end (RFC 7628 section 3.2.3)."""
    conversation = OAuthBearer().begin()
    conversation.take(b"n," + authzid + b",\x01auth=Bearer t\x01\x01")
    expected = Rejected(reason=reason, claimed=claimed, message=FAILED)

    assert Challenge(b'{"status":"invalid_token"}', expected) == conversation.take_verdict(verdict)
    assert expected == conversation.take(reply)
