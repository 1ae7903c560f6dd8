"""Run a gateway: the wiring of its parts, its signals, and its exit code."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import uuid
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import uvloop

from gateway.evidence.durability import Mode
from gateway.evidence.encryption.folder import KeyFolder
from gateway.evidence.encryption.recipients import parse_recipient
from gateway.evidence.errors import EvidenceError
from gateway.evidence.failpoints import VARIABLE, armed
from gateway.evidence.files import make_directory
from gateway.evidence.journal import JournalWriter
from gateway.evidence.lock import FileLock
from gateway.evidence.synced import SyncedJournalWriter
from gateway.server.ballast import Ballast
from gateway.server.commit import GroupCommit
from gateway.server.disk import DiskLadder
from gateway.server.encrypting import EncryptingJournal
from gateway.server.listeners import BindError
from gateway.server.log import LogEvent, open_log
from gateway.server.memory import keep_freed_memory
from gateway.server.recorder import Recorder, RecordingStoppedError
from gateway.server.silence import WitnessSilence
from gateway.server.supervisor import Supervisor
from gateway.server.tls import TlsError
from gateway.server.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path
    from typing import Any

    from structlog.typing import FilteringBoundLogger

    from gateway.approvals.service import Approvals
    from gateway.config.model import Config
    from gateway.evidence.event import Event
    from gateway.masking.rules import Plans
    from gateway.server.level import Gate
    from gateway.server.recorder import Journal

    Record = Callable[[Sequence[Event]], object]
    Approving = Callable[[Record], AbstractAsyncContextManager[Approvals]]
    """Serves approvals beside the traffic; it is given where their events go."""

# The most that can be left is `journal_bytes_max`; the sealer takes 3 to 4 CPU seconds for a GB.
SEALER_FINISH_SECONDS = 120.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """How the journal is turned into segments, which is another process' business."""

    recover: Callable[[], int]
    """Seals what an earlier run left and returns the next sequence number; raises EvidenceError."""
    command: Sequence[str]
    """Starts the sealer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What serving is made of."""

    config: Config
    recorder: Recorder
    ballast: Ballast
    plans: Plans
    log: FilteringBoundLogger
    approving: Approving | None


