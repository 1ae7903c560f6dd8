"""Private keys that never leave a token: a hardware module, a card, SoftHSM.

A module of its own, for it needs a library that only those need who have one.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

import pkcs11
from pkcs11.exceptions import UserAlreadyLoggedIn

from gateway.evidence.errors import ArchiveError, ProofError
from gateway.evidence.log.keys import Algorithm, PublicKey
from gateway.evidence.log.signing import Signer

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.log.key_uri import KeyUri

# What a token calls the curve of Ed25519: its object identifier (RFC 8410), or its name.
_CURVES: Final = (bytes.fromhex("06032b6570"), b"\x13\x0cedwards25519")
_SAMPLE: Final = "do both belong to one key?\n"
# Some tokens put the DER of an octet string around a public key.
_OCTET_STRING: Final = b"\x04\x20"


class _TokenKey:
    def __init__(self, key: pkcs11.SignMixin, device: str) -> None:
        self._key = key
        self._device = device

    def sign(self, data: bytes, /) -> bytes:
        """Return the signature; raises ArchiveError when the token does not make one."""
        try:
            return bytes(self._key.sign(data, mechanism=pkcs11.Mechanism.EDDSA))
        except pkcs11.PKCS11Error as error:
            raise ArchiveError(f"the token {self._device} does not sign: {_why(error)}") from error


def open_token_key(uri: KeyUri, name: str, *, is_cosigner: bool = False) -> Signer:
    """Return the signer whose private key lies on a token, and log in to it for this process.

    Raises ProofError, and OSError when the PIN cannot be read. No message holds the PIN.
    """
    session = _log_in(uri)
    private = _find(session, uri, pkcs11.ObjectClass.PRIVATE_KEY, "private key")
    public = _find(session, uri, pkcs11.ObjectClass.PUBLIC_KEY, "public key")
    if not isinstance(private, pkcs11.SignMixin):
        raise ProofError(f"the private key on the token {uri.device} is not made to sign")
    content = bytes(public[pkcs11.Attribute.EC_POINT]).removeprefix(_OCTET_STRING)
    algorithm = Algorithm.COSIGNATURE_ED25519 if is_cosigner else Algorithm.ED25519
    made = PublicKey(name, algorithm, content)
    signer = Signer(made, _TokenKey(private, uri.device))
    # Two objects of one name need not be two halves of one key.
    try:
        made.verify(_SAMPLE, signer.sign(_SAMPLE).content)
    except ProofError as error:
        raise ProofError(
            f"the public key on the token {uri.device} is not that of the private key: name them "
            "by an id that no other object has"
        ) from error
    return signer


def _log_in(uri: KeyUri) -> pkcs11.Session:
    pin = _pin(uri.pin_source)
    try:
        module = pkcs11.lib(str(uri.module))
    except pkcs11.PKCS11Error as error:
        raise ProofError(
            f"the PKCS#11 module {uri.module} cannot be used: {_why(error)}"
        ) from error
    try:
        token = module.get_token(token_label=uri.device, token_serial=uri.serial)
    except pkcs11.PKCS11Error as error:
        raise ProofError(f"there is no token {uri.device} to be used: {_why(error)}") from error
    try:
        return token.open(user_pin=pin)
    except UserAlreadyLoggedIn:
        # The key before lies on the same token.
        return token.open()
    except pkcs11.PKCS11Error as error:
        raise ProofError(
            f"the token {uri.device} does not take the PIN in {uri.pin_source}: {_why(error)}"
        ) from error


def _pin(path: Path) -> str:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ProofError(f"the PIN in {path} can be read by others than its owner: chmod 600 it")
    try:
        return path.read_bytes().decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ProofError(f"{path} holds no PIN: it is no text") from None


def _find(session: pkcs11.Session, uri: KeyUri, kind: pkcs11.ObjectClass, what: str) -> pkcs11.Key:
    try:
        key = session.get_key(object_class=kind, label=uri.label, id=uri.key_id)
        is_ed25519 = (
            key.key_type is pkcs11.KeyType.EC_EDWARDS
            and bytes(key[pkcs11.Attribute.EC_PARAMS]) in _CURVES
        )
    except pkcs11.PKCS11Error as error:
        told = f"the token {uri.device} has no such {what}: {_why(error)}"
        raise ProofError(told) from error
    if not is_ed25519:
        raise ProofError(f"the {what} on the token {uri.device} is no Ed25519 key")
    return key


def _why(error: pkcs11.PKCS11Error) -> str:
    # All but those of loading a library say it by their name alone.
    name = type(error).__name__
    return str(error) if type(error) is pkcs11.PKCS11Error else name
