"""The disk ladder: down rung by rung as room goes, and up again only with room to spare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.config.model import Limits
from gateway.server import disk as module
from gateway.server.ballast import Ballast
from gateway.server.disk import DiskLadder, Room
from gateway.server.level import Level

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024 * 1024
LIMITS = Limits(
    disk_warn_bytes=400 * MIB,
    disk_refuse_sessions_bytes=300 * MIB,
    disk_refuse_changes_bytes=200 * MIB,
    disk_stop_bytes=100 * MIB,
    ballast_bytes=MIB,
)


class Disks:
    """Two file systems whose room the test sets; the ballast lies on the journal's."""

    def __init__(self, folder: Path) -> None:
        self.journal = self.archive = 1000
        self.devices = {"journal": 1, "archive": 2}
        self.fault: OSError | None = None
        self.ballast = Ballast(folder, MIB)
        folders = {"journal": folder / "journal", "archive": folder / "archive"}
        self.ladder = DiskLadder(folders, LIMITS, self.ballast)

    def room(self, folder: Path) -> Room:
        """Answer in place of the system."""
        if self.fault is not None:
            raise self.fault
        device = self.devices[folder.name]
        free_bytes = {1: self.journal, 2: self.archive}[device] * MIB
        if device == 1 and self.ballast.missing_bytes:
            free_bytes += MIB
        return Room(free_bytes=free_bytes, device=device)


@pytest.fixture
def disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disks:
    """Two disks with room."""
    made = Disks(tmp_path)
    monkeypatch.setattr(module, "_room_of", made.room)
    return made


@pytest.mark.parametrize("which", ["journal", "archive"])
def test_each_rung_has_its_bound(disks: Disks, which: str) -> None:
    """On either disk: a bound is still enough, a MiB less is not."""
    levels = []
    for free in (400, 399, 300, 299, 200, 199, 100, 99):
        setattr(disks, which, free)
        levels.append(disks.ladder.look())

    assert levels == [
        Level.OPEN,
        Level.WARNED,
        Level.WARNED,
        Level.NO_SESSIONS,
        Level.NO_SESSIONS,
        Level.NO_CHANGES,
        Level.NO_CHANGES,
        Level.STOPPED,
    ]


def test_the_way_up_needs_room_to_spare(disks: Disks) -> None:
    """A rung is left with a quarter more than its bound, or a full disk would flutter."""
    levels = []
    for free in (99, 110, 124, 125, 249, 250, 374, 375, 499, 500):
        disks.journal = free
        levels.append(disks.ladder.look())

    assert levels == [
        Level.STOPPED,
        Level.STOPPED,
        Level.STOPPED,
        Level.NO_CHANGES,
        Level.NO_CHANGES,
        Level.NO_SESSIONS,
        Level.NO_SESSIONS,
        Level.WARNED,
        Level.WARNED,
        Level.OPEN,
    ]


def test_the_way_down_may_skip_rungs(disks: Disks) -> None:
    """Somebody else may fill the disk at once."""
    disks.ladder.look()
    disks.archive = 0

    assert Level.STOPPED is disks.ladder.look()


def test_the_last_rung_releases_the_ballast(disks: Disks) -> None:
    """It is laid again above, and its room never counts as free."""
    laid = []
    for journal in (1000, 99, 124, 125):
        disks.journal = journal
        disks.ladder.look()
        laid.append(disks.ballast.missing_bytes == 0)

    assert laid == [True, False, False, True]


def test_one_file_system_for_both_holds_the_ballast_once(disks: Disks) -> None:
    """Its room is taken off whichever folder is looked at."""
    disks.devices["archive"] = 1
    disks.journal = 100
    disks.ladder.look()

    assert {
        "journal_free_bytes": 100 * MIB,
        "archive_free_bytes": 100 * MIB,
    } == disks.ladder.facts()


def test_a_disk_that_cannot_be_measured_has_no_room(disks: Disks) -> None:
    """And is looked at again."""
    disks.fault = OSError("gone")
    assert Level.STOPPED is disks.ladder.look()
    assert {"reason": "the disk cannot be used: gone"} == disks.ladder.facts()
    disks.fault = None

    assert Level.OPEN is disks.ladder.look()


def test_a_ballast_that_cannot_be_released_ends_nothing(disks: Disks, tmp_path: Path) -> None:
    """Somebody put a folder in its place: the ladder goes on looking."""
    (tmp_path / "ballast").mkdir()
    disks.journal = 99

    assert Level.STOPPED is disks.ladder.look()
    assert "the disk cannot be used: " in str(disks.ladder.facts()["reason"])
    (tmp_path / "ballast").rmdir()
    disks.journal = 1000
    assert Level.OPEN is disks.ladder.look()


def test_real_disks_are_measured(tmp_path: Path) -> None:
    """By what is free to a user who is not root."""
    ladder = DiskLadder(
        {"journal": tmp_path, "archive": tmp_path}, Limits(ballast_bytes=0), Ballast(tmp_path, 0)
    )
    ladder.look()
    seen = ladder.facts()["journal_free_bytes"]

    assert isinstance(seen, int)
    assert seen > MIB
