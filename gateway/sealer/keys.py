"""The keys that sign the log: those that the operator gives, else ones that the sealer makes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.evidence.errors import ArchiveError, EvidenceError
from gateway.evidence.failpoints import Failpoint, reach
from gateway.evidence.files import make_directory
from gateway.evidence.log.certificates import certify
from gateway.evidence.log.folder import LogFolder, encode_root
from gateway.evidence.log.key_place import load_key
from gateway.evidence.log.keys import Algorithm, PublicKey, decode_vkey
from gateway.evidence.log.note import decode_note
from gateway.evidence.log.signing import Signer, create_key_file, load_signer
from gateway.evidence.log.writer import LogSigning

# Beside the journal, for the sealer alone.
SELF_MADE: Final = "keys"
MEMORY: Final = "signed-checkpoint"
_SELF_MADE_DAYS: Final = 10 * 365


class SigningOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys that the operator gives, as files or as `pkcs11:` URIs.

    `keys` are the recorder's private keys, an Ed25519 one first; `certificate` is the root key's
    word for them and `root` that key as text. `previous` is the key that hands over to them.
    """

    log: str
    keys: tuple[str, ...]
    certificate: Path
    root: str
    previous: str | None = None
    is_previous_lost: bool = False


def load_signing(options: SigningOptions | None, journal: Path, origin: str) -> LogSigning:
    """Return what signs the log; without options a key of the sealer's own, made where none is.

    Raises ArchiveError.
    """
    try:
        if options is None:
            return _self_made(journal, origin)
        signers = [load_key(place, options.log) for place in options.keys]
        previous = None if options.previous is None else load_key(options.previous, options.log)
        return LogSigning(
            log=options.log,
            signers=signers,
            certificate=decode_note(options.certificate.read_bytes()),
            root=decode_vkey(options.root),
            previous=previous,
            is_previous_lost=options.is_previous_lost,
            memory=journal / MEMORY,
        )
    except (OSError, EvidenceError) as error:
        raise ArchiveError(f"the keys that sign the log cannot be used: {error}") from error


def _self_made(journal: Path, origin: str) -> LogSigning:
    """Return a key that vouches for itself: the log then stands for itself alone.

    The root key signs one certificate and is forgotten, so nobody can steal it.
    """
    log = f"streamwitness/{origin}"
    folder = LogFolder(journal / SELF_MADE)
    make_directory(folder.directory)
    folder.directory.chmod(0o700)
    key_path = folder.directory / "recorder.pem"
    if not key_path.exists():
        create_key_file(key_path)
        reach(Failpoint.KEY_CREATED)
    signer = load_signer(key_path, log)
    try:
        certificate, root = folder.read("certificate"), folder.root_key()
    except FileNotFoundError:
        root, certificate = _certify(signer.public, log)
        folder.write([("root", encode_root(root)), ("certificate", certificate)])
    return LogSigning(
        log=log,
        signers=[signer],
        certificate=decode_note(certificate),
        root=root,
        memory=journal / MEMORY,
    )


def _certify(key: PublicKey, log: str) -> tuple[PublicKey, bytes]:
    private = Ed25519PrivateKey.generate()
    name = f"{log}/self-made-root"
    root = PublicKey(name, Algorithm.ED25519, private.public_key().public_bytes_raw())
    return root, certify(Signer(root, private), [key], days=_SELF_MADE_DAYS).encode()
