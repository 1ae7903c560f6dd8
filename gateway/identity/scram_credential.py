"""SCRAM credentials as they stand in the configuration: what proves a password, not the password.

`SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY`, the three in base64: the form in which
PostgreSQL keeps them, after RFC 5803.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

HASH_NAMES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
"""The mechanisms that Kafka's clients know, with the names of their hash functions."""

SALT_BYTES = 16
# About 7 ms for the client at each login; Kafka's own default is 4096.
ITERATIONS = 10_000
# Java clients refuse less than the one (RFC 7677 section 4), and wait too long for the other.
ITERATIONS_MIN = 4_096
ITERATIONS_MAX = 1_000_000

_LINE = re.compile(
    r"(?P<mechanism>SCRAM-SHA-(?:256|512))\$(?P<iterations>\d{4,7}):(?P<salt>[A-Za-z0-9+/=]+)"
    r"\$(?P<stored>[A-Za-z0-9+/=]+):(?P<server>[A-Za-z0-9+/=]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ScramCredential:
    """One parsed credential; it never shows its keys."""

    hash_name: str
    iterations: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    def hashed(self, key: bytes) -> bytes:
        """Hash a key as the stored one was."""
        return hashlib.new(self.hash_name, key).digest()


def make_scram_credential(mechanism: str, password: str) -> str:
    """Turn a password into the line that goes into the configuration, under a fresh random salt.

    The password counts as its UTF-8 bytes, as Kafka's clients take it, without SASLprep.
    """
    hash_name = HASH_NAMES[mechanism]
    salt = secrets.token_bytes(SALT_BYTES)
    salted = hashlib.pbkdf2_hmac(hash_name, password.encode(), salt, ITERATIONS)
    stored = hashlib.new(hash_name, hmac.digest(salted, b"Client Key", hash_name)).digest()
    server = hmac.digest(salted, b"Server Key", hash_name)
    return f"{mechanism}${ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def parse_scram_credential(line: str) -> tuple[str, ScramCredential]:
    """Read one line: the mechanism and its credential.

    Raises ValueError without repeating the line, which is half a secret.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError("is not of the form SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY")
    iterations = int(match["iterations"])
    if not ITERATIONS_MIN <= iterations <= ITERATIONS_MAX:
        raise ValueError(f"has iterations outside {ITERATIONS_MIN} to {ITERATIONS_MAX}")
    hash_name = HASH_NAMES[match["mechanism"]]
    credential = ScramCredential(
        hash_name=hash_name,
        iterations=iterations,
        salt=_bytes(match["salt"]),
        stored_key=_bytes(match["stored"]),
        server_key=_bytes(match["server"]),
    )
    size = hashlib.new(hash_name).digest_size
    if {len(credential.stored_key), len(credential.server_key)} != {size}:
        raise ValueError(f"has keys that are not of {size} bytes")
    return match["mechanism"], credential


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("has a salt or key that is not base64") from None
