"""Sealing bytes with the data key of a session.

Sealed bytes are a nonce, the AES-256-GCM ciphertext, and its tag. The nonce is an HMAC of the
plaintext, so equal bytes of one session seal to equal ones and are stored once, and no nonce comes
twice with different bytes.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.evidence.errors import EncryptionError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
SEALING_BYTES: Final = NONCE_BYTES + TAG_BYTES
"""By how much sealed bytes are longer."""
_KEY_ID_BYTES: Final = 16


class DataKey:
    """The key of one session, and what is derived of it (HKDF-SHA256, RFC 5869)."""

    __slots__ = ("_cipher", "_nonce_key", "_session", "content", "key_id")

    def __init__(self, session: str, content: bytes) -> None:
        assert len(content) == KEY_BYTES, "a data key has 256 bits"
        self.content = content
        self.key_id = _derived(content, b"id", _KEY_ID_BYTES).hex()
        """A name that no other key has: it tells of the wrong key before anything is opened."""
        self._session = session.encode()
        self._cipher = AESGCM(_derived(content, b"cipher", KEY_BYTES))
        self._nonce_key = _derived(content, b"nonce", KEY_BYTES)

    @classmethod
    def draw(cls, session: str) -> DataKey:
        """Draw a new key for a session."""
        return cls(session, secrets.token_bytes(KEY_BYTES))

    def seal(self, plain: bytes | memoryview) -> bytes:
        """Return the bytes sealed."""
        nonce = self._nonce(plain)
        return nonce + self._cipher.encrypt(nonce, plain, self._session)

    def unseal(self, sealed: bytes | memoryview) -> bytes:
        """Return what was sealed; raises EncryptionError when it was not with this key."""
        view = memoryview(sealed).cast("B")
        nonce = bytes(view[:NONCE_BYTES])
        try:
            plain = self._cipher.decrypt(nonce, view[NONCE_BYTES:], self._session)
        except (InvalidTag, ValueError):
            raise EncryptionError("the bytes were not sealed with this key") from None
        # GCM alone lets somebody who may choose keys make one ciphertext open under two of them.
        if not hmac.compare_digest(nonce, self._nonce(plain)):
            raise EncryptionError("the nonce is not that of the sealed bytes")
        return plain

    def _nonce(self, plain: bytes | memoryview) -> bytes:
        return hmac.digest(self._nonce_key, plain, "sha256")[:NONCE_BYTES]


def _derived(content: bytes, purpose: bytes, length: int) -> bytes:
    info = b"streamwitness data key 1 " + purpose
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(content)
