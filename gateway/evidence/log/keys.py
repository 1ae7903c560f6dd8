"""Public keys of notes: their names, ids and text form, and what verifies with them."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from gateway.evidence.errors import ProofError
from gateway.evidence.log.note import (
    KEY_ID_BYTES,
    Note,
    Signature,
    check_key_name,
    decode_base64,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_TIME: Final = struct.Struct(">Q")
_TIME_MAX: Final = 2**63 - 1
_SUBTREE_LABEL: Final = b"subtree/v1\n\x00"


class Algorithm(IntEnum):
    """What a signature is made with, by the byte that C2SP signed-note gives it."""

    ED25519 = 0x01
    """Over the text."""
    COSIGNATURE_ED25519 = 0x04
    """Over a checkpoint and the time of signing (C2SP tlog-cosignature)."""
    ML_DSA_44 = 0x06
    """The same, safe against quantum computers (FIPS 204)."""


KEY_BYTES: Final = {
    Algorithm.ED25519: 32,
    Algorithm.COSIGNATURE_ED25519: 32,
    Algorithm.ML_DSA_44: 1312,
}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies notes, told by name, algorithm and bytes."""

    name: str
    algorithm: Algorithm
    content: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.content) != KEY_BYTES[self.algorithm]:
            raise ProofError(f"the key {self.name} has {len(self.content)} bytes, a wrong number")

    @property
    def key_id(self) -> bytes:
        """The four bytes that name the key in a signature line."""
        told = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.content
        return hashlib.sha256(told).digest()[:KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The key as text, for configuration files and command lines."""
        encoded = base64.b64encode(bytes([self.algorithm]) + self.content).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def made(self, signature: Signature) -> bool:
        """Tell whether a signature line claims to be this key's."""
        return (signature.name, signature.key_id) == (self.name, self.key_id)

    def verify(self, text: str, signature: bytes) -> int | None:
        """Return the time of signing in Unix seconds, None where the algorithm states none.

        Raises ProofError when the signature is not this key's over this text.
        """
        time_s = None
        if self.algorithm is not Algorithm.ED25519:
            if len(signature) < _TIME.size:
                raise ProofError(f"the signature of {self.name} is cut")
            (time_s,) = _TIME.unpack_from(signature)
            signature = signature[_TIME.size :]
        key_class = MLDSA44PublicKey if self.algorithm is Algorithm.ML_DSA_44 else Ed25519PublicKey
        message = message_to_sign(self, text, time_s)
        try:
            key_class.from_public_bytes(self.content).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise ProofError(f"the signature of {self.name} does not fit the text") from error
        return time_s


def decode_vkey(text: str) -> PublicKey:
    """Return the key in its text form; raises ProofError."""
    match = re.fullmatch(r"([^+]+)\+([0-9a-f]{8})\+(.+)", text)
    if match is None:
        raise ProofError(f"{text[:80]!r} is no public key: it has the form NAME+ID+BASE64")
    content = decode_base64(match[3])
    try:
        algorithm = Algorithm(content[0])
    except (ValueError, IndexError) as error:
        raise ProofError(f"the key {match[1]} is of a kind that is not supported") from error
    key = PublicKey(match[1], algorithm, content[1:])
    if key.key_id.hex() != match[2]:
        raise ProofError(f"the id of the key {match[1]} does not fit it: it was not copied whole")
    return key


def verify_note(note: Note, keys: Iterable[PublicKey]) -> dict[PublicKey, int | None]:
    """Return which of the keys signed the note, and when where that is stated.

    Signatures of other keys are ignored. Raises ProofError when one of these keys' signatures is
    wrong; the result is empty when there is none.
    """
    return {
        key: key.verify(note.text, signature.content)
        for key in keys
        for signature in note.signatures
        if key.made(signature)
    }


def message_to_sign(key: PublicKey, text: str, time_s: int | None) -> bytes:
    """Return the bytes that a key of this kind signs for a text, with a time where it states one.

    Raises ProofError when the text is no checkpoint and the algorithm signs nothing else.
    """
    if key.algorithm is Algorithm.ED25519:
        return text.encode()
    if time_s is None or time_s > _TIME_MAX:
        raise ProofError("a cosignature states a time before the year 292,277,026,596")
    if key.algorithm is Algorithm.COSIGNATURE_ED25519:
        return f"cosignature/v1\ntime {time_s}\n{text}".encode()
    return _cosigned_message(key.name, text, time_s)


def timed(time_s: int, signature: bytes) -> bytes:
    """Return a signature with its time before it, as cosignatures have it."""
    return _TIME.pack(time_s) + signature


def _cosigned_message(name: str, text: str, time_s: int) -> bytes:
    origin, size, root = _first_lines(text)
    parts = [_SUBTREE_LABEL, _short(name.encode()), _TIME.pack(time_s), _short(origin.encode())]
    parts += [_TIME.pack(0), _TIME.pack(int(size)), decode_base64(root)]
    return b"".join(parts)


def _first_lines(text: str) -> list[str]:
    lines = text.split("\n")
    if len(lines) != 4 or not lines[1].isdecimal():  # noqa: PLR2004 - three lines and their end
        raise ProofError("only a checkpoint without extension lines can be cosigned so")
    return lines[:3]


def _short(content: bytes) -> bytes:
    return bytes([len(content)]) + content
