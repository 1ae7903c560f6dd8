"""Recipients and identities: for whom data keys are wrapped, in the age format (X25519).

A recipient is public, `age1...`; its identity is the private half, in a file as `age-keygen` makes
it as well.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from pyrage import IdentityError, RecipientError
from pyrage.x25519 import Identity, Recipient

from gateway.evidence.errors import EncryptionError
from gateway.evidence.files import rename_anew, write_all

if TYPE_CHECKING:
    from pathlib import Path


_IDENTITY: Final = "AGE-SECRET-KEY-"


def parse_recipient(text: str) -> Recipient:
    """Read a recipient; raises EncryptionError."""
    try:
        return Recipient.from_str(text)
    except RecipientError:
        # Whoever took an identity for one must not find it in a log as well.
        shown = "an identity" if _IDENTITY in text.upper() else repr(text)
        raise EncryptionError(
            f"{shown} is no recipient: give the line that begins with age1, as "
            "`streamwitness encryption-key show` prints it"
        ) from None


def create_identity(path: Path) -> str:
    """Draw an identity into a new file that only its owner can read; return its recipient."""
    identity = Identity.generate()
    recipient = str(identity.to_public())
    unfinished = path.with_name(f"{path.name}.unfinished")
    fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write_all(fd, [f"# public key: {recipient}\n{identity}\n".encode()])
        os.fsync(fd)
    finally:
        os.close(fd)
    rename_anew(unfinished, path)
    return recipient


def load_identity(path: Path) -> Identity:
    """Read the identity in a file, whose lines with # count for nothing.

    Raises EncryptionError when there is not exactly one, or when others than its owner can read the
    file, and OSError.
    """
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise EncryptionError(f"{path} can be read by others than its owner: chmod 600 it")
    lines = [line.strip() for line in path.read_text("utf-8", errors="replace").splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    try:
        (key,) = keys
        return Identity.from_str(key)
    except (ValueError, IdentityError):
        raise EncryptionError(
            f"{path} holds no identity: it must have one line that begins with AGE-SECRET-KEY-1"
        ) from None
