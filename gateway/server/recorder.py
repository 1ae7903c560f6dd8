"""The recorder: the one door to the journal, and the gate that closes when sealing falls behind."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from gateway.evidence.durability import Durability, Mode
from gateway.evidence.errors import JournalError
from gateway.server.level import Level
from gateway.server.log import LogEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from structlog.typing import FilteringBoundLogger

    from gateway.evidence.event import Event
    from gateway.server.commit import GroupCommit

# A coarse estimate of an entry without its payload, used between two looks at the disk only.
EVENT_BYTES = 512
# Longer than the sealer needs for a restart with recovery, shorter than a client's request timeout.
STALL_NS = 15_000_000_000
# A disk in good health takes milliseconds, a busy one a second.
SYNC_LATE_SECONDS = 5.0
# So much recorded calls for a look at the disk before the second is over.
GROWTH_BYTES = 8 * 1024 * 1024


class Recording(Enum):
    """How recording stands; traffic follows it."""

    OPEN = auto()
    THROTTLED = auto()
    """The sealer is behind: nothing new is read from anyone until it has caught up."""
    STOPPED = auto()
    """Connections are closed and refused: until the sealer has caught up with a full journal, or
    whatever else has stopped traffic is over."""
    FAILED = auto()
    """The journal cannot be written: final for this process."""


class RecordingStoppedError(Exception):
    """An event could not be recorded, so nothing that it describes may pass."""


class Journal(Protocol):
    """What the recorder needs of a `gateway.evidence.journal.JournalWriter`."""

    @property
    def directory_bytes(self) -> int:
        """The bytes that the sealer has not freed yet."""

    def append(self, events: Sequence[Event]) -> int:
        """Write events and return the last number; raises JournalError."""

    def close(self) -> None:
        """Sync and end the journal; raises OSError."""


class Recorder:
    """Appends events, watches how far the sealer is behind, and calls `on_change` at a move.

    Throttles at half of `journal_bytes_max`, opens again at three eighths, stops at the whole.
    Without a `commit` nothing is ever synced but at the end.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        journal_bytes_max: int,
        log: FilteringBoundLogger,
        commit: GroupCommit | None = None,
    ) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self.on_growth: Callable[[], None] = lambda: None
        self._journal = journal
        self._commit = commit
        if commit is not None:
            commit.on_failure = self._sync_failed
        self._bytes_max = journal_bytes_max
        self._log = log
        self._measured = journal.directory_bytes
        self._appended = 0
        self._grown = 0
        self._level = Level.OPEN
        self.event_count = 0
        """How many events were recorded."""
        self._throttled_since_ns: int | None = None
        self._is_sync_late = False
        self._state = Recording.OPEN

    @property
    def state(self) -> Recording:
        """How recording stands."""
        if self._level is Level.STOPPED and self._state is not Recording.FAILED:
            return Recording.STOPPED
        return self._state

    @property
    def level(self) -> Level:
        """How far traffic is let by what else it depends on."""
        return self._level

    @property
    def is_open(self) -> bool:
        """Whether anything new may be read from a client or a broker."""
        return self.state is Recording.OPEN

    def let(self, level: Level) -> None:
        """Let traffic so far, as long as the journal itself lets it at all."""
        if level is not self._level:
            self._level = level
            self.on_change()

    def append(self, events: Sequence[Event]) -> int:
        """Write events and return the last one's sequence number.

        Raises RecordingStoppedError when that failed: nothing may pass any more.

        Only a failed journal refuses. A throttled or full one still takes what is in flight, for
        that is read no further, and the last events of the connections that are being closed.
        """
        if self._state is Recording.FAILED:
            raise RecordingStoppedError
        sequence = self._write(events)
        if self._measured + self._appended >= self._bytes_max:
            self._move(Recording.STOPPED, reason="the journal is full")
        return sequence

    def covers(self, sequence: int, durability: Durability) -> bool:
        """Tell whether what follows an event may be released: the event is as safe as promised."""
        if durability.mode is Mode.WRITTEN:
            return True
        assert self._commit is not None, "who promises more than written syncs"
        return self._commit.covers(sequence, durability)

    def wait(self, resume: Callable[[], None]) -> None:
        """Call back when `covers` may say something else."""
        assert self._commit is not None, "who promises more than written syncs"
        self._commit.wait(resume)

    def measure(self, now_ns: int) -> None:
        """Look at the journal on disk and move the gate; to be called about once a second."""
        if self._state is Recording.FAILED:
            return
        self._look_at_sync()
        try:
            self._measured = self._journal.directory_bytes
        except OSError as error:
            self._move(Recording.FAILED, reason=f"the journal cannot be measured: {error}")
            return
        self._appended = 0
        if self._measured <= self._bytes_max * 3 // 8:
            self._throttled_since_ns = None
            self._move(Recording.OPEN)
        elif self._measured >= self._bytes_max // 2 and self._state is Recording.OPEN:
            self._throttled_since_ns = now_ns
            self._move(Recording.THROTTLED, reason="the sealer is behind")
        elif self._is_stalled(now_ns):
            self._move(Recording.STOPPED, reason="the sealer does not catch up")

    def close(self) -> None:
        """Sync and end the journal; raises RecordingStoppedError when that fails."""
        if self._commit is not None:
            self._commit.close()
        try:
            self._journal.close()
        except (OSError, JournalError) as error:
            self._move(Recording.FAILED, reason=str(error))
            raise RecordingStoppedError from error

    def _is_stalled(self, now_ns: int) -> bool:
        since = self._throttled_since_ns
        return (
            self._state is Recording.THROTTLED and since is not None and now_ns - since > STALL_NS
        )

    def _look_at_sync(self) -> None:
        """Tell of a disk that hangs, for whom it makes wait sees no error."""
        seconds = 0.0 if self._commit is None else self._commit.sync_seconds
        if (seconds >= SYNC_LATE_SECONDS) == self._is_sync_late:
            return
        self._is_sync_late = not self._is_sync_late
        if self._is_sync_late:
            self._log.error(LogEvent.SYNC_LATE, seconds=round(seconds))
        else:
            self._log.info(LogEvent.SYNC_BACK)

    def _sync_failed(self, error: BaseException) -> None:
        self._move(Recording.FAILED, reason=str(error))

    def _write(self, events: Sequence[Event]) -> int:
        try:
            sequence = self._journal.append(events)
        except JournalError as error:
            self._move(Recording.FAILED, reason=str(error))
            raise RecordingStoppedError from error
        self.event_count += len(events)
        size = sum(EVENT_BYTES + (event.byte_count or 0) for event in events)
        self._appended += size
        self._grown += size
        if self._grown >= GROWTH_BYTES:
            self._grown = 0
            self.on_growth()
        if self._commit is not None:
            self._commit.appended()
        return sequence

    def _move(self, state: Recording, *, reason: str = "") -> None:
        if state is self._state:
            return
        self._state = state
        facts = {"journal_bytes": self._measured + self._appended, "limit": self._bytes_max}
        if state is Recording.OPEN:
            self._log.info(LogEvent.RECORDING_RESUMED, **facts)
        elif state is Recording.THROTTLED:
            self._log.warning(LogEvent.RECORDING_THROTTLED, reason=reason, **facts)
        else:
            is_final = state is Recording.FAILED
            self._log.error(LogEvent.RECORDING_STOPPED, reason=reason, final=is_final, **facts)
        self.on_change()