def run_gateway(config: Config, sealing: Sealing, approving: Approving | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return 0, or 1 when recording, binding or sealing failed."""
    keep_freed_memory()
    log = open_log(sys.stderr)
    boot_id = uuid.uuid4().hex
    log.info(
        LogEvent.STARTING,
        version=version("streamwitness"),
        instance=config.instance,
        origin=config.origin(),
        boot_id=boot_id,
        pid=os.getpid(),
    )
    ballast = Ballast(config.journal_directory(), config.limits.ballast_bytes)
    try:
        _warn_of_failpoint(log)
        plans = config.masking.plans()
        lock = _lock(config.journal_directory())
        # What a full disk has left of an earlier run is sealed with its help.
        ballast.release()
        next_sequence = sealing.recover()
        log.info(LogEvent.RECOVERED, next_sequence=next_sequence)
        recorder = _open_recorder(config, boot_id, next_sequence, log)
    except (EvidenceError, OSError, ValueError) as error:
        log.critical(LogEvent.RECORDING_STOPPED, reason=str(error), final=True)
        exit_code = 1
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            parts = _Parts(
                config=config,
                recorder=recorder,
                ballast=ballast,
                plans=plans,
                log=log,
                approving=approving,
            )
            exit_code = runner.run(_run(parts, Supervisor(sealing.command, log)))
        lock.release()
    log.info(LogEvent.STOPPED, exit_code=exit_code)
    return exit_code


def _warn_of_failpoint(log: FilteringBoundLogger) -> None:
    """Say what would otherwise look like somebody else's kill -9; raises ValueError."""
    met = armed()
    if met is not None:
        log.warning(
            LogEvent.FAILPOINT_ARMED,
            variable=VARIABLE,
            failpoint=met.failpoint,
            passes=met.passes_left,
        )


def _lock(directory: Path) -> FileLock:
    """Take the gateway's place at once or not at all: recovery waits for sealers, not gateways."""
    make_directory(directory)
    return FileLock(directory / "gateway.lock", what="is the gateway of this journal")


async def _run(parts: _Parts, supervisor: Supervisor) -> int:
    asyncio.get_running_loop().set_exception_handler(_defects_to(parts.log))
    sealing = asyncio.create_task(supervisor.keep_alive())
    served_well = await _serve(parts)
    # The sealer may need the room for the rest.
    parts.ballast.release()
    supervisor.finish()
    try:
        sealed_well = await asyncio.wait_for(asyncio.shield(sealing), SEALER_FINISH_SECONDS)
    except TimeoutError:
        supervisor.kill()
        sealed_well = False
    return 0 if served_well and sealed_well else 1


def _open_recorder(
    config: Config, boot_id: str, next_sequence: int, log: FilteringBoundLogger
) -> Recorder:
    bytes_max = config.limits.journal_bytes_max
    promised = {each.name: config.durability_of(each) for each in config.listeners}
    if all(durability.mode is Mode.WRITTEN for durability in promised.values()):
        journal = JournalWriter(
            config.journal_directory(),
            origin=config.origin(),
            boot_id=boot_id,
            next_sequence=next_sequence,
            file_bytes_max=config.limits.journal_file_bytes,
        )
        return Recorder(_encrypting(config, journal), journal_bytes_max=bytes_max, log=log)
    synced = SyncedJournalWriter(
        config.journal_directory(),
        origin=config.origin(),
        boot_id=boot_id,
        next_sequence=next_sequence,
        file_bytes_max=config.limits.journal_file_bytes,
        durability={name: durability.text for name, durability in promised.items()}
        | {"": config.durability_of().text},
    )
    bounds = [each.bounded_ms for each in promised.values() if each.mode is Mode.BOUNDED]
    commit = GroupCommit(synced, bounded_ms=min(bounds, default=None))
    return Recorder(
        _encrypting(config, synced), journal_bytes_max=bytes_max, log=log, commit=commit
    )


def _encrypting(config: Config, journal: Journal) -> Journal:
    if config.encryption is None:
        return journal
    folder = KeyFolder(config.encryption.keys)
    folder.create()
    recipients = [parse_recipient(text) for text in config.encryption.recipients]
    return EncryptingJournal(journal, folder, recipients)


def _gates(parts: _Parts) -> list[Gate]:
    config = parts.config
    journal = config.journal_directory()
    folders = {"journal": journal, "archive": config.archive}
    if config.encryption is not None:
        folders["keys"] = config.encryption.keys
    gates: list[Gate] = [DiskLadder(folders, config.limits, parts.ballast)]
    if config.witness_silence == "stop":
        seconds_max = config.witness_silence_minutes * 60.0
        gates.append(WitnessSilence(journal, seconds_max=seconds_max))
    return gates


async def _serve(parts: _Parts) -> bool:
    try:
        async with contextlib.AsyncExitStack() as beside:
            approvals = None
            if parts.approving is not None:
                approving = parts.approving(parts.recorder.append)
                approvals = await beside.enter_async_context(approving)
            gates = _gates(parts)
            worker = Worker(parts.config, parts.recorder, parts.log, gates, parts.plans, approvals)
            loop = asyncio.get_running_loop()
            for number in STOP_SIGNALS:
                loop.add_signal_handler(number, worker.stop)
            loop.add_signal_handler(signal.SIGHUP, worker.reload)
            await worker.serve()
    except (BindError, TlsError) as error:
        # A listener's name stands in the message.
        what = "upstream.tls: " if isinstance(error, TlsError) else ""
        parts.log.critical(LogEvent.BIND_FAILED, reason=f"{what}{error}")
        parts.recorder.close()
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
