"""Password hashes as they stand in the configuration: scrypt (RFC 7914) in one printable line.

`scrypt$ln=15,r=8,p=1$SALT$KEY`, where `ln` is the base-2 logarithm of the cost and SALT and KEY
are base64 without padding. The parameters travel with each hash, so that they can be raised
without breaking old ones.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

SALT_BYTES = 16
KEY_BYTES = 32
# 32 MiB and about 0.1 s for one check: RFC 7914 section 2 and OWASP's password storage advice.
COST_LOG2 = 15
BLOCK_SIZE = 8
PARALLELISM = 1
# A hash in the configuration must not make one check cost the gateway its memory
# (a check needs 128 * 2**ln * r bytes).
COST_LOG2_MAX = 18
BLOCK_SIZE_MAX = 16
PARALLELISM_MAX = 4

_PATTERN = re.compile(
    r"scrypt\$ln=(?P<ln>\d{1,2}),r=(?P<r>\d{1,2}),p=(?P<p>\d{1,2})"
    r"\$(?P<salt>[A-Za-z0-9+/]+)\$(?P<key>[A-Za-z0-9+/]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PasswordHash:
    """One parsed password hash; it never shows its salt or key."""

    cost_log2: int
    block_size: int
    parallelism: int
    salt: bytes
    key: bytes


def hash_password(password: str) -> str:
    """Hash a password under a fresh random salt, as the line that goes into the configuration."""
    salt = secrets.token_bytes(SALT_BYTES)
    fresh = PasswordHash(
        cost_log2=COST_LOG2, block_size=BLOCK_SIZE, parallelism=PARALLELISM, salt=salt, key=b""
    )
    parameters = f"ln={COST_LOG2},r={BLOCK_SIZE},p={PARALLELISM}"
    return f"scrypt${parameters}${_text(salt)}${_text(_derive(password, fresh, KEY_BYTES))}"


def parse_password_hash(line: str) -> PasswordHash:
    """Read one hash line; raises ValueError without repeating the line, which is half a secret."""
    match = _PATTERN.fullmatch(line)
    if match is None:
        raise ValueError("is not a hash of the form scrypt$ln=..,r=..,p=..$SALT$KEY")
    parsed = PasswordHash(
        cost_log2=int(match["ln"]),
        block_size=int(match["r"]),
        parallelism=int(match["p"]),
        salt=_bytes(match["salt"]),
        key=_bytes(match["key"]),
    )
    if (
        not 1 <= parsed.cost_log2 <= COST_LOG2_MAX
        or not 1 <= parsed.block_size <= BLOCK_SIZE_MAX
        or not 1 <= parsed.parallelism <= PARALLELISM_MAX
    ):
        raise ValueError(
            f"asks for a cost outside ln <= {COST_LOG2_MAX}, r <= {BLOCK_SIZE_MAX}, "
            f"p <= {PARALLELISM_MAX}"
        )
    if len(parsed.salt) < SALT_BYTES or len(parsed.key) < KEY_BYTES:
        raise ValueError(f"has a salt under {SALT_BYTES} or a key under {KEY_BYTES} bytes")
    return parsed


def password_matches(password: str, expected: PasswordHash) -> bool:
    """Tell whether a password belongs to a hash, in a time that does not depend on the answer.

    Costs memory and a tenth of a second on purpose: call it off the event loop.
    """
    return hmac.compare_digest(_derive(password, expected, len(expected.key)), expected.key)


def _derive(password: str, hashed: PasswordHash, key_bytes: int) -> bytes:
    cost = 1 << hashed.cost_log2
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=hashed.salt,
        n=cost,
        r=hashed.block_size,
        p=hashed.parallelism,
        maxmem=2 * 128 * cost * hashed.block_size,
        dklen=key_bytes,
    )


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ValueError("has a salt or key that is not base64") from None
