"""Policy bundles as evidence: ARCHIVE/<origin>/bundles/<SHA-256 of the file>."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from gateway.evidence.log.folder import LogFolder

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "bundles"


def keep_bundle(archive: Path, origin: str, content: bytes) -> None:
    """Keep a bundle under its own digest, whole and durable; raises OSError."""
    folder = LogFolder(archive / origin / FOLDER)
    name = sha256(content).hexdigest()
    if not (folder.directory / name).exists():
        folder.write([(name, content)])
