"""Archives of several segments, signed by a key that lies in a file, and their removal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gateway.evidence.expiry import Removal
from gateway.sealer.keys import SELF_MADE
from tests.gateway.sealer.upload.uploads import seal

if TYPE_CHECKING:
    from pathlib import Path

OLD = f"{0:020d}.arrow.zst"


def archive_of(folder: Path, *, segments: int) -> Path:
    """Record and seal that many segments of two events each, with the sealer's own key."""
    for number in range(segments):
        seal(folder, next_sequence=2 * number)
    return folder / "archive"


def key_of(folder: Path) -> Path:
    """Return the file of the key that the sealer made."""
    return folder / "journal" / SELF_MADE / "recorder.pem"


def removal(folder: Path, *, before: datetime | None = None) -> Removal:
    """Say that everything sealed until now is to go."""
    return Removal(
        before=before or datetime.now(UTC) + timedelta(hours=1),
        key=key_of(folder),
        by="records officer",
        reason="kept for ninety days",
    )
