"""Locks: one holder at a time, whatever becomes of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ArchiveError
from gateway.evidence.lock import FileLock

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys, time
from pathlib import Path
from gateway.evidence.lock import FileLock
lock = FileLock(Path(sys.argv[1]), what="holds it")
print("held", flush=True)
time.sleep(60)
"""


def test_only_one_holds_a_lock(tmp_path: Path) -> None:
    """The second is told what the first does and where; it may have it afterwards."""
    path = tmp_path / "lock"
    first = FileLock(path, what="records here")

    with pytest.raises(ArchiveError, match=r"another process records here \(.*lock is locked\)"):
        FileLock(path, what="records here")
    first.release()
    first.release()
    FileLock(path, what="records here").release()


def test_waiting_for_a_lock_ends_when_it_is_free(tmp_path: Path) -> None:
    """Who waits gets the lock as soon as its holder lets go."""
    first = FileLock(tmp_path / "lock", what="holds it")
    threading.Timer(0.1, first.release).start()
    began = time.monotonic()
    FileLock(tmp_path / "lock", what="holds it", wait_seconds=60).release()

    assert time.monotonic() - began < 30


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    """A holder that was killed keeps nobody out."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert b"held\n" == holder.stdout.readline()
        with pytest.raises(ArchiveError):
            FileLock(tmp_path / "lock", what="holds it")
        holder.send_signal(signal.SIGKILL)
    FileLock(tmp_path / "lock", what="holds it", wait_seconds=10).release()
