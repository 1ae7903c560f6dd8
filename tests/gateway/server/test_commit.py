"""The group commit: one sync for everybody who waits, another for who came meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.durability import Durability, Mode
from gateway.evidence.errors import JournalError
from gateway.server.commit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STRICT = Durability(Mode.STRICT)


class Disk:
    """A journal whose syncs the test lets through one by one."""

    def __init__(self) -> None:
        self.next_sequence = 0
        self.sync_count = 0
        self.fault: JournalError | None = None
        self._permits = threading.Semaphore(0)

    def let(self, count: int = 1) -> None:
        """Let syncs through."""
        self._permits.release(count)

    def sync(self) -> int:
        """Sync what was appended before, when let."""
        through = self.next_sequence - 1
        self.sync_count += 1
        assert self._permits.acquire(timeout=10)
        if self.fault is not None:
            raise self.fault
        return through


@pytest.fixture
def disk() -> Disk:
    """A journal in good health."""
    return Disk()


@pytest.fixture
async def commit(disk: Disk) -> AsyncIterator[GroupCommit]:
    """A commit over the disk for listeners that are strict."""
    made = GroupCommit(disk)
    yield made
    disk.let(100)
    made.close()


def append(commit: GroupCommit, disk: Disk) -> int:
    """Record one event and return its number."""
    disk.next_sequence += 1
    commit.appended()
    return disk.next_sequence - 1


async def durable(commit: GroupCommit, sequence: int) -> None:
    """Wait as a pump does."""
    while not commit.covers(sequence, STRICT):
        resumed = asyncio.Event()
        commit.wait(resumed.set)
        async with asyncio.timeout(5):
            await resumed.wait()


async def until_syncs(disk: Disk, count: int) -> None:
    """Wait until so many syncs have begun."""
    async with asyncio.timeout(5):
        while disk.sync_count < count:
            await asyncio.sleep(0.001)


async def test_one_sync_serves_all_who_wait(commit: GroupCommit, disk: Disk) -> None:
    """The first waits for its own; whoever comes while it runs shares the next."""
    first = asyncio.create_task(durable(commit, append(commit, disk)))
    await until_syncs(disk, 1)
    others = [asyncio.create_task(durable(commit, append(commit, disk))) for _ in range(50)]
    await asyncio.sleep(0)
    disk.let()
    await first
    assert not any(task.done() for task in others)
    disk.let()
    await asyncio.gather(*others)

    assert 2 == disk.sync_count


async def test_a_sync_that_hangs_is_seen(commit: GroupCommit, disk: Disk) -> None:
    """For as long as it runs, and no longer."""
    waiting = asyncio.create_task(durable(commit, append(commit, disk)))
    idle = commit.sync_seconds
    await until_syncs(disk, 1)
    await asyncio.sleep(0.02)
    seconds = commit.sync_seconds
    disk.let()
    await waiting

    assert (0.0, 0.0) == (idle, commit.sync_seconds)
    assert 0.02 <= seconds < 5


async def test_nobody_syncs_without_need(commit: GroupCommit, disk: Disk) -> None:
    """Where no time is set, what nobody waits for is left to the system."""
    append(commit, disk)
    await asyncio.sleep(0.05)

    assert 0 == disk.sync_count


async def test_who_asks_twice_is_called_once(commit: GroupCommit, disk: Disk) -> None:
    """Each signal of a connection that waits may make it ask again."""
    calls: list[int] = []

    def resume() -> None:
        calls.append(1)

    append(commit, disk)
    for _ in range(3):
        commit.wait(resume)
    disk.let()
    await asyncio.sleep(0.05)

    assert [1] == calls


async def test_a_failed_sync_is_told_once_and_nobody_goes_on(
    commit: GroupCommit, disk: Disk
) -> None:
    """Who waits is not called: nothing may be released any more."""
    failures: list[BaseException] = []
    commit.on_failure = failures.append
    disk.fault = JournalError("disk on fire")
    sequence = append(commit, disk)
    calls: list[int] = []
    commit.wait(lambda: calls.append(1))
    disk.let()
    async with asyncio.timeout(5):
        while not failures:
            await asyncio.sleep(0.001)
    commit.wait(lambda: calls.append(2))
    await asyncio.sleep(0.02)

    assert [disk.fault] == failures
    assert [] == calls
    assert not commit.covers(sequence, STRICT)
    assert not commit.covers(sequence, Durability(Mode.BOUNDED, 60_000))
    assert 1 == disk.sync_count


async def test_a_bound_is_kept_by_itself(disk: Disk) -> None:
    """Half a bound after the first event everything is synced, though nobody waits."""
    commit = GroupCommit(disk, bounded_ms=100)
    disk.let(2)
    began = time.monotonic()
    sequence = append(commit, disk)
    append(commit, disk)
    await until_syncs(disk, 1)
    passed = time.monotonic() - began
    await asyncio.sleep(0.2)

    assert 0.045 <= passed
    assert 1 == disk.sync_count
    assert commit.covers(sequence + 1, STRICT)
    commit.close()


async def test_a_bound_holds_back_once_it_is_reached(disk: Disk) -> None:
    """While a sync takes longer than the bound nothing is released; then everything is."""
    bounded = Durability(Mode.BOUNDED, 60)
    commit = GroupCommit(disk, bounded_ms=60)
    first = append(commit, disk)
    assert commit.covers(first, bounded)
    await asyncio.sleep(0.08)
    second = append(commit, disk)

    assert [False, False] == [commit.covers(each, bounded) for each in (first, second)]
    disk.let(2)
    await durable(commit, second)
    assert commit.covers(append(commit, disk), bounded)
    disk.let()
    commit.close()


async def test_the_next_sync_of_a_bound_comes_without_being_asked(disk: Disk) -> None:
    """What came while a sync ran is not forgotten when it ends."""
    commit = GroupCommit(disk, bounded_ms=20)
    append(commit, disk)
    await until_syncs(disk, 1)
    last = append(commit, disk)
    disk.let(2)
    await until_syncs(disk, 2)
    await asyncio.sleep(0.02)

    assert commit.covers(last, STRICT)
    commit.close()


async def test_the_end_waits_for_the_sync_that_runs(disk: Disk) -> None:
    """And calls nobody after it."""
    commit = GroupCommit(disk, bounded_ms=2)
    calls: list[int] = []
    append(commit, disk)
    commit.wait(lambda: calls.append(1))
    await until_syncs(disk, 1)
    append(commit, disk)
    disk.let()
    commit.close()
    await asyncio.sleep(0.02)

    assert [] == calls
    assert 1 == disk.sync_count
