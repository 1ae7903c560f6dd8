"""The secret that unknown names' salts are made of, which must outlive the process.

A salt that changed with a restart would tell that there is no such user.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from gateway.evidence.files import make_directory

if TYPE_CHECKING:
    from pathlib import Path

FILE = "scram-decoys.key"
KEY_BYTES = 32


def load_decoy_key(directory: Path) -> bytes:
    """Return the secret that lies in a folder; the first time one is drawn and written there."""
    path = directory / FILE
    if path.exists():
        return path.read_bytes()
    make_directory(directory)
    key = secrets.token_bytes(KEY_BYTES)
    # Whole or not at all: half a secret would be taken for one.
    unfinished = directory / f"{FILE}.tmp"
    fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as stream:
        stream.write(key)
    unfinished.replace(path)
    return key
