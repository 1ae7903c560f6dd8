"""What a witness saw last of each log, on disk before anybody is told."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from gateway.evidence.files import make_directory
from gateway.evidence.lock import FileLock
from gateway.evidence.log.folder import LogFolder

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.log.checkpoint import Checkpoint
    from gateway.evidence.log.note import Note


class Memory:
    """A folder with the newest cosigned checkpoint of each log; one witness at a time uses it.

    Raises ArchiveError when another does, and OSError.
    """

    def __init__(self, directory: Path) -> None:
        make_directory(directory)
        self._folder = LogFolder(directory)
        self._lock = FileLock(directory / "witness.lock", what="is a witness with this memory")

    def newest(self, log: str) -> tuple[Note, Checkpoint] | None:
        """Return what was cosigned last, None for a log that was never seen.

        Raises ProofError when the file was damaged, and OSError: a witness that does not know what
        it signed must not sign again.
        """
        return self._folder.newest(_name(log))

    def keep(self, log: str, note: Note) -> None:
        """Make a cosigned checkpoint the newest, durably; raises OSError."""
        self._folder.write([(_name(log), note.encode())])

    def close(self) -> None:
        """Let another witness in."""
        self._lock.release()


def _name(log: str) -> str:
    # A log's name may hold slashes and be longer than a file's.
    return hashlib.sha256(log.encode()).hexdigest()
