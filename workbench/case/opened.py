"""What the custody log says of an archive that is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.evidence.log.folder import CHECKPOINT, log_directory
from gateway.evidence.verify import verify
from workbench.case.settings import hash_of

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.log.trust import Trust


def verified(archive: Path, trust: Trust) -> dict[str, object]:
    """Verify an archive and return what that came to, for the custody log."""
    verification = verify(archive, trust=trust)
    return {
        "verdict": str(verification.verdict),
        "faults": len(verification.faults),
        "origins": {
            each.origin: {
                "head_sha256": None if each.head is None else each.head.digest,
                "last_sequence": each.last_sequence,
                "checkpoint_sha256": _digest(log_directory(archive, each.origin) / CHECKPOINT),
                "log_size": each.log.size,
                "root_key": each.log.root_vkey,
            }
            for each in verification.origins
        },
    }


def _digest(path: Path) -> str | None:
    return hash_of(path) if path.is_file() else None
