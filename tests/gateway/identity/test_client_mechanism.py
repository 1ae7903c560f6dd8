"""The gateway's own logins, against the examples of the standards."""

from __future__ import annotations

import pytest

from gateway.identity.client_mechanism import LoginError, PlainClient, ScramClient, TokenClient

# RFC 7677 section 3.
NONCE = "rOprNGfwEbeRWgbNEkqO"
SERVER_NONCE = f"{NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SERVER_FIRST = f"r={SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096".encode()
PROOF = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
SERVER_FINAL = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def scram(name: str = "user", password: str = "pencil") -> ScramClient:  # noqa: S107 - the RFC's
    """Begin the login of the RFC's example."""
    return ScramClient("SCRAM-SHA-256", name, password, NONCE)


def test_a_plain_login_is_one_message() -> None:
    """RFC 4616: no authorization id, name, password."""
    login = PlainClient("tim", "tanstaaftanstaaf")

    assert b"\0tim\0tanstaaftanstaaf" == login.first()
    assert login.answer(b"") is None


def test_a_token_login_is_one_message() -> None:
    """RFC 7628 section 3.1, with nothing but the token."""
    login = TokenClient("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")

    assert login.first() == (
        b"n,,\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
    )
    assert login.answer(b"") is None


@pytest.mark.parametrize(
    ("challenge", "told"),
    [
        (b'{"status":"invalid_token","scope":"x"}', r"\(invalid_token\)"),
        (b'{"status":"secret TOKEN"}', r"\(without a reason\)"),
        (b'{"scope":"x"}', r"\(without a reason\)"),
        (b"[]", r"\(without a reason\)"),
        (b"\xff", r"\(without a reason\)"),
    ],
)
def test_a_refused_token_is_told_by_its_status_alone(challenge: bytes, told: str) -> None:
    """A broker may repeat the token in what it says."""
    with pytest.raises(LoginError, match=f"^the broker refused the token {told}$"):
        TokenClient("t").answer(challenge)


def test_scram_is_that_of_its_standard() -> None:
    """Message by message as in RFC 7677."""
    login = scram()

    assert f"n,,n=user,r={NONCE}".encode() == login.first()
    assert f"c=biws,r={SERVER_NONCE},p={PROOF}".encode() == login.answer(SERVER_FIRST)
    assert login.answer(SERVER_FINAL) is None


def test_names_are_escaped_and_nonces_new() -> None:
    """RFC 5802 section 5.1."""
    first, second = (ScramClient("SCRAM-SHA-512", "a=b,c", "p").first() for _ in range(2))

    assert first.startswith(b"n,,n=a=3Db=2Cc,r=")
    assert first != second


@pytest.mark.parametrize(
    ("challenge", "told"),
    [
        (b"r=other,s=W22Z,i=4096", "its nonce is not ours"),
        (f"r={NONCE},s=W22Z,i=4096".encode(), "its nonce is not ours"),
        (f"r={SERVER_NONCE},s=W22Z,i=4095".encode(), "asks for 4095 iterations"),
        (f"r={SERVER_NONCE},s=W22Z,i=99999999".encode(), "asks for 99999999 iterations"),
        (f"r={SERVER_NONCE},s=W22Z".encode(), "does not speak SCRAM-SHA-256"),
        (f"r={SERVER_NONCE},s=!,i=4096".encode(), "does not speak SCRAM-SHA-256"),
        (b"\xff", "does not speak SCRAM-SHA-256"),
        (b"nonsense", "does not speak SCRAM-SHA-256"),
    ],
)
def test_a_broker_that_does_not_do_its_part_is_told(challenge: bytes, told: str) -> None:
    """And gets nothing that would help it to guess the password."""
    with pytest.raises(LoginError, match=told):
        scram().answer(challenge)


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (b"v=AAAA", "does not know the password"),
        (b"e=invalid-proof", "refused the name or the password"),
        (b"x=1", "does not speak SCRAM-SHA-256"),
    ],
)
def test_the_broker_must_prove_itself(last: bytes, told: str) -> None:
    """Or somebody else could stand in its place."""
    login = scram()
    login.answer(SERVER_FIRST)
    with pytest.raises(LoginError, match=told):
        login.answer(last)
