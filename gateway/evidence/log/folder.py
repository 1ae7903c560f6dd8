"""The folder of a log: `ARCHIVE/<origin>/log`, whose files are written whole or not at all.

checkpoint                  the newest checkpoint, with every cosignature that came for it
checkpoints/<20 digits>     the checkpoint of each sealed segment, by its size; never changed
timestamps/<20 digits>.tsr  an authority's timestamp of the checkpoint beside it, by its size
tile/...                    tiles and entry bundles (tiles)
root                        the root key that the certificates in the log are signed with
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from gateway.evidence.errors import ProofError
from gateway.evidence.failpoints import Failpoint, reach
from gateway.evidence.files import make_directory, sync_directory, write_all
from gateway.evidence.log.checkpoint import Checkpoint, decode_checkpoint
from gateway.evidence.log.keys import PublicKey, decode_vkey
from gateway.evidence.log.note import Note, decode_note

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CHECKPOINT: Final = "checkpoint"
CHECKPOINTS: Final = "checkpoints"
TIMESTAMPS: Final = "timestamps"
# The names that `openssl ts` and its manual use for replies.
REPLY: Final = ".tsr"
STAMPED: Final = ".checkpoint"
ROOT: Final = "root"
TILE: Final = "tile"
# What a crash between writing and renaming leaves; the next write of the same file replaces it.
PARTIAL: Final = ".p"
UNFINISHED: Final = ".unfinished"


def log_directory(archive: Path, origin: str) -> Path:
    """Return the folder that holds the origin's log."""
    return archive / origin / "log"


class LogFolder:
    """Reads and writes the files of one log by their paths within its folder."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self, path: str) -> bytes:
        """Return the content of a file; raises OSError."""
        return (self.directory / path).read_bytes()

    def write(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write each file whole and durably; what stood there before is replaced at once."""
        changed: dict[Path, None] = {}
        for path, content in files:
            target = self.directory / path
            make_directory(target.parent)
            unfinished = target.with_name(target.name + UNFINISHED)
            fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
            try:
                write_all(fd, [content])
                os.fsync(fd)
            finally:
                os.close(fd)
            reach(Failpoint.LOG_FILE_WRITTEN)
            unfinished.rename(target)
            changed[target.parent] = None
        reach(Failpoint.LOG_FILE_RENAMED)
        for directory in changed:
            sync_directory(directory)

    def drop_partial(self, whole: Iterable[str]) -> None:
        """Remove what led up to tiles that are whole now: a checkpoint's bundle may have 90 kB."""
        for path in whole:
            partial = self.directory / f"{path}{PARTIAL}"
            if partial.is_dir():
                for file in partial.iterdir():
                    file.unlink()
                partial.rmdir()

    def newest(self, path: str = CHECKPOINT) -> tuple[Note, Checkpoint] | None:
        """Return the newest checkpoint as it was written, None when there is none.

        Its signatures are not looked at. Raises ProofError and OSError.
        """
        try:
            note = decode_note(self.read(path))
        except FileNotFoundError:
            return None
        return note, decode_checkpoint(note.text)

    def root_key(self) -> PublicKey:
        """Return the root key that lies in the folder; raises ProofError and OSError.

        Whoever can write the folder can exchange it: it is no more than a name for the key that a
        reader should have from elsewhere.
        """
        content = self.read(ROOT)
        try:
            key = decode_vkey(content.decode("ascii").removesuffix("\n"))
        except UnicodeDecodeError as error:
            raise ProofError("the root key is no text") from error
        if content != encode_root(key):
            raise ProofError("the root key is not as it was written")
        return key


def checkpoint_path(size: int) -> str:
    """Return the path of the checkpoint that is kept for a size."""
    return f"{CHECKPOINTS}/{size:020d}"


def timestamp_path(size: int, suffix: str) -> str:
    """Return the path of a timestamp (`REPLY`), or of the checkpoint under it (`STAMPED`)."""
    return f"{TIMESTAMPS}/{size:020d}{suffix}"


def encode_root(key: PublicKey) -> bytes:
    """Return the content of the file with the root key."""
    return f"{key.vkey}\n".encode()
