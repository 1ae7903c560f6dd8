"""Private keys wherever they lie: in a file, or on a token that does not give them away."""

from __future__ import annotations

from pathlib import Path

from gateway.evidence.errors import ProofError
from gateway.evidence.log.key_uri import decode_key_uri, is_key_uri
from gateway.evidence.log.signing import Signer, load_signer


def load_key(place: str, name: str, *, is_cosigner: bool = False) -> Signer:
    """Return the signer whose private key lies in a file, or where a `pkcs11:` URI says.

    Raises ProofError when there is no key that can be used, and OSError.
    """
    if not is_key_uri(place):
        return load_signer(Path(place), name, is_cosigner=is_cosigner)
    uri = decode_key_uri(place)
    try:
        from gateway.evidence.log.token_key import open_token_key  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        remedy = "pip install 'streamwitness[pkcs11]'"
        raise ProofError(f"keys on tokens need {error.name}: {remedy}") from error
    return open_token_key(uri, name, is_cosigner=is_cosigner)
