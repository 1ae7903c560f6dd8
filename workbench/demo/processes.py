"""Programs that the demo starts: each in its own process, with its own log, ended by its id."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeVar

from workbench.demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Started = TypeVar("Started")

LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.02
CONSECUTIVE_ATTEMPTS = 200
START_ATTEMPTS = 3
# Ctrl-C, a plain `kill`, and a closed terminal, which not every system has.
INTERRUPTS = tuple(
    number
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if (number := getattr(signal, name, None)) is not None
)
# What a program gets to end well, which includes ending programs that it started itself.
GRACE_SECONDS = 10.0


class EndedEarlyError(DemoError):
    """A program ended before it was ready."""


class Child:
    """One running program."""

    def __init__(self, name: str, command: Sequence[str], log: Path) -> None:
        self.name = name
        self.log = log
        try:
            with log.open("ab") as stream, interrupts_deferred():
                self._process = subprocess.Popen(  # noqa: S603 - the demo's own programs
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=stream,
                    # Ctrl-C in a terminal reaches the whole group: the demo ends its children
                    # itself, in order, so that the gateway can seal what it recorded.
                    start_new_session=True,
                )
        except OSError as error:
            raise DemoError(f"the {name} cannot be started: {error}") from None
        except KeyboardInterrupt:
            self.stop(seconds=GRACE_SECONDS)
            raise

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Tell whether the program has not ended yet."""
        return self._process.poll() is None

    def wait_until(self, is_ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait until the program is ready, and end it when it is not in time.

        Raises EndedEarlyError when it ends before that, DemoError when it takes too long.
        """
        try:
            self._wait_until(is_ready, time.monotonic() + seconds)
        except BaseException:
            self.stop(seconds=GRACE_SECONDS)
            raise

    def _wait_until(self, is_ready: Callable[[], bool], deadline: float) -> None:
        while not is_ready():
            if not self.is_running:
                raise EndedEarlyError(f"the {self.name} ended at once; its log is {self.log}")
            if time.monotonic() > deadline:
                raise DemoError(f"the {self.name} did not get ready; its log is {self.log}")
            time.sleep(POLL_SECONDS)

    def wait(self) -> int:
        """Wait until the program ends by itself, and return its exit code."""
        while self.is_running:
            time.sleep(POLL_SECONDS)
        return self.stop(seconds=GRACE_SECONDS)

    def stop(self, *, seconds: float) -> int:
        """Ask the program to end, kill it when it does not, and return its exit code."""
        if self.is_running:
            self._process.terminate()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        except BaseException:
            # Ctrl-C again: the user will not wait for a good end.
            self._process.kill()
            self._process.wait()
            raise


@contextmanager
def interrupts_deferred() -> Iterator[None]:
    """Let what would interrupt the block wait for its end: a half-started program has no owner."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread is ever interrupted.
        yield
        return
    waiting: list[int] = []
    before = {number: signal.getsignal(number) for number in INTERRUPTS}
    for number in INTERRUPTS:
        signal.signal(number, lambda number, _frame: waiting.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for number in waiting[:1]:
        signal.raise_signal(number)


def start_on_free_ports(start: Callable[[], Started]) -> Started:
    """Start a program, and again when it ends: others may take a free port before it is bound."""
    for _ in range(START_ATTEMPTS - 1):
        try:
            return start()
        except EndedEarlyError:
            continue
    return start()


def accepts_connections(port: int) -> bool:
    """Tell whether something listens on a port of this machine."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def free_ports(count: int) -> int:
    """Find so many free ports in a row and return the first."""
    for _ in range(CONSECUTIVE_ATTEMPTS):
        with ExitStack() as stack:
            try:
                first = _bind(stack, 0)
                for port in range(first + 1, first + count):
                    _bind(stack, port)
            except (OSError, OverflowError):
                continue
            return first
    raise DemoError(f"no {count} free ports in a row were found on {LOOPBACK}")


def _bind(stack: ExitStack, port: int) -> int:
    taken: int = stack.enter_context(socket.create_server((LOOPBACK, port))).getsockname()[1]
    return taken
