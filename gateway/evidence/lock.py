"""One writer at a time.

A module of its own, for it needs flock: reading an archive works where that does not exist.
"""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING, Final

from gateway.evidence.errors import ArchiveError

if TYPE_CHECKING:
    from pathlib import Path

_POLL_SECONDS: Final = 0.02


class FileLock:
    """An exclusive lock (flock) on a file that stays; it ends with the process that holds it."""

    def __init__(self, path: Path, *, what: str, wait_seconds: float = 0.0) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + wait_seconds
        while not self._is_taken():
            if time.monotonic() >= deadline:
                self.release()
                raise ArchiveError(f"another process {what} ({path} is locked): stop it first")
            time.sleep(_POLL_SECONDS)

    def _is_taken(self) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let others in; releasing twice is allowed."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
