"""Password hashes: what the configuration may hold, and what a check must answer."""

from __future__ import annotations

import base64
import hashlib

import pytest

from gateway.identity.passwords import (
    hash_password,
    parse_password_hash,
    password_matches,
)

SALT = b"0123456789abcdef"


def line_of(password: str, *, cost_log2: int = 4, salt: bytes = SALT, key_bytes: int = 32) -> str:
    """Build a hash line with the standard library alone, as an independent reference."""
    key = hashlib.scrypt(password.encode(), salt=salt, n=1 << cost_log2, r=8, p=1, dklen=key_bytes)
    texts = [base64.b64encode(part).decode().rstrip("=") for part in (salt, key)]
    return f"scrypt$ln={cost_log2},r=8,p=1${texts[0]}${texts[1]}"


def test_a_fresh_hash_accepts_its_password_and_no_other() -> None:
    """What `hash_password` prints is what `password_matches` accepts."""
    parsed = parse_password_hash(hash_password("correct horse"))

    assert password_matches("correct horse", parsed)
    assert not password_matches("correct horsf", parsed)


def test_two_hashes_of_one_password_differ() -> None:
    """Each hash has a salt of its own, so equal passwords do not show."""
    assert hash_password("same") != hash_password("same")


def test_a_hash_made_elsewhere_is_accepted() -> None:
    """The format is plain scrypt: a line made with other parameters by other code works."""
    assert password_matches("påsswörd", parse_password_hash(line_of("påsswörd", cost_log2=5)))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("secret", "not a hash of the form"),
        ("scrypt$ln=15,r=8,p=1$AAAA", "not a hash of the form"),
        ("bcrypt$ln=15,r=8,p=1$AAAA$AAAA", "not a hash of the form"),
        (line_of("x").replace("ln=4", "ln=31"), "cost outside"),
        (line_of("x").replace("ln=4", "ln=0"), "cost outside"),
        (line_of("x").replace("r=8", "r=99"), "cost outside"),
        (line_of("x").replace("p=1", "p=9"), "cost outside"),
        (line_of("x", salt=b"short"), "salt under 16"),
        (line_of("x", key_bytes=16), "key under 32"),
        ("scrypt$ln=4,r=8,p=1$AAAAA$AAAA", "not base64"),
    ],
)
def test_a_bad_hash_is_refused_without_showing_it(line: str, complaint: str) -> None:
    """The error says what is wrong and repeats nothing of the hash."""
    with pytest.raises(ValueError, match=complaint) as caught:
        parse_password_hash(line)

    assert line not in str(caught.value)


def test_a_parsed_hash_does_not_print_its_key() -> None:
    """A hash that lands in a log by accident shows neither salt nor key."""
    assert "0123456789abcdef" not in repr(parse_password_hash(line_of("x")))
