"""Sealing: it opens with its key alone, and equal bytes of one session seal to equal ones."""

from __future__ import annotations

import hmac

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.encryption.sealed import KEY_BYTES, SEALING_BYTES, DataKey
from gateway.evidence.errors import EncryptionError

CONTENT = bytes(range(KEY_BYTES))
KEY = DataKey("s1", CONTENT)
PLAIN = b"card 4111 1111 1111 1111"


def _derived(purpose: bytes, length: int) -> bytes:
    info = b"streamwitness data key 1 " + purpose
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(CONTENT)


@given(plain=st.binary(max_size=2000))
def test_what_was_sealed_opens_with_its_key(plain: bytes) -> None:
    """Any bytes come back as they were, from 28 more."""
    sealed = KEY.seal(plain)

    assert plain == KEY.unseal(sealed)
    assert SEALING_BYTES == len(sealed) - len(plain)


def test_the_form_is_that_of_the_documentation() -> None:
    """A stranger opens it with HKDF, HMAC and AES-GCM as docs/segment-format.md says."""
    sealed = KEY.seal(memoryview(PLAIN))
    nonce = hmac.digest(_derived(b"nonce", 32), PLAIN, "sha256")[:12]

    assert nonce == sealed[:12]
    assert PLAIN == AESGCM(_derived(b"cipher", 32)).decrypt(nonce, sealed[12:], b"s1")
    assert _derived(b"id", 16).hex() == KEY.key_id


def test_equal_bytes_seal_to_equal_ones_within_a_session_alone() -> None:
    """So they are stored once for a session, and nothing shows that two sessions had the same."""
    assert KEY.seal(PLAIN) == DataKey("s1", CONTENT).seal(PLAIN)
    assert len({KEY.seal(PLAIN), DataKey.draw("s1").seal(PLAIN), KEY.seal(PLAIN + b" ")}) == 3
    assert KEY.seal(PLAIN) != DataKey("s2", CONTENT).seal(PLAIN)


@pytest.mark.parametrize("other", [DataKey.draw("s1"), DataKey("s2", CONTENT)])
def test_another_key_or_session_opens_nothing(other: DataKey) -> None:
    """A key opens what its own session sealed."""
    sealed = KEY.seal(PLAIN)

    with pytest.raises(EncryptionError, match="not sealed with this key"):
        other.unseal(sealed)


def test_every_changed_bit_is_noticed() -> None:
    """Nothing opens that is not byte for byte what was sealed."""
    sealed = KEY.seal(PLAIN)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8

        with pytest.raises(EncryptionError):
            KEY.unseal(bytes(changed))


@pytest.mark.parametrize("length", [0, 11, 12, 27])
def test_bytes_that_are_too_few_are_refused(length: int) -> None:
    """What is no nonce and tag opens nothing."""
    with pytest.raises(EncryptionError):
        KEY.unseal(KEY.seal(PLAIN)[:length])


def test_a_nonce_that_is_not_of_the_plaintext_is_refused() -> None:
    """A holder of the key can seal with any nonce; the one that follows from the bytes counts."""
    nonce = bytes(12)
    forged = nonce + AESGCM(_derived(b"cipher", 32)).encrypt(nonce, PLAIN, b"s1")

    with pytest.raises(EncryptionError, match="nonce"):
        KEY.unseal(forged)
