"""Nothing recorded is lost or told twice, whoever dies, whenever, and however often.

Both tests run longer with STREAMWITNESS_THOROUGH in the environment.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import get_args

import psutil
import pytest

from gateway.sealer.sealing import recover
from tests.gateway.sealer.disk import Fault
from tests.gateway.sealer.history import problems, read_notes
from tests.gateway.sealer.journals import names, options

ROOT = Path(__file__).parents[3]
IS_THOROUGH = "STREAMWITNESS_THOROUGH" in os.environ
FAULTS_STEP = 1 if IS_THOROUGH else 13
ROUNDS = 100 if IS_THOROUGH else 5
NOTES_BYTES_MAX = 40_000


def program(name: str, *arguments: object) -> list[str]:
    """Write the command that runs a program of this folder."""
    return [sys.executable, "-m", f"tests.gateway.sealer.{name}", *map(str, arguments)]


@pytest.mark.parametrize("fault", get_args(Fault))
def test_a_fault_at_any_system_call_costs_nothing(tmp_path: Path, fault: Fault) -> None:
    """Dead, torn, without power or without space: after recovery the history is whole."""
    first = random.randrange(FAULTS_STEP) + 1
    command = program("faults", tmp_path, fault, first, FAULTS_STEP)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    *found, count = done.stdout.splitlines()

    assert found == []
    assert int(count.rpartition(" ")[2]) > 100


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
        recording = subprocess.Popen(program("recording", "record", folder), stderr=log, cwd=ROOT)
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
