"""The demo from the empty folder to the report: the order of its stages, and its exit code."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from confluent_kafka import KafkaException
from rich.text import Text

from workbench.demo.browser import open_in_browser
from workbench.demo.cluster import check_address
from workbench.demo.errors import DemoError, UsageError
from workbench.demo.folder import open_folder
from workbench.demo.processes import INTERRUPTS
from workbench.demo.recording import record_breach
from workbench.demo.show import Show, show_conclusion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rich.console import Console

    from workbench.demo.asking import Asked
    from workbench.demo.cast import Topics
    from workbench.demo.folder import Folder

Investigate: TypeAlias = "Callable[[Folder, Topics, Show], list[Asked]]"

FAILED_EXIT_CODE = 1
USAGE_EXIT_CODE = 2
INTERRUPTED_EXIT_CODE = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user chose."""

    out: Path | None = None
    broker: str | None = None
    open_report: bool = False


def run(options: Options, console: Console) -> int:
    """Run the demo and return its exit code.

    0 when every answer agrees with the ground truth, 1 when one does not or a stage failed, 2 when
    it cannot be done as asked, 130 when it was interrupted.
    """
    try:
        # First, so that a slip of the hand leaves nothing in the folder that refuses the next try.
        if options.broker is not None:
            check_address(options.broker)
        folder = open_folder(options.out)
    except UsageError as error:
        return _fail(console, error, USAGE_EXIT_CODE)
    try:
        with _ended_by_signals():
            _run(options, folder, console)
    except UsageError as error:
        return _fail(console, error, USAGE_EXIT_CODE)
    except (DemoError, KafkaException) as error:
        console.print(Text(f"The logs lie in {folder.root / 'logs'}", style="dim"))
        return _fail(console, error, FAILED_EXIT_CODE)
    except KeyboardInterrupt:
        console.print(Text(f"Interrupted. What there is lies in {folder.root}"))
        return INTERRUPTED_EXIT_CODE
    return 0


def _run(options: Options, folder: Folder, console: Console) -> None:
    show = Show(console)
    # What the investigation imports takes seconds; the clients mostly wait meanwhile.
    with ThreadPoolExecutor(1, thread_name_prefix="import") as importing:
        investigation = importing.submit(import_module, "workbench.demo.investigation")
        topics = record_breach(folder, options.broker, show)
        investigate: Investigate = investigation.result().investigate
    show_conclusion(console, folder, investigate(folder, topics, show))
    if options.open_report:
        open_in_browser(folder.report, console)


def _fail(console: Console, error: Exception, exit_code: int) -> int:
    console.print(Text(str(error), style="red"))
    return exit_code


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a plain `kill` and a closed terminal end the demo as Ctrl-C does."""
    before = {number: signal.getsignal(number) for number in INTERRUPTS}
    for number in INTERRUPTS:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
