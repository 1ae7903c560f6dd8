"""Durable writing: whole writes and synced directories."""

from __future__ import annotations

import errno
import os
import re
import stat
from typing import TYPE_CHECKING, Final

from gateway.evidence.failpoints import Failpoint, reach

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Linux and macOS accept 1024 buffers per writev (IOV_MAX); half leaves room for neither to matter.
WRITE_BUFFERS_MAX: Final = 512
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def check_name(name: str, *, what: str) -> str:
    """Return the name, or raise ValueError when it cannot be part of a file name everywhere."""
    if not _NAME.fullmatch(name):
        message = (
            f"{what} {name!r} cannot be used in a file name: "
            "use 1 to 100 of A-Z a-z 0-9 . _ - and do not start with . or -"
        )
        raise ValueError(message)
    return name


def write_all(fd: int, buffers: Sequence[bytes | memoryview]) -> int:
    """Write every byte and return their number; a short write is continued, an error is raised.

    One short write precedes ENOSPC on tmpfs (measured), so the return value of a write is never
    ignored.
    """
    total = 0
    for start in range(0, len(buffers), WRITE_BUFFERS_MAX):
        pending: list[bytes | memoryview] = list(buffers[start : start + WRITE_BUFFERS_MAX])
        while pending:
            written = os.writev(fd, pending)
            total += written
            pending = _after(pending, written)
    return total


def _after(buffers: list[bytes | memoryview], written: int) -> list[bytes | memoryview]:
    for index, buffer in enumerate(buffers):
        if written < len(buffer):
            return [memoryview(buffer)[written:], *buffers[index + 1 :]]
        written -= len(buffer)
    return []


def sync_content(fd: int) -> None:
    """Make what was written durable; macOS has no fdatasync, so there it costs a little more."""
    getattr(os, "fdatasync", os.fsync)(fd)


def sync_directory(directory: Path) -> None:
    """Make the directory's entries durable: a new or renamed file is lost without it (fsync(2))."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def rename_anew(path: Path, target: Path) -> None:
    """Rename durably, but never over another file: that would destroy it.

    Only for a folder with one writer, since looking and renaming are two steps.
    """
    if target.exists():
        raise FileExistsError(errno.EEXIST, "would be overwritten; move it away", str(target))
    path.rename(target)
    reach(Failpoint.FILE_RENAMED)
    sync_directory(target.parent)


def make_directory(directory: Path) -> None:
    """Create the directory and its parents, each durable in its parent."""
    missing = []
    while not directory.is_dir():
        missing.append(directory)
        directory = directory.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        sync_directory(path.parent)


def special_files(directory: Path) -> Iterator[Path]:
    """Yield what is neither a file nor a folder, and can be read without an end, or never."""
    try:
        entries = list(os.scandir(directory))
    except OSError:
        return  # Whoever reads the folder tells.
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from special_files(directory / entry.name)
        elif _is_special(entry):
            yield directory / entry.name


def _is_special(entry: os.DirEntry[str]) -> bool:
    try:
        mode = entry.stat().st_mode
    except OSError:
        return False  # A link that leads nowhere.
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
