"""The recorder: events reach the journal, and its gate follows what the disk says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog

from gateway.evidence.errors import JournalError
from gateway.evidence.event import Event, EventKind
from gateway.server.commit import GroupCommit
from gateway.server.level import Level
from gateway.server.recorder import (
    GROWTH_BYTES,
    STALL_NS,
    Recorder,
    Recording,
    RecordingStoppedError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from structlog.typing import EventDict

LIMIT = 8_000


class Disk:
    """A journal whose size and faults the test sets."""

    def __init__(self) -> None:
        self.directory_bytes = 0
        self.events: list[Event] = []
        self.fault: JournalError | None = None

    def append(self, events: Sequence[Event]) -> int:
        """Keep the events, or fail as told."""
        if self.fault is not None:
            raise self.fault
        self.events += events
        return len(self.events)

    def close(self) -> None:
        """Fail as told."""
        if self.fault is not None:
            raise self.fault


class HangingDisk:
    """A journal that nobody has synced yet."""

    next_sequence = 0

    def sync(self) -> int:
        """Never called here."""
        raise AssertionError


def event(byte_count: int | None = None) -> Event:
    """Make an event that claims a payload of some size."""
    return Event(kind=EventKind.EXCHANGE, wall_ns=1, monotonic_ns=1, byte_count=byte_count)


@pytest.fixture
def disk() -> Disk:
    """A journal in good health."""
    return Disk()


@pytest.fixture
def moves() -> list[Recording]:
    """The states that the recorder moved through."""
    return []


@pytest.fixture
def recorder(disk: Disk, moves: list[Recording]) -> Recorder:
    """A recorder over the disk that notes its moves."""
    made = Recorder(disk, journal_bytes_max=LIMIT, log=structlog.get_logger())
    made.on_change = lambda: moves.append(made.state)
    return made


def test_events_reach_the_journal_in_one_append(recorder: Recorder, disk: Disk) -> None:
    """What is appended together is written together, in order."""
    recorder.append([event(1), event(2)])

    assert [each.byte_count for each in disk.events] == [1, 2]
    assert recorder.is_open


def test_a_failed_write_is_final(recorder: Recorder, disk: Disk, moves: list[Recording]) -> None:
    """After one failed write nothing is accepted, even when the disk would work again."""
    disk.fault = JournalError("disk on fire")
    with pytest.raises(RecordingStoppedError):
        recorder.append([event()])
    disk.fault = None
    with pytest.raises(RecordingStoppedError):
        recorder.append([event()])
    recorder.measure(0)

    assert moves == [Recording.FAILED]
    assert disk.events == []


def test_a_failed_close_is_a_failed_write(recorder: Recorder, disk: Disk) -> None:
    """The last sync can fail like any write, and must not look like a good end."""
    disk.fault = JournalError("disk on fire")
    with pytest.raises(RecordingStoppedError):
        recorder.close()

    assert recorder.state is Recording.FAILED


def test_a_journal_that_cannot_be_measured_fails(
    recorder: Recorder, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory that cannot be read is no empty directory."""

    def vanish(_disk: Disk) -> int:
        raise OSError("gone")

    monkeypatch.setattr(Disk, "directory_bytes", property(vanish), raising=False)
    recorder.measure(0)

    assert recorder.state is Recording.FAILED


def test_reading_pauses_at_half_and_goes_on_at_three_eighths(
    recorder: Recorder, disk: Disk, moves: list[Recording]
) -> None:
    """The gate has a gap between closing and opening, so that it does not flutter."""
    for size in (3_999, 4_000, 3_500, 3_001, 3_000, 3_999):
        disk.directory_bytes = size
        recorder.measure(0)

    assert moves == [Recording.THROTTLED, Recording.OPEN]


def test_what_is_in_flight_is_recorded_while_throttled(recorder: Recorder, disk: Disk) -> None:
    """Throttling stops reading, not recording."""
    disk.directory_bytes = 4_000
    recorder.measure(0)
    recorder.append([event()])

    assert recorder.state is Recording.THROTTLED
    assert len(disk.events) == 1


