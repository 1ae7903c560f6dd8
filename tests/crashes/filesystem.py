"""File systems of their own, to cut the power of and to fill: ext4 and XFS in a file, and tmpfs.

They need root (or sudo without a password), Linux, e2fsprogs and xfsprogs. Where something of that
is missing the tests fail and say so: a crash test that does not run shows nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Kind = Literal["ext4", "xfs"]

# XFS refuses to be smaller than 300 MiB; the file is sparse.
IMAGE_BYTES = 320 * 1024 * 1024
UNMOUNT_SECONDS = 20
NEEDS = (
    "the crash tests mount file systems: run them on Linux, as root or where sudo asks for no "
    "password, with loop devices (modprobe loop), after apt-get install e2fsprogs xfsprogs mount"
)
# FS_IOC_SHUTDOWN with NOLOGFLUSH: nothing more reaches the disk, not even the file system's log.
CUT = """
import fcntl, os, struct, sys
root = os.open(sys.argv[1], os.O_RDONLY)
print(os.stat(sys.argv[2]).st_size, flush=True)
fcntl.ioctl(root, 0x8004587D, struct.pack("I", 2))
"""


class LoopFileSystem:
    """A real file system in a file, whose power can be cut."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.root = folder / "mounted"
        self._image = folder / f"{kind}.image"
        self.root.mkdir()
        with self._image.open("wb") as image:
            image.truncate(IMAGE_BYTES)
        as_root(f"mkfs.{kind}", "-q", self._image)

    def mount(self) -> None:
        """Mount it; after a cut its log is replayed, as at the start of a machine."""
        as_root("mount", "-o", "loop", self._image, self.root)
        if os.geteuid():
            as_root("chown", os.geteuid(), self.root)

    def cut_power(self, notes: Path) -> int:
        """Lose what has not reached the disk, and return the size of a file elsewhere just before.

        A sync that is under way at the cut may still succeed, and its data be lost: 6 of 80 cuts of
        a loop of write and fdatasync. No machine without power says anything any more, so only what
        was said before the cut began counts.
        """
        return int(as_root(sys.executable, "-c", CUT, self.root, notes))

    def unmount(self) -> None:
        """Unmount it; what still uses it has a moment to end."""
        unmount(self.root)


@contextmanager
def loop_file_system(kind: Kind, folder: Path) -> Iterator[LoopFileSystem]:
    """Make and mount a file system until the end of the block."""
    file_system = LoopFileSystem(kind, folder)
    file_system.mount()
    try:
        yield file_system
    finally:
        if os.path.ismount(file_system.root):
            file_system.unmount()


@contextmanager
def tmpfs(root: Path, size_bytes: int) -> Iterator[None]:
    """Mount a file system in memory that holds no more than so much."""
    root.mkdir()
    as_root("mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=777", "tmpfs", root)
    try:
        yield
    finally:
        unmount(root)


def resize(root: Path, size_bytes: int) -> None:
    """Give a tmpfs another size."""
    as_root("mount", "-o", f"remount,size={size_bytes}", root)


def unmount(root: Path) -> None:
    """Unmount; what still uses it has a moment to end."""
    deadline = time.monotonic() + UNMOUNT_SECONDS
    while _run("umount", root).returncode:
        assert time.monotonic() < deadline, f"{root} is still in use"
        time.sleep(0.05)


def as_root(*command: object) -> str:
    """Run a command as root and return its output; where that fails, say what the tests need."""
    done = _run(*command)
    assert done.returncode == 0, f"{NEEDS}\n{' '.join(map(str, command))}: {done.stderr}"
    return done.stdout


def _run(*command: object) -> subprocess.CompletedProcess[str]:
    prefix = ["sudo", "-n"] if os.geteuid() else []
    words = [*prefix, *map(str, command)]
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "LC_ALL": "C"}
    try:
        return subprocess.run(
            words,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        return subprocess.CompletedProcess(words, 127, "", str(error))
