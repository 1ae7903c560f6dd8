"""SCRAM credentials are read as they are written, and prove what RFC 7677 says."""

from __future__ import annotations

import base64

import pytest

from gateway.identity.scram_credential import make_scram_credential, parse_scram_credential

LINE = make_scram_credential("SCRAM-SHA-256", "pencil")


@pytest.mark.parametrize(("mechanism", "size"), [("SCRAM-SHA-256", 32), ("SCRAM-SHA-512", 64)])
def test_what_is_made_can_be_read(mechanism: str, size: int) -> None:
    """Under another salt each time, and without the password in it."""
    name, credential = parse_scram_credential(make_scram_credential(mechanism, "pencil"))
    _, other = parse_scram_credential(make_scram_credential(mechanism, "pencil"))

    assert (mechanism, 10_000) == (name, credential.iterations)
    assert (size, size) == (len(credential.stored_key), len(credential.server_key))
    assert credential.salt != other.salt
    assert "stored_key" not in repr(credential)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pencil", "is not of the form"),
        (LINE.replace("$10000", "$4095"), "iterations outside 4096"),
        (LINE.replace("$10000", "$1000001"), "iterations outside 4096"),
        (LINE.replace("256", "512"), "not of 64 bytes"),
        (LINE.replace(":", ":=", 1), "not base64"),
        (LINE + "\n", "is not of the form"),
    ],
)
def test_what_is_no_credential_is_refused_without_being_repeated(line: str, expected: str) -> None:
    """The line is half a secret."""
    with pytest.raises(ValueError, match=expected) as told:
        parse_scram_credential(line)

    assert line.strip() not in str(told.value)


def test_a_hash_is_the_one_of_the_mechanism() -> None:
    """StoredKey is H(ClientKey)."""
    _, credential = parse_scram_credential(LINE)
    expected = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="

    assert expected == base64.b64encode(credential.hashed(b"abc")).decode()
