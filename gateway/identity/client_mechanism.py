"""The client's side of SASL, with which the gateway itself logs in: PLAIN, SCRAM, OAUTHBEARER."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from functools import lru_cache
from typing import Protocol

NONCE_BYTES = 24
# Kafka's own bounds (ScramMechanism): a broker must not make a login cost seconds.
ITERATIONS_MIN = 4_096
ITERATIONS_MAX = 16_384
_STATUS = re.compile(r"[a-z_]{1,40}")


class LoginError(Exception):
    """The broker did not accept the gateway, or did not prove that it knows its password."""


class ClientMechanism(Protocol):
    """One login: what to say first, and then to what the broker says."""

    name: str

    def first(self) -> bytes:
        """Return the first message."""

    def answer(self, challenge: bytes) -> bytes | None:
        """Return the next message, None when all is said; raises LoginError."""


class PlainClient:
    """SASL/PLAIN (RFC 4616)."""

    name = "PLAIN"

    def __init__(self, username: str, password: str) -> None:
        self._message = f"\0{username}\0{password}".encode()

    def first(self) -> bytes:
        """Return name and password."""
        return self._message

    def answer(self, _challenge: bytes) -> bytes | None:
        """Say no more."""
        return None


class TokenClient:
    """SASL/OAUTHBEARER (RFC 7628)."""

    name = "OAUTHBEARER"

    def __init__(self, token: str) -> None:
        self._message = f"n,,\x01auth=Bearer {token}\x01\x01".encode()

    def first(self) -> bytes:
        """Return the token."""
        return self._message

    def answer(self, challenge: bytes) -> bytes | None:
        """Say no more; a challenge is the refusal (section 3.2.2)."""
        if challenge:
            raise LoginError(f"the broker refused the token ({_status(challenge)})")
        return None


def _status(challenge: bytes) -> str:
    """Return the status that a refusal names, and nothing else of it: it may quote the token."""
    try:
        found = str(json.loads(challenge)["status"])
    except (ValueError, KeyError, TypeError):
        return "without a reason"
    return found if _STATUS.fullmatch(found) else "without a reason"


class ScramClient:
    """SCRAM (RFC 5802) with SHA-256 or SHA-512, without channel binding, as Kafka has it."""

    def __init__(self, name: str, username: str, password: str, nonce: str | None = None) -> None:
        self.name = name
        self._algorithm = name.removeprefix("SCRAM-").replace("-", "").lower()
        self._password = password.encode()
        self._nonce = nonce or base64.b64encode(secrets.token_bytes(NONCE_BYTES)).decode()
        escaped = username.replace("=", "=3D").replace(",", "=2C")
        self._bare = f"n={escaped},r={self._nonce}"
        self._proof_of_server: bytes | None = None

    def first(self) -> bytes:
        """Return the name and our nonce."""
        return f"n,,{self._bare}".encode()

    def answer(self, challenge: bytes) -> bytes | None:
        """Prove that we know the password, then check that the broker does."""
        try:
            return self._final(challenge)
        except (ValueError, KeyError):
            raise LoginError(f"the broker does not speak {self.name}") from None

    def _final(self, challenge: bytes) -> bytes | None:
        said = challenge.decode()
        parts = dict(part.split("=", 1) for part in said.split(","))
        if self._proof_of_server is not None:
            self._check_server(parts)
            return None
        nonce, salt, iterations = (
            parts["r"],
            base64.b64decode(parts["s"], validate=True),
            int(parts["i"]),
        )
        if not nonce.startswith(self._nonce) or nonce == self._nonce:
            raise LoginError("the broker answered another login: its nonce is not ours")
        if not ITERATIONS_MIN <= iterations <= ITERATIONS_MAX:
            raise LoginError(
                f"the broker asks for {iterations} iterations, "
                f"{ITERATIONS_MIN} to {ITERATIONS_MAX} are Kafka's bounds"
            )
        bare_final = f"c={base64.b64encode(b'n,,').decode()},r={nonce}"
        transcript = f"{self._bare},{said},{bare_final}".encode()
        salted = _salted(self._algorithm, self._password, salt, iterations)
        key = self._hmac(salted, b"Client Key")
        signature = self._hmac(hashlib.new(self._algorithm, key).digest(), transcript)
        self._proof_of_server = self._hmac(self._hmac(salted, b"Server Key"), transcript)
        proof = bytes(ours ^ theirs for ours, theirs in zip(key, signature, strict=True))
        return f"{bare_final},p={base64.b64encode(proof).decode()}".encode()

    def _check_server(self, parts: dict[str, str]) -> None:
        if "e" in parts:
            raise LoginError("the broker refused the name or the password")
        assert self._proof_of_server is not None, "the broker proves itself after we did"
        if not hmac.compare_digest(
            base64.b64decode(parts["v"], validate=True), self._proof_of_server
        ):
            raise LoginError("the broker does not know the password: is it the right broker?")

    def _hmac(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, self._algorithm)


@lru_cache(maxsize=16)
def _salted(algorithm: str, password: bytes, salt: bytes, iterations: int) -> bytes:
    # Some milliseconds, and the same for every connection as long as the salt is.
    return hashlib.pbkdf2_hmac(algorithm, password, salt, iterations)
