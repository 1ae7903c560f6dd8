"""When the machine loses power, what was promised to survive that is in the archive, and proved.

Gateway's journal and sealer run on a real file system, whose power is cut at random moments: the
disk keeps what was synced, the rest is gone. STREAMWITNESS_THOROUGH makes many more cuts.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, get_args

import psutil
import pytest

from gateway.evidence.errors import EvidenceError
from gateway.evidence.files import sync_directory
from gateway.evidence.log.folder import CHECKPOINT, log_directory
from gateway.sealer.sealing import recover
from tests.crashes.filesystem import Kind, LoopFileSystem, loop_file_system
from tests.gateway.sealer.history import LOST, problems, read_notes
from tests.gateway.sealer.journals import ORIGIN, options
from tests.gateway.sealer.matrix import say
from tests.house.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

Durability = Literal["strict", "written"]

CUTS = 200 if "STREAMWITNESS_THOROUGH" in os.environ else 10
WRITTEN_CUTS = 50 if "STREAMWITNESS_THOROUGH" in os.environ else 3
# An archive is read as a whole after each cut, so now and then another is begun.
CUTS_OF_ONE_ARCHIVE = 5
CONTROL_CUTS_MAX = 20
CHECKPOINTS_MAX = 9
WAIT_SECONDS = 60


class Recording:
    """A journal and an archive on a file system, and what was noted elsewhere of what they hold."""

    def __init__(self, file_system: LoopFileSystem, folder: Path, removed: str) -> None:
        self._file_system = file_system
        self._removed = removed
        self._log = folder / "log"
        self._elsewhere = folder
        self.begin(0)

    def begin(self, number: int) -> None:
        """Begin another archive."""
        self.folder = self._file_system.root / f"{number}"
        self.folder.mkdir()
        sync_directory(self._file_system.root)
        self.notes = self._elsewhere / f"notes-{number}"
        self.notes.touch()

    def lose_power(self, durability: Durability, chance: random.Random) -> None:
        """Record for a while, cut the power, and start the machine again."""
        arguments = ("record", self.folder, self._removed, self.notes, durability)
        command = [sys.executable, "-m", "tests.gateway.sealer.recording", *map(str, arguments)]
        with self._log.open("ab") as log:
            recorder = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            # With none, the power fails again while the last loss of it is being recovered from.
            self._wait_for_checkpoints(chance.randrange(CHECKPOINTS_MAX), recorder)
            time.sleep(chance.random() / 5)
            noted_bytes = self._file_system.cut_power(self.notes)
        finally:
            _end(recorder)
        os.truncate(self.notes, noted_bytes)
        self._file_system.unmount()
        self._file_system.mount()

    def _wait_for_checkpoints(self, count: int, recorder: subprocess.Popen[bytes]) -> None:
        """Wait until the sealer has signed as often; the first one or two are recovery's."""
        path = log_directory(self.folder / "archive", ORIGIN) / CHECKPOINT
        signed: set[int | None] = {_changed(path)}
        deadline = time.monotonic() + WAIT_SECONDS
        while len(signed) <= count and recorder.poll() is None:
            assert time.monotonic() < deadline, self._log.read_text()[-5_000:]
            signed.add(_changed(path))
            time.sleep(0.002)

    def look(self) -> list[str]:
        """Recover, and say what is wrong."""
        try:
            recover(options(self.folder, lock_wait_seconds=WAIT_SECONDS))
            return problems(self.folder / "archive", read_notes(self.notes))
        except (EvidenceError, OSError) as error:
            return [f"it cannot be recovered: {error}"]


def _changed(path: Path) -> int | None:
    return path.stat().st_mtime_ns if path.exists() else None


def _end(recorder: subprocess.Popen[bytes]) -> None:
    """End the recorder and its sealer, if the disk's end did not."""
    sealers = []
    with suppress(psutil.NoSuchProcess):
        sealers = psutil.Process(recorder.pid).children()
    recorder.kill()
    recorder.wait()
    for sealer in sealers:
        with suppress(psutil.NoSuchProcess):
            sealer.kill()
            sealer.wait(WAIT_SECONDS)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_loss_of_power_costs_nothing_that_was_promised(tmp_path: Path, kind: Kind) -> None:
    """In the mode `strict` everything that was noted is there, and the signed log proves it."""
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    found, noted = [], 0
    with loop_file_system(kind, tmp_path) as file_system:
        recording = Recording(file_system, tmp_path, "none")
        for n in range(CUTS):
            if n and n % CUTS_OF_ONE_ARCHIVE == 0:
                noted += len(read_notes(recording.notes))
                recording.begin(n)
            recording.lose_power("strict", chance)
            found += [f"cut {n}: {problem}" for problem in recording.look()]
        noted += len(read_notes(recording.notes))
    say(f"power loss on {kind}, strict ({noted} events)", CUTS, len(found))

    assert found == [], f"seed {seed}"
    assert noted > CUTS * 10


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_loss_of_power_in_the_mode_written_costs_the_newest_events_alone(
    tmp_path: Path, kind: Kind
) -> None:
    """What the disk has is one history without a gap, and the signed log proves all of it."""
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    found: list[str] = []
    with loop_file_system(kind, tmp_path) as file_system:
        recording = Recording(file_system, tmp_path, "none")
        for n in range(1, WRITTEN_CUTS + 1):
            recording.begin(n)
            recording.lose_power("written", chance)
            found += [problem for problem in recording.look() if LOST not in problem]
    say(f"power loss on {kind}, written", WRITTEN_CUTS, len(found))

    assert found == [], f"seed {seed}"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize("removed", ["syncs", "sync before signature", "sync before freeing"])
def test_without_a_protection_a_loss_of_power_costs_something(
    tmp_path: Path, kind: Kind, removed: str
) -> None:
    """The test above sees a loss where there is one."""
    chance = random.Random(removed)
    found: list[str] = []
    cuts = 0
    with loop_file_system(kind, tmp_path) as file_system:
        recording = Recording(file_system, tmp_path, removed)
        while not found and cuts < CONTROL_CUTS_MAX:
            recording.lose_power("strict", chance)
            found = recording.look()
            cuts += 1
    say(f"power loss on {kind} without {removed}", cuts, len(found))

    assert found != []
