"""Nothing recorded is lost or told twice, whoever dies, whenever, and however often.

The tests run longer with STREAMWITNESS_THOROUGH in the environment.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import psutil
import pytest

from gateway.evidence.failpoints import Failpoint
from gateway.sealer.sealing import recover
from tests.gateway.sealer.disk import Fault
from tests.gateway.sealer.faults import DEFECT
from tests.gateway.sealer.history import problems, read_notes
from tests.gateway.sealer.journals import names, options
from tests.gateway.sealer.matrix import say

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[3]
IS_THOROUGH = "STREAMWITNESS_THOROUGH" in os.environ
FAULTS_STEP = 1 if IS_THOROUGH else 13
# Few enough to be quick; most controls find something in every third of their cases or so.
CONTROL_STEP = 11
# What is freed too early is synced four calls later.
FREEING_STEP = 3
ENDINGS = [fault for fault in get_args(Fault) if fault != "short"]
# Those of the gateway's own process are met in tests/live/test_failpoints.py.
FAILPOINTS = [each for each in Failpoint if not each.startswith("gateway.")]
ROUNDS = 100 if IS_THOROUGH else 5
NOTES_BYTES_MAX = 40_000
# How a process ended, in place of how it was to end; with 4 by a fault of the test's own.
ENDED, DEFECT_ENDED = "ended with ", f"ended with {DEFECT}"


def program(name: str, *arguments: object) -> list[str]:
    """Write the command that runs a program of this folder."""
    return [sys.executable, "-m", f"tests.gateway.sealer.{name}", *map(str, arguments)]


def meet(
    folder: Path, faults: Sequence[str], step: int, removed: str = "none"
) -> tuple[list[str], dict[str, int]]:
    """Let lives end in faults; return the problems that were found, and the cases of each fault."""
    first = 1 if set(faults) <= set(Failpoint) else random.randrange(step) + 1
    command = program("faults", folder, ",".join(faults), first, step, removed)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    *found, counts = done.stdout.splitlines()
    cases: dict[str, int] = json.loads(counts)
    for fault, count in cases.items():
        say(f"{fault} without {removed}" if removed != "none" else fault, count, len(found))
    return found, cases


@pytest.mark.parametrize("fault", ENDINGS)
def test_a_fault_at_any_system_call_costs_nothing(tmp_path: Path, fault: Fault) -> None:
    """Dead, torn, without power or without space: after recovery the history is whole."""
    found, cases = meet(tmp_path, [fault], FAULTS_STEP)

    assert found == []
    assert cases[fault] * FAULTS_STEP > 100


def test_a_death_at_any_failpoint_costs_nothing(tmp_path: Path) -> None:
    """Each moment of the sealer and the journal that has a name is passed, and may be the last."""
    found, cases = meet(tmp_path, FAILPOINTS, FAULTS_STEP)

    assert found == []
    assert [name for name, count in cases.items() if not count] == []


def test_every_short_write_is_continued(tmp_path: Path) -> None:
    """A disk may take a part of a write, and say so."""
    found, _ = meet(tmp_path, ["short"], 1)

    assert found == []


@pytest.mark.parametrize(
    ("fault", "removed", "step"),
    [
        ("short", "whole writes", CONTROL_STEP),
        ("power", "syncs", CONTROL_STEP),
        ("power", "sync before signature", CONTROL_STEP),
        ("power", "sync before freeing", FREEING_STEP),
    ],
)
def test_without_a_protection_a_fault_costs_something(
    tmp_path: Path, fault: Fault, removed: str, step: int
) -> None:
    """The tests above see a loss where there is one; how a process ended is none."""
    found, _ = meet(tmp_path, [fault], step, removed)

    assert [each for each in found if ENDED not in each] != []
    assert [each for each in found if DEFECT_ENDED in each] == []


def noted_bytes(folder: Path) -> int:
    """Tell how much the recording processes have noted so far."""
    notes = folder / "notes"
    return notes.stat().st_size if notes.exists() else 0


def wait_for_notes(folder: Path, wanted_bytes: int) -> None:
    """Wait until the recording process has noted as much."""
    deadline = time.monotonic() + 60
    while noted_bytes(folder) < wanted_bytes:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def kill(processes: list[psutil.Process]) -> None:
    """Kill those that are still there."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def live_and_die(folder: Path, chance: random.Random) -> None:
    """Let a recording process run a while, kill its sealer now and then, and then itself."""
    with (folder / "log").open("ab") as log:
        recording = subprocess.Popen(
            program("recording", "record", folder, "none", folder / "notes", "written"),
            stderr=log,
            cwd=ROOT,
        )
    process = psutil.Process(recording.pid)
    for _ in range(chance.randrange(4)):
        wait_for_notes(folder, noted_bytes(folder) + chance.randrange(NOTES_BYTES_MAX))
        time.sleep(chance.random() / 20)
        kill(process.children())
    time.sleep(chance.random() / 2)
    sealers = process.children()
    recording.kill()
    recording.wait()
    if chance.random() < 0.5:
        # The sealer of a dead gateway finishes by itself, unless it is killed as well.
        time.sleep(chance.random() / 10)
        kill(sealers)


def test_kill_9_at_random_costs_nothing(tmp_path: Path) -> None:
    """Gateway and sealer are killed at random under load, many times, and nothing is missing."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    for _ in range(ROUNDS):
        live_and_die(tmp_path, chance)
    recover(options(tmp_path, lock_wait_seconds=60.0))
    noted = read_notes(tmp_path / "notes")

    assert problems(tmp_path / "archive", noted) == [], f"seed {seed}"
    assert names(tmp_path) == []
    assert len(noted) > ROUNDS * 10
