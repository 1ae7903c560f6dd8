"""The supervisor: it starts the sealer as a process of its own and keeps it alive.

The sealer's standard input is a pipe that the gateway only ever closes. When it ends, for whatever
reason (shutdown, or kill -9 of the gateway), the sealer seals what the journal holds and exits.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from gateway.server.log import LogEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from structlog.typing import FilteringBoundLogger

BACKOFF_SECONDS = 0.25
BACKOFF_SECONDS_MAX = 10.0
# A sealer that ran this long was well; its next start waits no longer than the first.
WELL_SECONDS = 60.0
# What a shell answers for a command that cannot be run.
CANNOT_START = 126


class Supervisor:
    """Runs one command again and again until told to finish."""

    def __init__(self, command: Sequence[str], log: FilteringBoundLogger) -> None:
        self._command = command
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._finishing = asyncio.Event()
        self._is_killed = False

    async def keep_alive(self) -> bool:
        """Start the sealer, and again whenever it dies; say after `finish` if it ended well."""
        backoff_seconds = BACKOFF_SECONDS
        while True:
            is_second_try = self._finishing.is_set()
            started = time.monotonic()
            exit_code = await self._run_once()
            is_last = exit_code == 0 or is_second_try or self._is_killed
            if self._finishing.is_set() and is_last:
                return exit_code == 0
            if time.monotonic() - started > WELL_SECONDS:
                backoff_seconds = BACKOFF_SECONDS
            self._log.error(
                LogEvent.SEALER_DIED,
                exit_code=exit_code,
                restart_in_ms=round(backoff_seconds * 1000),
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._finishing.wait(), backoff_seconds)
            backoff_seconds = min(backoff_seconds * 2, BACKOFF_SECONDS_MAX)

    def finish(self) -> None:
        """Let the sealer seal the rest and exit; the journal must be closed by now."""
        self._finishing.set()
        self._let_end()

    def kill(self) -> None:
        """End a sealer that does not finish; the next start of the gateway seals the rest."""
        self._is_killed = True
        if self._process is not None and self._process.returncode is None:
            self._log.error(LogEvent.SEALER_KILLED)
            self._process.kill()

    async def _run_once(self) -> int:
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                # Ctrl-C in a terminal reaches the whole process group, but the sealer ends last.
                start_new_session=True,
            )
        except OSError:
            return CANNOT_START
        self._log.info(LogEvent.SEALER_STARTED, pid=self._process.pid)
        if self._finishing.is_set():
            self._let_end()
        if self._is_killed:
            # The kill came while the process was being started, before it could be reached.
            self.kill()
        return await self._process.wait()

    def _let_end(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
