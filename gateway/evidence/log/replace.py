"""Replacing the newest checkpoint, in turns.

A module of its own, for it needs flock: verifying an archive works where that does not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.evidence.files import make_directory
from gateway.evidence.lock import FileLock
from gateway.evidence.log.folder import CHECKPOINT

if TYPE_CHECKING:
    from gateway.evidence.log.folder import LogFolder

LOCK: Final = "log.lock"
# Somebody who holds the lock writes one small file.
_LOCK_SECONDS: Final = 30.0


def replace_checkpoint(folder: LogFolder, content: bytes, *, old: bytes | None = None) -> bool:
    """Write the newest checkpoint, but only where `old`, if given, still stands; say if so.

    The log's writer and whoever adds a cosignature take turns, or an older checkpoint could take
    the place of a newer one. Raises OSError, and ArchiveError when the turn does not come.
    """
    make_directory(folder.directory)
    path = folder.directory.with_name(LOCK)
    lock = FileLock(path, what="writes this checkpoint", wait_seconds=_LOCK_SECONDS)
    try:
        if old is not None and folder.read(CHECKPOINT) != old:
            return False
        folder.write([(CHECKPOINT, content)])
    finally:
        lock.release()
    return True
