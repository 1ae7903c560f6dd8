"""SASL/PLAIN messages are read as RFC 4616 has them, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.mechanism import BearerToken, Password, Rejected
from gateway.identity.plain import MESSAGE_BYTES_MAX, Plain, PlainMessageError, parse_plain


@pytest.mark.parametrize(
    "message", [b"\0alice\0s3cret", b"alice\0alice\0s3cret"], ids=["no-authzid", "same-authzid"]
)
def test_name_and_password_are_read(message: bytes) -> None:
    """An authorization id may be absent or the user's own."""
    assert Password("alice", "s3cret") == parse_plain(message)


def test_a_password_may_hold_any_text_but_nul() -> None:
    """Spaces, controls and other scripts belong to the password as they are."""
    assert Password("älice", " pä\n\u3042 ") == parse_plain("\0älice\0 pä\n\u3042 ".encode())


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (b"", "1 parts"),
        (b"alice\0s3cret", "2 parts"),
        (b"\0alice\0s3cret\0", "4 parts"),
        (b"\0\0s3cret", "empty name"),
        (b"\0alice\0", "empty name or password"),
        (b"root\0alice\0s3cret", "somebody else"),
        (b"\0alice\0s3cret\xff", "not UTF-8"),
        (b"\0alice\0" + b"s" * MESSAGE_BYTES_MAX, "longer"),
    ],
)
def test_anything_else_is_an_error_that_repeats_nothing(message: bytes, problem: str) -> None:
    """The error says what is wrong and shows neither name nor password, not even in its cause."""
    with pytest.raises(PlainMessageError, match=problem) as caught:
        parse_plain(message)

    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.binary(max_size=64))
def test_no_bytes_raise_anything_else(message: bytes) -> None:
    """Whatever a client sends ends in credentials or in the one error."""
    try:
        credentials = parse_plain(message)
    except PlainMessageError:
        return

    assert credentials.username
    assert credentials.password


def test_credentials_do_not_show_the_password() -> None:
    """A repr, as in a traceback or a log, keeps the secret."""
    assert "s3cret" not in repr(parse_plain(b"\0alice\0s3cret"))


def test_a_login_is_one_message_and_the_word_of_its_check() -> None:
    """The mechanism keeps nothing between the two."""
    conversation = Plain().begin()
    verdict = Rejected(reason="any")

    assert Password("alice", "pw") == conversation.take(b"\0alice\0pw")
    assert verdict is conversation.take_verdict(verdict)


def test_a_message_that_is_none_is_a_rejection() -> None:
    """It claims nobody's name."""
    expected = Rejected(reason="the PLAIN message has 1 parts instead of 3")

    assert expected == Plain().take(b"nonsense")


@pytest.mark.parametrize(
    ("mechanism", "expected"),
    [
        (Plain(takes_tokens=True), BearerToken("a.b.c")),
        (Plain(), Password("$oauth", "a.b.c")),
    ],
)
def test_the_password_of_a_certain_user_is_a_token(mechanism: Plain, expected: object) -> None:
    """Where the listener says so, and nowhere else."""
    assert expected == mechanism.take(b"\0$oauth\0a.b.c")


def test_a_token_may_be_longer_than_a_password() -> None:
    """Where tokens are taken."""
    message = b"\0$oauth\0" + b"x" * MESSAGE_BYTES_MAX

    assert isinstance(Plain(takes_tokens=True).take(message), BearerToken)
    assert isinstance(Plain().take(message), Rejected)
