"""Run a gateway: the wiring of its parts, its signals, and its exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from importlib.metadata import version
from typing import TYPE_CHECKING

import uvloop

from gateway.evidence.errors import JournalError
from gateway.evidence.journal import JournalWriter
from gateway.server.listeners import BindError
from gateway.server.log import LogEvent, configure_logs
from gateway.server.recorder import Recorder, RecordingStoppedError
from gateway.server.supervisor import Supervisor
from gateway.server.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from structlog.typing import FilteringBoundLogger

    from gateway.config.model import Config

# The most that can be left is `journal_bytes_max`; the sealer takes about a second for 100 MB.
SEALER_FINISH_SECONDS = 120.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_gateway(config: Config, *, next_sequence: int, sealer_command: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT and return the exit code: 0, or 1 when something was lost.

    The journal's recovery must have run before; it tells the next sequence number.
    """
    log = configure_logs()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        exit_code = runner.run(_run(config, next_sequence, sealer_command, log))
    log.info(LogEvent.STOPPED, exit_code=exit_code)
    return exit_code


async def _run(
    config: Config, next_sequence: int, sealer_command: Sequence[str], log: FilteringBoundLogger
) -> int:
    boot_id = uuid.uuid4().hex
    log.info(
        LogEvent.STARTING,
        version=version("streamwitness"),
        instance=config.instance,
        origin=config.origin(),
        boot_id=boot_id,
        pid=os.getpid(),
        next_sequence=next_sequence,
    )
    try:
        recorder = _open_recorder(config, boot_id, next_sequence, log)
    except JournalError as error:
        log.critical(LogEvent.RECORDING_STOPPED, reason=str(error), final=True)
        return 1
    asyncio.get_running_loop().set_exception_handler(_defects_to(log))
    supervisor = Supervisor(sealer_command, log)
    sealing = asyncio.create_task(supervisor.keep_alive())
    served_well = await _serve(config, recorder, log)
    sealed_well = await supervisor.finish(SEALER_FINISH_SECONDS)
    sealing.cancel()
    return 0 if served_well and sealed_well else 1


def _open_recorder(
    config: Config, boot_id: str, next_sequence: int, log: FilteringBoundLogger
) -> Recorder:
    journal = JournalWriter(
        config.journal_directory(),
        origin=config.origin(),
        boot_id=boot_id,
        next_sequence=next_sequence,
        file_bytes_max=config.limits.journal_file_bytes,
    )
    return Recorder(journal, journal_bytes_max=config.limits.journal_bytes_max, log=log)


async def _serve(config: Config, recorder: Recorder, log: FilteringBoundLogger) -> bool:
    worker = Worker(config, recorder, log)
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, worker.stop)
    try:
        await worker.serve()
    except BindError as error:
        log.critical(LogEvent.BIND_FAILED, reason=str(error))
        recorder.close()
        return False
    except RecordingStoppedError:
        # The recorder has logged why.
        return False
    return True


def _defects_to(
    log: FilteringBoundLogger,
) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """Log what a callback raised; the transport it concerns has been closed by the loop."""

    def log_defect(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        log.error(LogEvent.DEFECT, exc_info=context.get("exception") or True)

    return log_defect
