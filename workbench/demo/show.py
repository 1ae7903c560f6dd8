"""What the user sees: a line for each stage, with a bar that moves, and then the verdicts."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from workbench.demo.folder import Folder
from workbench.demo.payloads import REPORT_PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console
    from rich.progress import TaskID

    from workbench.demo.asking import Asked

PLACE_WIDTH = 24
NOBODY_ASKED = (
    "No rule of this gateway holds requests: the intruder's new topic was allowed and recorded. "
    "One can hold such a request until somebody approves it (docs/policy.md, docs/approvals.md)."
)


class Step:
    """One stage on the screen."""

    def __init__(self, progress: Progress, task: TaskID, title: str) -> None:
        self._progress = progress
        self._task = task
        self._title = title

    def tell(self, what: str, completed: int) -> None:
        """Say what is going on in the stage, and how far it has come."""
        self._progress.update(self._task, description=f"{self._title}: {what}", completed=completed)


class Show:
    """The stages on the screen; where no terminal is, each leaves a line when it is done."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, title: str, *, total: int | None = None) -> Iterator[Step]:
        """Show a stage while the block runs; `total` is how much work it has, where that is known.

        A stage that fails leaves no line: the error says what happened.
        """
        began = time.monotonic()
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        ) as progress:
            yield Step(progress, progress.add_task(title, total=total), title)
        seconds = time.monotonic() - began
        self._console.print(f"[green]✓[/] {title} [dim]({seconds:.1f} s)[/]", highlight=False)


def show_conclusion(console: Console, folder: Folder, asked: Sequence[Asked]) -> None:
    """Show the verdicts, where everything lies, and what to do next."""
    console.print(_verdicts(asked))
    console.print(NOBODY_ASKED, style="dim", highlight=False)
    console.print()
    for what, where in _places(folder).items():
        # A line that the terminal itself wraps can be copied in one piece.
        console.print(Text.assemble((f"{what:<{PLACE_WIDTH}}", "dim"), where), soft_wrap=True)


def program(name: str) -> str:
    """Write a program of this installation as the user can type it: the path is often not set."""
    beside = Path(sys.executable).with_name(name)
    return name if shutil.which(name) or not beside.exists() else str(beside)


def _verdicts(asked: Sequence[Asked]) -> Table:
    table = Table("question", "answer", "proof", show_lines=True)
    for each in asked:
        verdict = each.verdict
        question = Text(verdict.question, style="bold")
        question.append(f"\n{verdict.because}", style="not bold")
        table.add_row(question, Text(verdict.answer), Text(verdict.proof or ""))
    return table


def _places(folder: Folder) -> dict[str, str]:
    streamwitness, jupyter = program("streamwitness"), program("jupyter")
    # An absolute path is never read as an option, whatever it begins with.
    folder = Folder(folder.root.absolute())
    archive = str(folder.archive)
    again = [streamwitness, "report", archive, "--out", "again.html", *REPORT_PARAMETERS]
    return {
        "the evidence": archive,
        "the report": str(folder.report),
        "the notebook": str(folder.notebook),
        "what the clients noted": str(folder.ground_truth),
        "open the notebook": shlex.join([jupyter, "lab", str(folder.notebook)]),
        "verify the evidence": shlex.join([streamwitness, "verify", archive]),
        "build the report again": shlex.join(again),
        "take the tables": shlex.join([streamwitness, "tables", archive, "--out", "tables"]),
    }
