"""A disk on which a process meets its end: dead, without power, or with no more space."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CALLS = ("open", "writev", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "mkdir")
DEAD = 9

Fault = Literal["kill", "tear", "power", "error", "short"]


class Disk:
    """Counts the calls of `os` that go through it, from 1, and lets one of them be the last.

    - `kill`: the process dies before the call, as by kill -9.
    - `tear`: the same, but a write has written half.
    - `power`: it dies, and what it never synced of some folders is lost.
    - `error`: the call fails, a write after having written half, and so does every later one.
    - `short`: every write from there on writes half and says so; nothing ends.
    """

    def __init__(self, folders: Sequence[Path], fault: Fault, at: int) -> None:
        self._folders = folders
        self._fault = fault
        self._at = at
        self._count = 0
        self._has_ended = False
        # By inode, for files are renamed: the bytes of files and the names in folders that would
        # outlive a loss of power.
        self._safe_bytes: dict[int, int] = {}
        self._safe_names: dict[int, dict[int, str]] = {}
        # Files that were removed or replaced, held open: until their folder is synced, a loss of
        # power brings them back.
        self._gone: dict[int, int] = {}
        self._open = os.open

    def mount(self) -> None:
        """Take the place of the functions of `os`, until the end of the process."""
        for folder in filter(Path.exists, self._folders):
            self._note_all(folder)
        for name in filter(partial(hasattr, os), CALLS):
            setattr(os, name, self._watch(name, getattr(os, name)))

    def _watch(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def called(*arguments: object, **options: object) -> object:
            if self._has_ended:
                return real(*arguments, **options)
            self._count += 1
            if self._fault == "short" and name == "writev" and self._count >= self._at:
                return real(arguments[0], _half(arguments[1]))
            if self._fault != "short" and self._count >= self._at:
                self._end(name, real, arguments)
            if self._fault == "power" and name in {"rename", "unlink"}:
                self._hold(cast("Path", arguments[-1]))
            result = real(*arguments, **options)
            if name.endswith("sync"):
                self._note_sync(cast("int", arguments[0]))
            return result

        return called

    def _end(self, name: str, real: Callable[..., object], arguments: Sequence[object]) -> None:
        if name == "writev" and self._fault in {"tear", "error"} and self._count == self._at:
            real(arguments[0], _half(arguments[1]))
        if self._fault == "error":
            code = errno.EIO if name.endswith("sync") else errno.ENOSPC
            raise OSError(code, os.strerror(code))
        if self._fault == "power":
            self._has_ended = True
            for folder in filter(Path.exists, self._folders):
                self._lose_unsafe(folder)
        os._exit(DEAD)

    def _note_all(self, folder: Path) -> None:
        """Take for safe what stood there before."""
        self._safe_names[folder.stat().st_ino] = {
            path.stat().st_ino: path.name for path in folder.iterdir()
        }
        for path in folder.iterdir():
            if path.is_dir():
                self._note_all(path)
            else:
                self._safe_bytes[path.stat().st_ino] = path.stat().st_size

    def _hold(self, path: Path) -> None:
        if path.exists():
            self._gone[path.stat().st_ino] = self._open(path, os.O_RDONLY)

    def _note_sync(self, fd: int) -> None:
        status = os.fstat(fd)
        if stat.S_ISDIR(status.st_mode):
            with os.scandir(fd) as entries:
                self._safe_names[status.st_ino] = {entry.inode(): entry.name for entry in entries}
        else:
            self._safe_bytes[status.st_ino] = status.st_size

    def _lose_unsafe(self, folder: Path) -> None:
        safe = self._safe_names.get(folder.stat().st_ino, {})
        for path in list(folder.iterdir()):
            inode = path.stat().st_ino
            if inode in safe and path.is_dir():
                self._lose_unsafe(path)
            elif inode in safe:
                os.truncate(path, self._safe_bytes.get(inode, 0))
                path.replace(path.with_name(safe[inode]))
            elif path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        for inode in self._gone.keys() & safe.keys():
            content = os.pread(self._gone[inode], self._safe_bytes.get(inode, 0), 0)
            (folder / safe[inode]).write_bytes(content)


def _half(buffers: object) -> list[bytes]:
    whole = b"".join(cast("Sequence[bytes]", buffers))
    return [whole[: (len(whole) + 1) // 2]]
