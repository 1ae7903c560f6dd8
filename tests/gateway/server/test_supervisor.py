"""The supervisor: the sealer is started, started again, and let end in its own time."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest
import structlog

from gateway.server import supervisor as module
from gateway.server.supervisor import Supervisor

if TYPE_CHECKING:
    from pathlib import Path

# Notes each start in a file, then does as told.
NOTE = "import sys; open(sys.argv[1], 'a').write('started\\n'); "
WAIT_FOR_THE_END = NOTE + "sys.stdin.read()"
DIE_ONCE = NOTE + "sys.exit(3) if len(open(sys.argv[1]).readlines()) == 1 else sys.stdin.read()"
FAIL_AT_THE_END = NOTE + "sys.stdin.read(); sys.exit(4)"
DIE_TWICE = DIE_ONCE.replace("== 1", "< 3")
NEVER_END = NOTE + "import time; time.sleep(60)"


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Where the programs note their starts."""
    return tmp_path / "notes"


def supervise(program: str, notes: Path) -> Supervisor:
    """Make a supervisor of a small program."""
    return Supervisor([sys.executable, "-c", program, str(notes)], structlog.get_logger())


async def started(notes: Path, times: int) -> None:
    """Wait until the program has started so many times."""
    async with asyncio.timeout(20):
        while not notes.exists() or len(notes.read_text().splitlines()) < times:
            await asyncio.sleep(0.01)


async def test_the_sealer_ends_when_its_input_ends(notes: Path) -> None:
    """Finishing closes the pipe, and a good exit is reported as good."""
    supervisor = supervise(WAIT_FOR_THE_END, notes)
    running = asyncio.create_task(supervisor.keep_alive())
    await started(notes, 1)
    supervisor.finish()

    assert await running
    assert notes.read_text() == "started\n"


async def test_a_dead_sealer_is_started_again(notes: Path) -> None:
    """A sealer that dies comes back after a pause, and its death is logged with the exit code."""
    supervisor = supervise(DIE_ONCE, notes)
    with structlog.testing.capture_logs() as lines:
        running = asyncio.create_task(supervisor.keep_alive())
        await started(notes, 2)
        supervisor.finish()

        assert await running
    died = [line for line in lines if line["event"] == "sealer_died"]
    assert [(line["exit_code"], line["restart_in_ms"]) for line in died] == [(3, 250)]


@pytest.mark.parametrize(("well_seconds", "pauses"), [(0.0, [10, 10]), (60.0, [10, 20])])
async def test_pauses_grow_unless_the_sealer_was_well(
    notes: Path, monkeypatch: pytest.MonkeyPatch, well_seconds: float, pauses: list[int]
) -> None:
    """A sealer that dies at once is not started in a frenzy; one that ran long starts afresh."""
    monkeypatch.setattr(module, "BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(module, "WELL_SECONDS", well_seconds)
    supervisor = supervise(DIE_TWICE, notes)
    with structlog.testing.capture_logs() as lines:
        running = asyncio.create_task(supervisor.keep_alive())
        await started(notes, 3)
        supervisor.finish()

        assert await running
    assert pauses == [line["restart_in_ms"] for line in lines if line["event"] == "sealer_died"]


async def test_a_sealer_that_does_not_run_cannot_be_killed(notes: Path) -> None:
    """A shutdown in the first moments, or between two lives, has nothing to kill."""
    supervisor = supervise(WAIT_FOR_THE_END, notes)
    with structlog.testing.capture_logs() as lines:
        supervisor.kill()

    assert lines == []


async def test_a_sealer_that_is_dead_at_the_end_gets_one_more_try(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shutdown during the pause after a death still has the rest sealed."""
    monkeypatch.setattr(module, "BACKOFF_SECONDS", 60.0)
    supervisor = supervise(DIE_ONCE, notes)
    with structlog.testing.capture_logs() as lines:
        running = asyncio.create_task(supervisor.keep_alive())
        async with asyncio.timeout(20):
            while not any(line["event"] == "sealer_died" for line in lines):
                await asyncio.sleep(0.01)
        supervisor.finish()

        assert await running
    assert notes.read_text() == "started\nstarted\n"


async def test_a_sealer_that_fails_at_the_end_is_reported(notes: Path) -> None:
    """When the rest cannot be sealed in two attempts, the exit code of the gateway must say so."""
    supervisor = supervise(FAIL_AT_THE_END, notes)
    running = asyncio.create_task(supervisor.keep_alive())
    await started(notes, 1)
    supervisor.finish()

    assert not await running
    assert notes.read_text() == "started\nstarted\n"


async def test_a_finish_before_the_start_is_not_lost(notes: Path) -> None:
    """A stop in the first moments still lets the sealer run once and end."""
    supervisor = supervise(WAIT_FOR_THE_END, notes)
    running = asyncio.create_task(supervisor.keep_alive())
    await asyncio.sleep(0)
    supervisor.finish()

    assert await running


async def test_a_sealer_that_never_ends_can_be_killed(notes: Path) -> None:
    """The shutdown of the gateway does not hang on its sealer."""
    supervisor = supervise(NEVER_END, notes)
    running = asyncio.create_task(supervisor.keep_alive())
    await started(notes, 1)
    supervisor.finish()
    supervisor.kill()

    assert not await running
    assert notes.read_text() == "started\n"


async def test_a_kill_amid_the_start_is_not_lost(notes: Path) -> None:
    """A process that is being started when the kill comes does not live on."""
    supervisor = supervise(NEVER_END, notes)
    running = asyncio.create_task(supervisor.keep_alive())
    await asyncio.sleep(0)  # the start has begun, and nobody has the process yet
    supervisor.finish()
    supervisor.kill()

    async with asyncio.timeout(20):
        assert not await running


async def test_a_command_that_cannot_run_is_tried_again() -> None:
    """A missing program is a death like any other, not the end of the supervisor."""
    supervisor = Supervisor(["/nonexistent/program"], structlog.get_logger())
    with structlog.testing.capture_logs() as lines:
        running = asyncio.create_task(supervisor.keep_alive())
        await asyncio.sleep(0.1)
        supervisor.finish()

        assert not await running
    assert lines[0]["exit_code"] == 126
