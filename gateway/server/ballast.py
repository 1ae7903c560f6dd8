"""The ballast: room on the journal's disk that is kept for the end.

It is released when the disk is all but full, so that the events which close the connections, the
alarm, and the sealer's last block and checkpoint still fit.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gateway.evidence.files import make_directory

if TYPE_CHECKING:
    from pathlib import Path


class Ballast:
    """A file without content that takes its place on the disk."""

    def __init__(self, folder: Path, size: int) -> None:
        self._path = folder / "ballast"
        self._size = size
        self._is_laid = False

    @property
    def missing_bytes(self) -> int:
        """How much of the free room belongs to it."""
        return 0 if self._is_laid else self._size

    def lay(self) -> bool:
        """Take the room, and say if that went; a disk without it is asked again another time."""
        if self._is_laid or not self._size:
            return True
        try:
            make_directory(self._path.parent)
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                os.posix_fallocate(fd, 0, self._size)
            finally:
                os.close(fd)
        except OSError:
            self.release()
            return False
        self._is_laid = True
        return True

    def release(self) -> None:
        """Give the room back, also that of an earlier run."""
        self._is_laid = False
        self._path.unlink(missing_ok=True)
