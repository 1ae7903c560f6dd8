"""The group commit: one sync serves everybody who waits, and the next gathers meanwhile."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from gateway.evidence.durability import Durability, Mode

if TYPE_CHECKING:
    from collections.abc import Callable


class SyncedJournal(Protocol):
    """What the commit needs of a `gateway.evidence.synced.SyncedJournalWriter`."""

    @property
    def next_sequence(self) -> int:
        """The sequence number that the next event will get."""

    def sync(self) -> int:
        """Make durable what was appended, and say up to which number; raises JournalError."""


class GroupCommit:
    """Syncs a journal beside the event loop, when somebody waits and when time is up.

    `bounded_ms` is the least that a listener allows to be unsynced, None where none asks for it.
    """

    def __init__(self, journal: SyncedJournal, *, bounded_ms: int | None = None) -> None:
        self.on_failure: Callable[[BaseException], None] = lambda _error: None
        self._journal = journal
        # Half of the time is for the sync itself.
        self._delay_seconds = None if bounded_ms is None else bounded_ms / 2000
        self._threads = ThreadPoolExecutor(1, "sync")
        self._synced_sequence = journal.next_sequence - 1
        # By callback, so that who asks twice is called once; called in the order of asking.
        self._waiting: dict[Callable[[], None], None] = {}
        self._gathering_since: float | None = None
        self._syncing_since: float | None = None
        self._is_syncing = False
        self._began = 0.0
        self._has_ended = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def sync_seconds(self) -> float:
        """For how long the sync that runs has been running; 0 when none is."""
        return time.monotonic() - self._began if self._is_syncing else 0.0

    def appended(self) -> None:
        """Take note that the journal has grown."""
        if self._gathering_since is None:
            self._gathering_since = time.monotonic()
            self._set_timer()

    def covers(self, sequence: int, durability: Durability) -> bool:
        """Tell whether what follows an event may be released now."""
        if sequence <= self._synced_sequence:
            return True
        if durability.mode is not Mode.BOUNDED or self._has_ended:
            return False
        since = self._gathering_since if self._syncing_since is None else self._syncing_since
        return since is not None and time.monotonic() - since < durability.bounded_ms / 1000

    def wait(self, resume: Callable[[], None]) -> None:
        """Call back after the next sync, which may not be enough: then wait again."""
        self._waiting[resume] = None
        if not self._is_syncing:
            self._sync()

    def close(self) -> None:
        """Sync no more, and wait for the sync that runs."""
        self._end()
        self._threads.shutdown()

    def _sync(self) -> None:
        if self._has_ended:
            return
        self._stop_timer()
        self._is_syncing = True
        self._began = time.monotonic()
        self._syncing_since, self._gathering_since = self._gathering_since, None
        loop = asyncio.get_running_loop()
        loop.run_in_executor(self._threads, self._journal.sync).add_done_callback(self._synced)

    def _synced(self, done: asyncio.Future[int]) -> None:
        error = done.exception()
        if self._has_ended:
            return
        if error is not None:
            self._end()
            self.on_failure(error)
            return
        self._is_syncing = False
        self._syncing_since = None
        self._synced_sequence = done.result()
        if self._synced_sequence >= self._journal.next_sequence - 1:
            self._gathering_since = None
        waiting, self._waiting = self._waiting, {}
        for resume in waiting:
            resume()
        self._set_timer()

    def _set_timer(self) -> None:
        is_due = self._gathering_since is not None and not self._is_syncing
        if self._delay_seconds is None or not is_due or self._timer is not None:
            return
        self._timer = asyncio.get_running_loop().call_later(self._delay_seconds, self._sync)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._has_ended = True
        self._waiting.clear()
        self._stop_timer()
