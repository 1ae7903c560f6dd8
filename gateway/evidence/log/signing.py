"""Private keys in files, and the signatures that they make."""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.evidence.errors import ProofError
from gateway.evidence.files import rename_anew, write_all
from gateway.evidence.log.keys import Algorithm, PublicKey, message_to_sign, timed
from gateway.evidence.log.note import Note, Signature

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class PrivateKey(Protocol):
    """What makes raw signatures, wherever it lies."""

    def sign(self, data: bytes, /) -> bytes:
        """Return the signature of the bytes."""


class Signer:
    """Signs notes under one name."""

    def __init__(self, public: PublicKey, private: PrivateKey) -> None:
        self.public = public
        self._private = private

    def sign(self, text: str, *, time_s: int | None = None) -> Signature:
        """Return the signature of a text, with the time (by default now) where the kind has one."""
        public = self.public
        if public.algorithm is Algorithm.ED25519:
            return self._line(self._private.sign(text.encode()))
        time_s = int(time.time()) if time_s is None else time_s
        return self._line(timed(time_s, self._private.sign(message_to_sign(public, text, time_s))))

    def _line(self, content: bytes) -> Signature:
        return Signature(self.public.name, self.public.key_id, content)


def sign_note(text: str, signers: Sequence[Signer]) -> Note:
    """Return the text as a note that all of them signed."""
    return Note(text, tuple(signer.sign(text) for signer in signers))


def load_signer(path: Path, name: str, *, is_cosigner: bool = False) -> Signer:
    """Return the signer whose private key lies in a file (PEM, PKCS#8; Ed25519 or ML-DSA-44).

    Raises ProofError when it holds another kind of key, or when others than its owner can read it,
    and OSError.
    """
    mode = path.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ProofError(f"{path} can be read by others than its owner: chmod 600 it")
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ProofError(f"{path} holds no private key in PEM without a password") from error
    if isinstance(private, Ed25519PrivateKey):
        algorithm = Algorithm.COSIGNATURE_ED25519 if is_cosigner else Algorithm.ED25519
        return Signer(PublicKey(name, algorithm, private.public_key().public_bytes_raw()), private)
    if isinstance(private, MLDSA44PrivateKey):
        content = private.public_key().public_bytes_raw()
        return Signer(PublicKey(name, Algorithm.ML_DSA_44, content), private)
    raise ProofError(f"{path} holds a key that is neither Ed25519 nor ML-DSA-44")


def create_key_file(path: Path, *, is_post_quantum: bool = False) -> None:
    """Draw a private key and write it to a new file that only its owner can read; durable."""
    key = MLDSA44PrivateKey.generate() if is_post_quantum else Ed25519PrivateKey.generate()
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    unfinished = path.with_name(f"{path.name}.unfinished")
    fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write_all(fd, [content])
        os.fsync(fd)
    finally:
        os.close(fd)
    rename_anew(unfinished, path)
