"""Tokens of a made-up issuer for tests: good ones, and such as somebody might forge."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey, RSAKey

from gateway.identity.key_set import parse_key_set
from gateway.identity.token import TokenRules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joserfc.jwk import OKPKey

    Key = RSAKey | ECKey | OKPKey

ISSUER = "https://idp.example/realms/main"
AUDIENCE = "kafka"
NOW = 1_800_000_000
NOW_NS = NOW * 1_000_000_000
FIRST = RSAKey.generate_key(2048, {"kid": "k-1", "use": "sig", "alg": "RS256"})
SECOND = ECKey.generate_key("P-256", {"kid": "k-2", "use": "sig"})
FOR_ENCRYPTION = RSAKey.generate_key(2048, {"kid": "k-enc", "use": "enc"})
CLAIMS: dict[str, object] = {
    "iss": ISSUER,
    "sub": "alice",
    "aud": AUDIENCE,
    "iat": NOW - 10,
    "exp": NOW + 300,
    "jti": "t-1",
    "groups": ["staff", "analysts"],
}
RULES = TokenRules(
    issuer=ISSUER,
    audiences=frozenset({AUDIENCE}),
    algorithms=frozenset({"RS256", "ES256"}),
    groups_claim=("groups",),
)


def key_set(*keys: Key) -> bytes:
    """Publish keys as an issuer does."""
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


KEYS = parse_key_set(key_set(FIRST, SECOND, FOR_ENCRYPTION))


def text_of(part: object) -> str:
    """Write a part of a token."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(raw).decode().rstrip("=")


def sign(
    claims: Mapping[str, object] | bytes,
    key: Key = FIRST,
    algorithm: str = "RS256",
    **header: object,
) -> str:
    """Sign claims, or the very bytes that are given for them."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    protected = {"alg": algorithm, "kid": key.kid} | header
    whole = {name: value for name, value in protected.items() if value is not None}
    content = f"{text_of(whole)}.{text_of(payload)}"
    return f"{content}.{text_of(_signature(content.encode(), key, algorithm))}"


def _signature(content: bytes, key: Key, algorithm: str) -> bytes:
    # Not with the library that checks them: it refuses to sign what a forger would.
    private = serialization.load_pem_private_key(key.as_pem(private=True), None)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        halves = decode_dss_signature(private.sign(content, ec.ECDSA(SHA256())))
        return b"".join(half.to_bytes(32) for half in halves)
    assert isinstance(private, rsa.RSAPrivateKey)
    if algorithm == "PS256":
        return private.sign(content, padding.PSS(padding.MGF1(SHA256()), 32), SHA256())
    return private.sign(content, padding.PKCS1v15(), SHA256())


def signed_with_secret(secret: bytes) -> str:
    """Sign with a shared secret, for which the key's name is that of a public key."""
    content = f"{text_of({'alg': 'HS256', 'kid': 'k-1'})}.{text_of(CLAIMS)}"
    return f"{content}.{text_of(hmac.digest(secret, content.encode(), 'sha256'))}"


def token(key: Key = FIRST, algorithm: str = "RS256", **claims: object) -> str:
    """Issue a token; None takes a claim away."""
    given = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    return sign(given, key, algorithm)
