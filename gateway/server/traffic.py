"""Letting traffic through as far as its gates say, and keeping a record of that."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from gateway.evidence.event import Event, EventKind
from gateway.server.level import Gate, Level
from gateway.server.log import LogEvent
from gateway.server.recorder import RecordingStoppedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from structlog.typing import FilteringBoundLogger

    from gateway.server.recorder import Recorder
    from gateway.session.signals import Instant


class Traffic:
    """Asks the gates, and tells the recorder when one lets more through or less."""

    def __init__(
        self, recorder: Recorder, gates: Sequence[Gate], log: FilteringBoundLogger
    ) -> None:
        self._recorder = recorder
        self._gates = gates
        self._log = log
        self._levels = {gate.name: Level.OPEN for gate in gates}

    def look(self, now: Instant) -> None:
        """Look at every gate; to be called about once a second and when much was recorded."""
        for gate in self._gates:
            level = gate.look()
            was, self._levels[gate.name] = self._levels[gate.name], level
            if level is not was:
                self._move(gate, was, now)

    def _move(self, gate: Gate, was: Level, now: Instant) -> None:
        level = self._levels[gate.name]
        told = {"gate": gate.name, "traffic": level.name.lower(), "was": was.name.lower()}
        detail = told | dict(gate.facts())
        say = self._log.info if level < was else self._log.warning
        if level is Level.STOPPED:
            say = self._log.error
        say(LogEvent.TRAFFIC_LEVEL, **detail)
        event = Event(
            kind=EventKind.TRAFFIC_LEVEL,
            wall_ns=now.wall_ns,
            monotonic_ns=now.monotonic_ns,
            detail=msgspec.json.encode(detail).decode(),
        )
        # The recorder says when it fails, and all traffic then ends.
        with contextlib.suppress(RecordingStoppedError):
            self._recorder.append([event])
        self._recorder.let(max(self._levels.values()))
