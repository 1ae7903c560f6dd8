"""Programs that the demo starts end with it, and ports that it chooses are free."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from itertools import count
from typing import IO, TYPE_CHECKING

import psutil
import pytest

from workbench.demo.errors import DemoError
from workbench.demo.processes import (
    LOOPBACK,
    START_ATTEMPTS,
    Child,
    EndedEarlyError,
    accepts_connections,
    free_ports,
    start_on_free_ports,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Let Ctrl-C raise as it does for a user; whatever runs in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def child(program: str, folder: Path) -> Child:
    """Start a Python program."""
    return Child("program", [sys.executable, "-c", program], folder / "program.log")


def has_said(started: Child, word: str) -> bool:
    """Tell whether a word stands in the program's log."""
    return word in started.log.read_text()


def test_what_a_program_says_is_kept(tmp_path: Path) -> None:
    """Both of its streams go into its log, and its exit code is returned."""
    started = child("import sys; print('out'); sys.stderr.write('err\\n'); sys.exit(3)", tmp_path)
    while started.is_running:
        time.sleep(0.01)

    assert started.stop(seconds=20) == 3
    assert {"out", "err"} == set(started.log.read_text().split())


def test_a_program_that_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    """The error names the program and what the system says."""
    with pytest.raises(DemoError, match=r"the broker cannot be started: .*No such file"):
        Child("broker", [str(tmp_path / "nothing")], tmp_path / "log")


def test_a_program_is_waited_for(tmp_path: Path) -> None:
    """The wait ends as soon as the program is ready."""
    started = child("import time; print('ready', flush=True); time.sleep(60)", tmp_path)
    started.wait_until(lambda: has_said(started, "ready"), seconds=20)

    assert started.is_running
    assert -signal.SIGTERM == started.stop(seconds=20)
    assert not psutil.pid_exists(started.pid)


def test_a_program_that_ends_at_once_is_an_error(tmp_path: Path) -> None:
    """The error names the program and its log."""
    started = child("raise SystemExit(1)", tmp_path)

    with pytest.raises(EndedEarlyError, match=r"the program ended at once; its log is .*program"):
        started.wait_until(lambda: False, seconds=20)


def test_a_program_that_does_not_get_ready_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left running behind the error."""
    monkeypatch.setattr("workbench.demo.processes.GRACE_SECONDS", 0.1)
    started = child(STUBBORN, tmp_path)

    with pytest.raises(DemoError, match="did not get ready"):
        started.wait_until(lambda: False, seconds=0.1)
    assert not psutil.pid_exists(started.pid)


def test_a_program_that_will_not_end_is_killed(tmp_path: Path) -> None:
    """A program gets the time it was promised, and no more."""
    started = child(STUBBORN, tmp_path)
    started.wait_until(lambda: has_said(started, "ready"), seconds=20)

    assert -signal.SIGKILL == started.stop(seconds=0.1)


def test_an_impatient_user_leaves_nothing_running(tmp_path: Path) -> None:
    """Ctrl-C while a program is being waited for kills it."""
    started = child(STUBBORN, tmp_path)
    started.wait_until(lambda: has_said(started, "ready"), seconds=20)
    threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()

    with pytest.raises(KeyboardInterrupt):
        started.stop(seconds=60)
    assert not psutil.pid_exists(started.pid)


def test_an_interrupt_amid_a_start_leaves_nothing_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal that comes while a program is being started waits until it can be ended."""
    started: list[int] = []

    def interrupted(
        command: list[str], *, stdin: int, stdout: IO[bytes], stderr: IO[bytes], **session: bool
    ) -> subprocess.Popen[bytes]:
        signal.raise_signal(signal.SIGINT)
        process = popen(command, stdin=stdin, stdout=stdout, stderr=stderr, **session)
        started.append(process.pid)
        return process

    popen: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen
    monkeypatch.setattr("workbench.demo.processes.subprocess.Popen", interrupted)

    with pytest.raises(KeyboardInterrupt):
        child("import time; time.sleep(60)", tmp_path)
    assert [False] == [psutil.pid_exists(pid) for pid in started]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_free_ports_stand_in_a_row() -> None:
    """All of them can be bound."""
    first = free_ports(5)
    servers = [socket.create_server((LOOPBACK, first + n)) for n in range(5)]
    for server in servers:
        server.close()

    assert len(servers) == 5


def test_there_are_never_more_ports_than_there_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for more than exist is an error, not an endless search."""
    monkeypatch.setattr("workbench.demo.processes.CONSECUTIVE_ATTEMPTS", 2)

    with pytest.raises(DemoError, match="free ports in a row"):
        free_ports(70_000)


def test_a_listening_port_is_told_from_a_silent_one() -> None:
    """Readiness of a server is that it accepts."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        assert accepts_connections(port)

    assert not accepts_connections(port)


@pytest.mark.parametrize("failures", range(START_ATTEMPTS))
def test_a_taken_port_is_tried_again(failures: int) -> None:
    """Another program may take a free port first: two such accidents are forgiven."""
    attempts = count()

    def start() -> int:
        if next(attempts) < failures:
            raise EndedEarlyError("taken")
        return next(attempts)

    assert failures + 1 == start_on_free_ports(start)


def test_a_program_that_never_starts_is_given_up() -> None:
    """A third failure is the program's, not the port's."""

    def start() -> None:
        raise EndedEarlyError("broken")

    with pytest.raises(EndedEarlyError, match="broken"):
        start_on_free_ports(start)
