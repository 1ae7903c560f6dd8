"""SASL/SCRAM (RFC 5802, RFC 7677), the server's side: the password itself is never seen here.

An unknown name is answered as a known one is, with a salt that stays the same and an effort that
other users have; only the proof then fails, as with a wrong password.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.identity.mechanism import Accepted, Challenge, Rejected
from gateway.identity.scram_credential import ScramCredential

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.identity.mechanism import Verdict
    from gateway.identity.principal import Principal

MESSAGE_BYTES_MAX = 4_096
NONCE_BYTES = 24

# The nonce is printable ASCII without a comma (RFC 5802 section 7).
_FIRST = re.compile(
    r"(?P<header>[ny],(?:a=(?P<authzid>[^,]*))?,)"
    r"(?P<bare>n=(?P<name>[^,]+),r=(?P<nonce>[\x21-\x2b\x2d-\x7e]+)(?P<extensions>(?:,.*)?))",
    re.DOTALL,
)
_FINAL = re.compile(
    r"(?P<unproven>c=(?P<header>[^,]+),r=(?P<nonce>[^,]+)(?:,.*)?),p=(?P<proof>[^,]+)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Account:
    """Who logs in with a credential."""

    principal: Principal
    credential: ScramCredential = field(repr=False)


class Scram:
    """The mechanism of one hash function."""

    def __init__(
        self, hash_name: str, accounts: Mapping[str, Account], decoy_key: bytes = b""
    ) -> None:
        assert accounts, "without users there is nothing that an unknown one could resemble"
        self._hash_name = hash_name
        self._accounts = accounts
        self._decoy_key = decoy_key
        self._models: Sequence[Account] = tuple(accounts[name] for name in sorted(accounts))

    @property
    def name(self) -> str:
        """The name as registered."""
        return f"SCRAM-{self._hash_name.upper().replace('SHA', 'SHA-')}"

    def begin(self) -> ScramConversation:
        """Begin a login with a nonce of its own."""
        return ScramConversation(self, secrets.token_urlsafe(NONCE_BYTES))

    def principal_of(self, name: str) -> Principal | None:
        """Tell who has this name; None for nobody."""
        account = self._accounts.get(name)
        return None if account is None else account.principal

    def credential_of(self, name: str) -> ScramCredential:
        """Return what a proof must fit; for an unknown name something that no proof fits."""
        # Made for known names too, so that the time is the same.
        decoy = self._decoy(name)
        account = self._accounts.get(name)
        return decoy if account is None else account.credential

    def sign(self, key: bytes, message: bytes) -> bytes:
        """Compute an HMAC."""
        return hmac.digest(key, message, self._hash_name)

    def is_proven(self, credential: ScramCredential, message: bytes, proof: bytes) -> bool:
        """Tell whether a proof was made with the password behind a credential."""
        signature = self.sign(credential.stored_key, message)
        if len(proof) != len(signature):
            return False
        client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
        return hmac.compare_digest(credential.hashed(client_key), credential.stored_key)

    def _decoy(self, name: str) -> ScramCredential:
        drawn = hmac.digest(self._decoy_key, name.encode("utf-8", "surrogatepass"), "sha512")
        model = self._models[int.from_bytes(drawn[-4:]) % len(self._models)].credential
        salt = hmac.digest(self._decoy_key, drawn, "sha512")[: len(model.salt)]
        size = len(model.stored_key)
        return ScramCredential(
            hash_name=self._hash_name,
            iterations=model.iterations,
            salt=salt,
            stored_key=drawn[:size],
            server_key=drawn[:size],
        )


class ScramConversation:
    """One login: a first message with a challenge to it, and a final one with the proof."""

    def __init__(self, mechanism: Scram, nonce: str) -> None:
        self._mechanism = mechanism
        self._own_nonce = nonce
        self._first: re.Match[str] | None = None
        self._name = ""
        self._challenge = ""

    def take(self, message: bytes) -> Challenge | Accepted | Rejected:
        """Take the client's next message."""
        if len(message) > MESSAGE_BYTES_MAX:
            return self._reject(f"the SCRAM message is longer than {MESSAGE_BYTES_MAX} bytes")
        try:
            text = message.decode("utf-8")
        except UnicodeDecodeError:
            return self._reject("the SCRAM message is not UTF-8")
        return self._begin(text) if self._first is None else self._end(self._first, text)

    def take_verdict(self, verdict: Verdict) -> Verdict:
        """Return the verdict: nothing is checked elsewhere, so none comes."""
        return verdict

    def _begin(self, text: str) -> Challenge | Rejected:
        first = _FIRST.fullmatch(text)
        if first is None:
            return self._reject("the first SCRAM message does not follow RFC 5802")
        if "tokenauth=true" in first["extensions"].split(","):
            return self._reject("delegation tokens are not taken here")
        name = _unescape(first["name"])
        if name is None:
            return self._reject("the first SCRAM message has a name with a stray =")
        self._name = name
        if first["authzid"] and _unescape(first["authzid"]) != name:
            return self._reject("the first SCRAM message asks to act for somebody else")
        self._first = first
        credential = self._mechanism.credential_of(name)
        self._challenge = (
            f"r={first['nonce']}{self._own_nonce}"
            f",s={base64.b64encode(credential.salt).decode()},i={credential.iterations}"
        )
        return Challenge(self._challenge.encode())

    def _end(self, first: re.Match[str], text: str) -> Accepted | Rejected:
        final = _FINAL.fullmatch(text)
        proof = None if final is None else _decode(final["proof"])
        if final is None or proof is None:
            return self._reject("the final SCRAM message does not follow RFC 5802")
        if _decode(final["header"]) != first["header"].encode():
            return self._reject("the final SCRAM message is bound to another channel")
        if final["nonce"] != first["nonce"] + self._own_nonce:
            return self._reject("the final SCRAM message has another nonce")
        signed = f"{first['bare']},{self._challenge},{final['unproven']}".encode()
        credential = self._mechanism.credential_of(self._name)
        is_proven = self._mechanism.is_proven(credential, signed, proof)
        principal = self._mechanism.principal_of(self._name)
        if not is_proven or principal is None:
            return self._reject("wrong user or password")
        signature = self._mechanism.sign(credential.server_key, signed)
        return Accepted(principal=principal, data=b"v=" + base64.b64encode(signature))

    def _reject(self, reason: str) -> Rejected:
        return Rejected(reason=reason, claimed=self._name or None)


def _unescape(name: str) -> str | None:
    """Read a name in which `=2C` stands for a comma and `=3D` for an equals sign."""
    plain = name.replace("=2C", ",").replace("=3D", "\0")
    return None if "=" in plain or "\0" in name else plain.replace("\0", "=")


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
