"""The worker: one event loop with one journal, one origin, and the connections it serves."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gateway.evidence.event import Event, EventKind
from gateway.server.listeners import Listeners
from gateway.server.log import LogEvent
from gateway.server.passwords import PasswordChecks
from gateway.server.pulse import Pulse
from gateway.server.pump import Services, instant
from gateway.server.recorder import Recording, RecordingStoppedError
from gateway.server.upstream import UpstreamCluster, UpstreamError
from gateway.session import signals as on
from gateway.session.topology import Topology

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from gateway.config.model import Config
    from gateway.server.listeners import BoundListener
    from gateway.server.recorder import Recorder

TICK_SECONDS = 1.0


class Worker:
    """Serves clients until it is told to drain or recording fails."""

    def __init__(self, config: Config, recorder: Recorder, log: FilteringBoundLogger) -> None:
        topology = Topology()
        self._config = config
        self._recorder = recorder
        self._log = log
        self._upstream = UpstreamCluster(config, topology, log)
        self._passwords = PasswordChecks(workers=config.limits.password_checks)
        self._listeners = Listeners(
            config,
            Services(
                recorder=recorder,
                upstream=self._upstream,
                passwords=self._passwords,
                topology=topology,
                connect_seconds=config.upstream.connect_timeout_ms / 1000,
                write_buffer_bytes=config.limits.write_buffer_bytes,
                log=log,
            ),
        )
        self._stop = asyncio.Event()
        recorder.on_change = self._on_recording_changed

    def stop(self) -> None:
        """Let `serve` return: a signal came."""
        self._stop.set()

    async def serve(self) -> None:
        """Bind, serve until `stop` or until recording fails, then drain and close the journal.

        Raises BindError before anything is served, and RecordingStoppedError when recording failed.
        """
        bound = await self._listeners.bind()
        self._record(EventKind.RECORDER_START, self._detail(bound))
        self._log.info(LogEvent.LISTENING, listeners=[asdict(listener) for listener in bound])
        tasks = [
            asyncio.create_task(self._upstream.keep_fresh()),
            asyncio.create_task(self._tick()),
            asyncio.create_task(self._say_when_ready(bound)),
        ]
        try:
            await self._stop.wait()
            self._listeners.close()
            await self._drain()
            self._record(EventKind.RECORDER_STOP, {})
            self._recorder.close()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._passwords.close()

    def _on_recording_changed(self) -> None:
        # The recorder is in the middle of some pump's effects: let that pump finish first.
        asyncio.get_running_loop().call_soon(self._follow_recording)

    def _follow_recording(self) -> None:
        state = self._recorder.state
        for pump in tuple(self._listeners.pumps):
            if state in {Recording.STOPPED, Recording.FAILED}:
                pump.cut("recording stopped")
            else:
                pump.regulate()
        if state is Recording.FAILED:
            self._stop.set()

    async def _tick(self) -> None:
        pulse = Pulse(instant())
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._recorder.measure(time.monotonic_ns())
            events = pulse.look(instant(), self._recorder.event_count)
            if events:
                # The recorder says when it fails, and the worker then ends.
                with contextlib.suppress(RecordingStoppedError):
                    self._recorder.append(events)
            for pump in tuple(self._listeners.pumps):
                pump.tell(on.Tick())

    async def _say_when_ready(self, bound: list[BoundListener]) -> None:
        while not self._upstream.nodes:
            try:
                await self._upstream.refresh()
            except UpstreamError:
                await asyncio.sleep(TICK_SECONDS / 4)
        self._log.info(LogEvent.READY, listeners=[asdict(listener) for listener in bound])

    async def _drain(self) -> None:
        pumps = self._listeners.pumps
        self._log.info(LogEvent.DRAINING, connections=len(pumps))
        for pump in tuple(pumps):
            pump.tell(on.Drain())
        if not await self._listeners.wait_until_empty(self._config.limits.drain_seconds):
            self._log.warning(LogEvent.DRAIN_TIMED_OUT, connections=len(pumps))
            for pump in tuple(pumps):
                pump.cut("shutdown")
            await self._listeners.wait_until_empty(TICK_SECONDS)

    def _record(self, kind: EventKind, detail: dict[str, object]) -> None:
        now = instant()
        self._recorder.append(
            [
                Event(
                    kind=kind,
                    wall_ns=now.wall_ns,
                    monotonic_ns=now.monotonic_ns,
                    detail=msgspec.json.encode(
                        {"version": version("streamwitness"), **detail}
                    ).decode(),
                )
            ]
        )

    def _detail(self, bound: list[BoundListener]) -> dict[str, object]:
        encryption = self._config.encryption
        return {
            "instance": self._config.instance,
            "system_boot_id": system_boot_id(),
            "durability": self._config.durability_of().text,
            "recipients": () if encryption is None else encryption.recipients,
            "upstream": list(self._config.upstream.bootstrap),
            "listeners": [asdict(listener) for listener in bound],
        }


def system_boot_id() -> str | None:
    """Return the kernel's own id of this boot of the machine, where it has one (Linux)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return None