def test_traffic_stops_when_the_sealer_does_not_catch_up(
    recorder: Recorder, disk: Disk, moves: list[Recording]
) -> None:
    """A throttled journal that does not shrink stops, and resumes once it has shrunk."""
    disk.directory_bytes = 5_000
    recorder.measure(0)
    recorder.measure(STALL_NS)
    recorder.measure(STALL_NS + 1)
    disk.directory_bytes = 100
    recorder.measure(STALL_NS + 2)

    assert moves == [Recording.THROTTLED, Recording.STOPPED, Recording.OPEN]


def test_traffic_stops_at_the_limit_between_two_measurements(
    recorder: Recorder, disk: Disk, moves: list[Recording]
) -> None:
    """The limit holds by count of what was appended, not only once a second."""
    recorder.append([event(6_000)])
    recorder.append([event(2_000)])

    assert moves == [Recording.STOPPED]
    assert len(disk.events) == 2


def test_a_stopped_recorder_takes_the_last_events_of_its_connections(
    recorder: Recorder, disk: Disk
) -> None:
    """Connections that are cut because the journal is full still record how they ended."""
    recorder.append([event(LIMIT)])
    recorder.append([event()])

    assert recorder.state is Recording.STOPPED
    assert len(disk.events) == 2


def test_every_move_is_logged_once(recorder: Recorder, disk: Disk) -> None:
    """The operator sees when traffic stops, why, and when it goes on."""
    with structlog.testing.capture_logs() as lines:
        for size in (5_000, 5_000, 0):
            disk.directory_bytes = size
            recorder.measure(0)
        disk.fault = JournalError("disk on fire")
        for _ in range(2):
            with pytest.raises(RecordingStoppedError):
                recorder.append([event()])

    assert [names(line) for line in lines] == [
        ("recording_throttled", "the sealer is behind", None),
        ("recording_resumed", None, None),
        ("recording_stopped", "disk on fire", True),
    ]


async def test_a_disk_that_hangs_is_told_once_and_when_it_is_back(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing fails then: traffic that waits for its sync simply stands."""
    seconds = [0.0, 5.0, 6.0, 0.0, 0.0]
    monkeypatch.setattr(GroupCommit, "sync_seconds", property(lambda _commit: seconds.pop(0)))
    commit = GroupCommit(HangingDisk())
    recorder = Recorder(disk, journal_bytes_max=LIMIT, log=structlog.get_logger(), commit=commit)
    with structlog.testing.capture_logs() as lines:
        while seconds:
            recorder.measure(0)
    commit.close()

    assert [("sync_late", 5), ("sync_back", None)] == [
        (line["event"], line.get("seconds")) for line in lines
    ]


def test_traffic_is_let_so_far(recorder: Recorder, disk: Disk, moves: list[Recording]) -> None:
    """What else traffic depends on closes the gate, too, but a failed journal stays failed."""
    for level in (Level.WARNED, Level.STOPPED, Level.STOPPED, Level.OPEN, Level.STOPPED):
        recorder.let(level)
    recorder.append([event()])
    disk.fault = JournalError("disk on fire")
    with pytest.raises(RecordingStoppedError):
        recorder.append([event()])

    assert moves == [
        Recording.OPEN,
        Recording.STOPPED,
        Recording.OPEN,
        Recording.STOPPED,
        Recording.FAILED,
    ]
    assert not recorder.is_open


def test_much_growth_is_told_at_once() -> None:
    """The disk is looked at before the second is over."""
    recorder = Recorder(Disk(), journal_bytes_max=10**12, log=structlog.get_logger())
    told: list[int] = []
    recorder.on_growth = lambda: told.append(recorder.event_count)
    for _ in range(8):
        recorder.append([event(GROWTH_BYTES // 3)])

    assert [3, 6] == told


def names(line: EventDict) -> tuple[object, object, object]:
    """Pick what a log line says about a move."""
    return str(line["event"]), line.get("reason"), line.get("final")
