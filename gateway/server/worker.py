"""The worker: one event loop with one journal, one origin, and the connections it serves."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING

import msgspec

from gateway.evidence.event import Event, EventKind
from gateway.evidence.log.heard import system_boot_id
from gateway.masking.rules import Plans
from gateway.server.control import Control
from gateway.server.level import Level
from gateway.server.listeners import Listeners
from gateway.server.log import LogEvent
from gateway.server.passwords import PasswordChecks
from gateway.server.policies import Policies
from gateway.server.pulse import Pulse
from gateway.server.pump import Services, instant
from gateway.server.recorder import Recording, RecordingStoppedError
from gateway.server.traffic import Traffic
from gateway.server.upstream import UpstreamCluster, UpstreamError
from gateway.session import signals as on
from gateway.session.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Sequence

    from structlog.typing import FilteringBoundLogger

    from gateway.approvals.service import Approvals
    from gateway.config.model import Config
    from gateway.server.level import Gate
    from gateway.server.listeners import BoundListener
    from gateway.server.recorder import Recorder

TICK_SECONDS = 1.0


class Worker:
    """Serves clients until it is told to drain or recording fails."""

    def __init__(
        self,
        config: Config,
        recorder: Recorder,
        log: FilteringBoundLogger,
        gates: Sequence[Gate] = (),
        plans: Plans | None = None,
        approvals: Approvals | None = None,
    ) -> None:
        topology = Topology()
        self._config = config
        self._recorder = recorder
        self._traffic = Traffic(recorder, gates, log)
        self._log = log
        self._policies = Policies(config, log, self._append, plans)
        self._upstream = UpstreamCluster(config, topology, log)
        self._passwords = PasswordChecks(workers=config.limits.password_checks)
        self._listeners = Listeners(
            config,
            Services(
                recorder=recorder,
                upstream=self._upstream,
                passwords=self._passwords,
                topology=topology,
                policy=self._policies.current,
                plans=plans or Plans(),
                connect_seconds=config.upstream.connect_timeout_ms / 1000,
                write_buffer_bytes=config.limits.write_buffer_bytes,
                log=log,
                approvals=approvals,
            ),
        )
        self._control = Control(self._listeners.pumps, config.journal_directory(), log)
        self._stop = asyncio.Event()
        recorder.on_change = self._on_recording_changed
        recorder.on_growth = self._on_recording_grown

    def stop(self) -> None:
        """Let `serve` return: a signal came."""
        self._stop.set()

    def reload(self) -> None:
        """Take in what lies in files beside the configuration: a signal came."""
        self._policies.load(instant())
        self._listeners.reload_tls()

    async def serve(self) -> None:
        """Bind, serve until `stop` or until recording fails, then drain and close the journal.

        Raises BindError before anything is served, and RecordingStoppedError when recording failed
        or could not be watched over any more.
        """
        bound = await self._listeners.bind()
        self._record(EventKind.RECORDER_START, self._detail(bound))
        # Before the first client is let in, which needs a turn of the loop.
        self._policies.load(instant())
        self._traffic.look(instant())
        self._log.info(LogEvent.LISTENING, listeners=[asdict(listener) for listener in bound])
        await self._control.open()
        ticking = asyncio.create_task(self._tick())
        ticking.add_done_callback(self._ticked_last)
        tasks = [
            ticking,
            asyncio.create_task(self._upstream.keep_fresh()),
            asyncio.create_task(self._say_when_ready(bound)),
            *(asyncio.create_task(each.keep_fresh()) for each in self._listeners.watchers),
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
            self._control.close()
            self._passwords.close()
        if not ticking.cancelled():
            raise RecordingStoppedError

    def _on_recording_changed(self) -> None:
        # The recorder is in the middle of some pump's effects: let that pump finish first.
        asyncio.get_running_loop().call_soon(self._follow_recording)

    def _follow_recording(self) -> None:
        state = self._recorder.state
        for pump in tuple(self._listeners.pumps):
            if state in {Recording.STOPPED, Recording.FAILED}:
                pump.cut("recording stopped")
            else:
                pump.tell(on.ChangesRefused(self._recorder.level >= Level.NO_CHANGES))
        if state is Recording.FAILED:
            self._stop.set()

    def _on_recording_grown(self) -> None:
        asyncio.get_running_loop().call_soon(lambda: self._traffic.look(instant()))

    async def _tick(self) -> None:
        pulse = Pulse(instant())
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._recorder.measure(time.monotonic_ns())
            self._traffic.look(instant())
            self._policies.load_if_changed(instant())
            events = pulse.look(instant(), self._recorder.event_count)
            if events:
                # The recorder says when it fails, and the worker then ends.
                with contextlib.suppress(RecordingStoppedError):
                    self._recorder.append(events)
            self._listeners.reload_tls(changed_only=True)
            for pump in tuple(self._listeners.pumps):
                pump.tell(on.Tick())

    def _ticked_last(self, ticking: asyncio.Task[None]) -> None:
        """End when nobody looks at disks, witnesses and clocks any more."""
        if not ticking.cancelled():
            self._log.error(LogEvent.DEFECT, exc_info=ticking.exception())
            self._stop.set()

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

    def _append(self, event: Event) -> None:
        # The recorder says when it fails, and the worker then ends.
        with contextlib.suppress(RecordingStoppedError):
            self._recorder.append([event])

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
