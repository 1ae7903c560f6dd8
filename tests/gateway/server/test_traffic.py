"""Traffic follows its gates, and each move is on record before it is made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import structlog

from gateway.evidence.errors import JournalError
from gateway.evidence.event import Event, EventKind
from gateway.server.level import Level
from gateway.server.recorder import Recorder, Recording
from gateway.server.traffic import Traffic
from gateway.session.signals import Instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOW = Instant(1, 2)


class Gate:
    """A gate that the test moves."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.level = Level.OPEN

    def look(self) -> Level:
        """Say what the test set."""
        return self.level

    def facts(self) -> Mapping[str, object]:
        """Say something."""
        return {"free_bytes": 7}


class Disk:
    """A journal in memory."""

    def __init__(self) -> None:
        self.directory_bytes = 0
        self.events: list[Event] = []
        self.fault: JournalError | None = None

    def append(self, events: Sequence[Event]) -> int:
        """Keep the events, or fail as told."""
        if self.fault is not None:
            raise self.fault
        self.events += events
        return len(self.events) - 1

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture
def disk() -> Disk:
    """A journal in good health."""
    return Disk()


@pytest.fixture
def recorder(disk: Disk) -> Recorder:
    """A recorder over it."""
    return Recorder(disk, journal_bytes_max=10**9, log=structlog.get_logger())


@pytest.fixture
def gates() -> list[Gate]:
    """Two gates, open."""
    return [Gate("disk"), Gate("witness")]


@pytest.fixture
def traffic(recorder: Recorder, gates: list[Gate]) -> Traffic:
    """Traffic through both."""
    return Traffic(recorder, gates, structlog.get_logger())


def test_the_worst_gate_counts(recorder: Recorder, gates: list[Gate], traffic: Traffic) -> None:
    """Traffic goes on when the last of them lets it."""
    seen = []
    for disk_level, witness_level in (
        (Level.WARNED, Level.OPEN),
        (Level.NO_CHANGES, Level.STOPPED),
        (Level.NO_CHANGES, Level.OPEN),
        (Level.OPEN, Level.OPEN),
    ):
        gates[0].level, gates[1].level = disk_level, witness_level
        traffic.look(NOW)
        seen.append((recorder.level, recorder.state))

    assert seen == [
        (Level.WARNED, Recording.OPEN),
        (Level.STOPPED, Recording.STOPPED),
        (Level.NO_CHANGES, Recording.OPEN),
        (Level.OPEN, Recording.OPEN),
    ]


def test_each_move_is_recorded_before_it_is_made(
    recorder: Recorder, disk: Disk, gates: list[Gate], traffic: Traffic
) -> None:
    """With what was seen; and nothing is where nothing moved."""
    recorded: list[int] = []
    recorder.on_change = lambda: recorded.append(len(disk.events))
    gates[0].level = Level.NO_SESSIONS
    for _ in range(3):
        traffic.look(NOW)
    (event,) = disk.events

    assert [1] == recorded
    assert (EventKind.TRAFFIC_LEVEL, 1, 2) == (event.kind, event.wall_ns, event.monotonic_ns)
    assert {
        "gate": "disk",
        "traffic": "no_sessions",
        "was": "open",
        "free_bytes": 7,
    } == json.loads(event.detail or "")


def test_each_move_is_logged(gates: list[Gate], traffic: Traffic) -> None:
    """The closer to the end the louder."""
    with structlog.testing.capture_logs() as lines:
        for level in (Level.WARNED, Level.STOPPED, Level.OPEN):
            gates[0].level = level
            traffic.look(NOW)

    assert [
        ("traffic_level", "warning"),
        ("traffic_level", "error"),
        ("traffic_level", "info"),
    ] == [(str(line["event"]), line["log_level"]) for line in lines]


def test_a_move_that_cannot_be_recorded_ends_all(
    recorder: Recorder, disk: Disk, gates: list[Gate], traffic: Traffic
) -> None:
    """As any event that cannot be written."""
    disk.fault = JournalError("disk on fire")
    gates[0].level = Level.WARNED
    traffic.look(NOW)

    assert Recording.FAILED is recorder.state
