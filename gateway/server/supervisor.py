"""The supervisor: it starts the sealer as a process of its own and keeps it alive.

The sealer's standard input is a pipe that the gateway only ever closes. When it ends, for whatever
reason (shutdown, or kill -9 of the gateway), the sealer seals what the journal holds and exits.
"""

from __future__ import annotations

import asyncio
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


class Supervisor:
    """Runs one command again and again until told to finish."""

    def __init__(self, command: Sequence[str], log: FilteringBoundLogger) -> None:
        self._command = command
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._finishing = asyncio.Event()

    async def keep_alive(self) -> None:
        """Start the sealer, and start it again whenever it dies, until `finish`."""
        backoff_seconds = BACKOFF_SECONDS
        while not self._finishing.is_set():
            started = time.monotonic()
            exit_code = await self._run_once()
            if self._finishing.is_set():
                return
            if time.monotonic() - started > WELL_SECONDS:
                backoff_seconds = BACKOFF_SECONDS
            self._log.error(
                LogEvent.SEALER_DIED,
                exit_code=exit_code,
                restart_in_ms=round(backoff_seconds * 1000),
            )
            await asyncio.sleep(backoff_seconds)
            backoff_seconds = min(backoff_seconds * 2, BACKOFF_SECONDS_MAX)

    async def finish(self, seconds: float) -> bool:
        """Let the sealer seal the rest and exit; False when it failed or took too long."""
        self._finishing.set()
        process = self._process
        if process is None:
            return False
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(seconds):
                exit_code = await process.wait()
        except TimeoutError:
            self._log.error(LogEvent.SEALER_KILLED, after_seconds=seconds)
            process.kill()
            await process.wait()
            return False
        return exit_code == 0

    async def _run_once(self) -> int:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            # Ctrl-C in a terminal reaches the whole process group, but the sealer ends last.
            start_new_session=True,
        )
        self._log.info(LogEvent.SEALER_STARTED, pid=self._process.pid)
        return await self._process.wait()
