"""Keeping an uploader alive beside the sealer: a process of its own, which holds no key."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

from gateway.evidence.errors import ArchiveError
from gateway.sealer.saying import say
from gateway.sealer.upload.options import encode_uploader

if TYPE_CHECKING:
    from gateway.sealer.upload.options import UploaderOptions

BACKOFF_SECONDS: Final = 5.0
# A little longer than the uploader itself takes at most.
_FINISH_SECONDS: Final = 40.0


def uploader_command(options: UploaderOptions) -> list[str]:
    """Return the command that starts an uploader."""
    # -P: the folder in which the gateway was started is no place to import from.
    return [sys.executable, "-P", "-m", "gateway.sealer.upload", encode_uploader(options)]


def require_worm(options: UploaderOptions) -> None:
    """Have the bucket attacked, in another process; raises ArchiveError when an attack won."""
    command = [sys.executable, "-P", "-m", "gateway.sealer.worm", encode_uploader(options)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)  # noqa: S603 - the same
    if done.returncode:
        raise ArchiveError(
            f"{options.upload.location} does not keep what it is given, or could not be tried: the "
            "line worm_checked says how; run `streamwitness doctor --worm`, or set "
            "object_storage.require_worm: false"
        )


class Uploading:
    """Starts an uploader, and again when it dies; without options it does nothing."""

    def __init__(self, options: UploaderOptions | None) -> None:
        self._command = None if options is None else uploader_command(options)
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="uploader", daemon=True)

    def start(self) -> None:
        """Begin."""
        if self._command is not None:
            self._thread.start()

    def finish(self) -> None:
        """Let the uploader bring what is left, and wait for it a while."""
        if self._command is None:
            return
        with self._lock:
            self._ends.set()
            self._let_end()
        self._thread.join(_FINISH_SECONDS)

    def _run(self) -> None:
        while True:
            exit_code = self._run_once()
            if self._ends.is_set():
                return
            say("uploader_died", "error", exit_code=exit_code)
            if self._ends.wait(BACKOFF_SECONDS):
                return

    def _run_once(self) -> int:
        assert self._command is not None, "only then is there a thread"
        with self._lock:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE)  # noqa: S603 - this program's own uploader
            if self._ends.is_set():
                self._let_end()
        exit_code = self._process.wait()
        self._let_end()
        return exit_code

    def _let_end(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
