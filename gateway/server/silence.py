"""The witness gate: no traffic while no witness has cosigned for too long.

Evidence that nobody outside vouches for is what a thief of the key could have written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.evidence.log.heard import silence_seconds
from gateway.server.level import Level

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class WitnessSilence:
    """Reads what the sealer notes beside the journal; a note that says nothing is silence."""

    name = "witness"

    def __init__(self, journal: Path, *, seconds_max: float) -> None:
        self._journal = journal
        self._seconds_max = seconds_max
        self._silent_seconds: float | None = None

    def look(self) -> Level:
        """Say how far traffic may be let."""
        self._silent_seconds = silence_seconds(self._journal)
        is_heard = self._silent_seconds is not None and self._silent_seconds <= self._seconds_max
        return Level.OPEN if is_heard else Level.STOPPED

    def facts(self) -> Mapping[str, object]:
        """Say for how long no witness was heard, null where that is not known."""
        seconds = None if self._silent_seconds is None else round(self._silent_seconds)
        return {"silent_seconds": seconds, "silent_seconds_max": round(self._seconds_max)}
