"""The gateway's own login at a broker: requests, answers, and what refusals are called."""

from __future__ import annotations

import pytest

from gateway.apis.error_codes import ErrorCode
from gateway.identity.client_mechanism import LoginError, PlainClient, ScramClient
from gateway.session.broker_login import BrokerLogin
from gateway.wire.api_keys import ApiKey
from gateway.wire.headers import read_request_header
from gateway.wire.messages import decode_request_prefix
from tests.gateway.session.conversation import answer

SIZE_BYTES = 4


def asked(request: bytes | None) -> tuple[int, int, object]:
    """Read one of our requests: its API, its version, and what is said in it."""
    assert request is not None
    frame = request[SIZE_BYTES:]
    header, offset = read_request_header(frame)
    body, _ = decode_request_prefix(header, frame, offset)
    said = body.get("mechanism") or bytes(body["auth_bytes"])
    return header.api_key, header.api_version, said


def told(api_key: ApiKey, **fields: object) -> bytes:
    """Build a broker's answer, without its size."""
    return answer(api_key, 1, correlation_id=0, **fields)[SIZE_BYTES:]


def test_a_login_is_a_handshake_and_a_message() -> None:
    """And the answer says how long it lasts."""
    login = BrokerLogin(PlainClient("gateway", "secret"))

    assert (ApiKey.SASL_HANDSHAKE, 1, "PLAIN") == asked(login.begin())
    message = login.take(told(ApiKey.SASL_HANDSHAKE, mechanisms=["PLAIN"]))
    assert (ApiKey.SASL_AUTHENTICATE, 1, b"\0gateway\0secret") == asked(message)
    assert login.take(told(ApiKey.SASL_AUTHENTICATE, session_lifetime_ms=3_000)) is None
    assert 3_000 == login.lifetime_ms


def test_a_mechanism_may_have_more_to_say() -> None:
    """SCRAM takes two messages and two answers."""
    login = BrokerLogin(ScramClient("SCRAM-SHA-256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO"))
    login.begin()
    first = login.take(told(ApiKey.SASL_HANDSHAKE))
    challenge = b"r=rOprNGfwEbeRWgbNEkqO%,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    second = login.take(told(ApiKey.SASL_AUTHENTICATE, auth_bytes=challenge))

    assert (ApiKey.SASL_AUTHENTICATE, 1, b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO") == asked(first)
    assert str(asked(second)[2]).startswith("b'c=biws,r=rOprNGfwEbeRWgbNEkqO%,p=")


@pytest.mark.parametrize(
    ("error_code", "mechanisms", "message"),
    [
        (
            ErrorCode.UNSUPPORTED_SASL_MECHANISM,
            ["SCRAM-SHA-512", "GSSAPI"],
            r"does not take PLAIN \(it takes: SCRAM-SHA-512, GSSAPI\)",
        ),
        (ErrorCode.UNSUPPORTED_SASL_MECHANISM, [], r"\(it takes: none\)"),
        (ErrorCode.ILLEGAL_SASL_STATE, [], "this port of the broker takes no SASL"),
    ],
)
def test_a_refused_handshake_says_what_would_do(
    error_code: ErrorCode, mechanisms: list[str], message: str
) -> None:
    """The operator chooses one of these, or another port."""
    login = BrokerLogin(PlainClient("gateway", "secret"))
    login.begin()
    with pytest.raises(LoginError, match=message):
        login.take(told(ApiKey.SASL_HANDSHAKE, error_code=error_code, mechanisms=mechanisms))


@pytest.mark.parametrize(
    ("error_code", "message"),
    [
        (ErrorCode.SASL_AUTHENTICATION_FAILED, "refused the name, the password or the token"),
        (ErrorCode.CLUSTER_AUTHORIZATION_FAILED, "refused the login with error 31"),
    ],
)
def test_a_refusal_is_told_in_our_own_words(error_code: ErrorCode, message: str) -> None:
    """The broker's may repeat what it was sent."""
    login = BrokerLogin(PlainClient("gateway", "secret"))
    login.begin()
    login.take(told(ApiKey.SASL_HANDSHAKE))
    refusal = told(ApiKey.SASL_AUTHENTICATE, error_code=error_code, error_message="secret!")
    with pytest.raises(LoginError, match=message) as caught:
        login.take(refusal)

    assert "secret!" not in str(caught.value)
