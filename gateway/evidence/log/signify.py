"""Keys and signed texts in the form of OpenBSD's signify(1), which then checks them without us.

A file is one comment line that nothing protects, one line of base64, and in a signed file the text
itself. The base64 holds the algorithm `Ed`, eight bytes that name the key, and the key or the
signature.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

from gateway.evidence.errors import ProofError
from gateway.evidence.log.keys import Algorithm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.evidence.log.keys import PublicKey
    from gateway.evidence.log.signing import Signer

_ALGORITHM: Final = b"Ed"
_NUMBER_BYTES: Final = 8


def encode_key(key: PublicKey, *, owner: str = "recorder") -> bytes:
    """Return the public key as the file that `signify -p` takes."""
    return _lines(f"key of the {owner}", key, key.content)


def encode_signed(text: str, signer: Signer, *, key_file: str) -> bytes:
    """Return the text behind its signature, as `signify -e` makes it."""
    signature = signer.sign(text).content
    return _lines(f"verify with {key_file}", signer.public, signature) + text.encode()


def check_signed(content: bytes, keys: Iterable[PublicKey], *, key_file: str) -> str:
    """Return the text of a signed file whose every byte is as `encode_signed` wrote it.

    Raises ProofError, also when none of the keys signed it.
    """
    try:
        _, encoded, text = content.decode("ascii").split("\n", 2)
        signed = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise ProofError("it is not of the form that signify writes") from error
    for key in keys:
        head = _head(key)
        if key.algorithm is Algorithm.ED25519 and signed.startswith(head):
            signature = signed[len(head) :]
            if content != _lines(f"verify with {key_file}", key, signature) + text.encode():
                raise ProofError("its first two lines are not as they were written")
            key.verify(text, signature)
            return text
    raise ProofError("none of the keys that may sign it has signed it")


def _head(key: PublicKey) -> bytes:
    return _ALGORITHM + hashlib.sha256(key.content).digest()[:_NUMBER_BYTES]


def _lines(comment: str, key: PublicKey, content: bytes) -> bytes:
    encoded = base64.b64encode(_head(key) + content).decode()
    return f"untrusted comment: {comment}\n{encoded}\n".encode()
