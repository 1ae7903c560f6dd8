"""The public keys that the evidence in a package was signed with, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.evidence.errors import ProofError
from gateway.evidence.leaves import stored_headers
from gateway.evidence.log.folder import LogFolder, log_directory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def keys_of(archive: Path, origin: str, segments: Sequence[Path]) -> list[tuple[str, str]]:
    """Return the root key and the recorder's keys, as far as these segments name them, as text."""
    keys: dict[str, str] = {}
    try:
        root = LogFolder(log_directory(archive, origin)).root_key()
        keys[root.vkey] = "root"
    except (ProofError, OSError):
        pass  # Verification tells; without a log there is none.
    for path in segments:
        for stored in stored_headers(path):
            keys |= dict.fromkeys(stored.header.keys, "recorder")
    return [(role, key) for key, role in keys.items()]
