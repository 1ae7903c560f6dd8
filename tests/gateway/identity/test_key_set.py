"""Of an issuer's keys those are used that can sign a token, and no others."""

from __future__ import annotations

import json
import warnings

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.identity.key_set import KeySetError, parse_key_set
from tests.gateway.identity.tokens import FIRST, FOR_ENCRYPTION, KEYS, SECOND, key_set

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    SHORT = RSAKey.generate_key(1024, {"kid": "short"})
EDWARDS = OKPKey.generate_key("Ed25519", {"kid": "ed"})
SHARED = {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}


def test_keys_are_found_by_the_name_that_a_token_gives() -> None:
    """With the algorithm that they are bound to."""
    found = KEYS.find("k-1")

    assert found is not None
    assert ("k-1", "RS256") == (found.kid, found.algorithm)
    assert FIRST.thumbprint() == found.key.thumbprint()
    assert KEYS.find("k-3") is None


def test_without_a_name_only_an_only_key_is_meant() -> None:
    """Guessing among several would be trying."""
    assert KEYS.find(None) is None
    assert parse_key_set(key_set(SECOND)).find(None) is not None


def test_two_keys_of_one_name_are_none() -> None:
    """Nobody could tell which is meant."""
    other = ECKey.generate_key("P-256", {"kid": "k-2"})

    assert parse_key_set(key_set(SECOND, other)).find("k-2") is None


def test_what_cannot_sign_is_left_out() -> None:
    """Keys for encryption, shared secrets, short keys, unknown kinds, broken keys."""
    good = json.loads(key_set(FIRST, FOR_ENCRYPTION, SHORT, EDWARDS))["keys"]
    padded = good[2] | {"n": "A" * 200 + good[2]["n"], "kid": "padded"}
    odd = [SHARED, {"kty": "new"}, {"kty": "EC", "crv": "P-256"}, {"kty": "RSA"}, "key", padded]
    keys = parse_key_set(json.dumps({"keys": odd + good}).encode())

    assert ["k-1", "ed"] == [each.kid for each in keys.keys]


def test_a_key_need_have_neither_a_name_nor_an_algorithm() -> None:
    """But if it has, they are text."""
    (entry,) = json.loads(key_set(SECOND))["keys"]
    bare = {name: entry[name] for name in ("kty", "crv", "x", "y")}
    keys = parse_key_set(json.dumps({"keys": [bare, entry | {"kid": 7}]}).encode())

    assert [(None, None)] == [(each.kid, each.algorithm) for each in keys.keys]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b"<html>", "the key set is not JSON"),
        (b"{}", "has no list"),
        (json.dumps({"keys": [SHARED] * 201}).encode(), "at most 200"),
        (json.dumps({"keys": [SHARED]}).encode(), "no key that could sign"),
        (b'{"keys": [], "keys": []}', "gives a member twice"),
    ],
)
def test_what_is_no_key_set_is_refused(document: bytes, expected: str) -> None:
    """Rather than to let nobody in without a word."""
    with pytest.raises(KeySetError, match=expected):
        parse_key_set(document)
