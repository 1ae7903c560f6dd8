"""The synced journal: what `sync` has returned for was handed to the disk, every part of it."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from gateway.evidence import synced as module
from gateway.evidence.errors import JournalError
from gateway.evidence.journal import JournalReader, journal_files, lock_journal
from gateway.evidence.synced import SyncedJournalWriter
from tests.gateway.evidence.samples import BOOT, ORIGIN, event
from tests.gateway.evidence.test_journal import numbers


class Disk:
    """Notes what is synced, by name; a sync waits while it is held, and fails when it is broken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.synced: list[str] = []
        self.is_broken = False
        self.lets_go = threading.Event()
        self.lets_go.set()
        self.is_asked = threading.Event()
        monkeypatch.setattr(module, "sync_content", self._sync_content)
        monkeypatch.setattr(module, "sync_directory", self._sync_directory)

    def taken(self) -> list[str]:
        """Return what was synced since the last look."""
        synced, self.synced = self.synced, []
        return synced

    def _sync_content(self, fd: int) -> None:
        self.is_asked.set()
        assert self.lets_go.wait(10)
        if self.is_broken:
            raise OSError(errno.EIO, "Input/output error")
        name = Path(f"/proc/self/fd/{fd}").readlink().name
        self.synced.append(str(int(name.partition("-")[0])))

    def _sync_directory(self, directory: Path) -> None:
        self.synced.append(directory.name)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Watch the disk."""
    return Disk(monkeypatch)


def writer(folder: Path, *, file_bytes_max: int = 10**9) -> SyncedJournalWriter:
    """Start to record."""
    return SyncedJournalWriter(
        folder, origin=ORIGIN, boot_id=BOOT, next_sequence=0, file_bytes_max=file_bytes_max
    )


def open_files(folder: Path) -> int:
    """Count the journal files that this process holds open."""
    held = 0
    for fd in Path("/proc/self/fd").iterdir():
        try:
            target = fd.readlink()
        except FileNotFoundError:  # the descriptor of the listing itself
            continue
        held += target.parent == folder and target.suffix == ".journal"
    return held


def test_a_new_file_is_synced_with_its_name(tmp_path: Path, disk: Disk) -> None:
    """First what is in it, then the folder that names it; later the content alone."""
    journal = writer(tmp_path)
    journal.append([event(), event()])

    assert 1 == journal.sync()
    assert ["0", tmp_path.name] == disk.taken()
    journal.append([event()])
    assert 2 == journal.sync()
    assert ["0"] == disk.taken()
    journal.close()


def test_a_file_says_what_was_promised(tmp_path: Path, disk: Disk) -> None:
    """For each listener, and under no name for what has none."""
    promised = {"a": "strict", "": "bounded:50ms"}
    journal = SyncedJournalWriter(
        tmp_path, origin=ORIGIN, boot_id=BOOT, next_sequence=0, durability=promised
    )
    journal.append([event()])
    journal.close()
    (path,) = journal_files(tmp_path)
    reader = JournalReader(path)
    reader.read()
    header = reader.header
    reader.close()

    assert header is not None
    assert promised == header.durability


def test_nothing_is_synced_for_nothing(tmp_path: Path, disk: Disk) -> None:
    """Before the first event there is no file."""
    journal = writer(tmp_path)

    assert -1 == journal.sync()
    assert [] == disk.taken()
    journal.close()


def test_a_full_file_is_synced_before_it_is_closed(tmp_path: Path, disk: Disk) -> None:
    """However many were filled since the last sync, and before the newest, which needs them."""
    journal = writer(tmp_path, file_bytes_max=1)
    for _ in range(3):
        journal.append([event()])
    assert 3 == open_files(tmp_path)

    assert 2 == journal.sync()
    assert ["0", "1", "2", tmp_path.name] == disk.taken()
    assert 1 == open_files(tmp_path)
    journal.close()
    assert 0 == open_files(tmp_path)
    assert [0, 1, 2] == numbers(tmp_path)


def test_appending_does_not_wait_for_a_sync(tmp_path: Path, disk: Disk) -> None:
    """Also when files change meanwhile; and what comes during a sync is not promised by it."""
    journal = writer(tmp_path, file_bytes_max=1)
    journal.append([event()])
    disk.lets_go.clear()
    promised: list[int] = []
    thread = threading.Thread(target=lambda: promised.append(journal.sync()))
    thread.start()
    assert disk.is_asked.wait(10)
    journal.append([event()])
    last = journal.append([event()])
    is_alive = thread.is_alive()
    disk.lets_go.set()
    thread.join()

    assert (2, True) == (last, is_alive)
    assert [0] == promised
    assert 2 == journal.sync()
    assert ["0", tmp_path.name, "0", "1", "2", tmp_path.name] == disk.taken()
    journal.close()


def test_the_first_failed_sync_is_final(tmp_path: Path, disk: Disk) -> None:
    """The kernel may say yes the next time, and has dropped the pages: nobody asks it again."""
    journal = writer(tmp_path, file_bytes_max=1)
    journal.append([event()])
    journal.append([event()])
    disk.is_broken = True
    with pytest.raises(JournalError, match="Input/output error"):
        journal.sync()
    disk.is_broken = False
    for call in (journal.sync, lambda: journal.append([event()])):
        with pytest.raises(JournalError, match="Input/output error"):
            call()

    assert [] == disk.taken()
    journal.close()
    assert 0 == open_files(tmp_path)


def test_after_a_failed_write_no_sync_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the kernel holds of the write is unknown, so nothing about it is promised."""

    def fails(*_arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    journal = writer(tmp_path)
    journal.append([event()])
    monkeypatch.setattr(os, "writev", fails)
    with pytest.raises(JournalError, match="No space left"):
        journal.append([event()])
    monkeypatch.undo()
    with pytest.raises(JournalError, match="No space left"):
        journal.sync()
    journal.close()


def test_the_end_syncs_what_no_sync_has(tmp_path: Path, disk: Disk) -> None:
    """Full files that nobody has waited for, too."""
    journal = writer(tmp_path, file_bytes_max=1)
    journal.append([event()])
    journal.append([event()])
    journal.close()

    assert ["0"] == disk.taken()
    assert 2 == len(journal_files(tmp_path))
    with pytest.raises(JournalError, match="is closed"):
        journal.sync()


def test_a_sync_that_fails_at_the_end_is_said(tmp_path: Path, disk: Disk) -> None:
    """The lock is let go all the same, and every file is closed."""
    journal = writer(tmp_path, file_bytes_max=1)
    for _ in range(3):
        journal.append([event()])
    disk.is_broken = True
    with pytest.raises(JournalError, match="Input/output error"):
        journal.close()

    assert 0 == open_files(tmp_path)
    lock_journal(tmp_path).release()
