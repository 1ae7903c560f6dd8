"""What the user sees: a line for each stage, with a bar that moves, and then the verdicts."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console
    from rich.progress import TaskID

    from workbench.demo.asking import Asked
    from workbench.demo.folder import Folder

NOT_YET = (
    "This version has no approvals yet: the intruder's new topic was allowed and recorded, where a "
    "later one can hold such a request until somebody approves it."
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
    console.print(NOT_YET, style="dim", highlight=False)
    console.print()
    console.print(_places(folder))


def _verdicts(asked: Sequence[Asked]) -> Table:
    table = Table("question", "answer", "proof", show_lines=True)
    for each in asked:
        verdict = each.verdict
        question = Text(verdict.question, style="bold")
        question.append(f"\n{verdict.because}", style="not bold")
        table.add_row(question, Text(verdict.answer), Text(verdict.proof or ""))
    return table


def _places(folder: Folder) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for what, where in {
        "the evidence": folder.archive,
        "the report": folder.report,
        "the notebook": folder.notebook,
        "what the clients noted": folder.ground_truth,
    }.items():
        table.add_row(Text(what, style="dim"), Text(str(where), overflow="fold"))
    for what, command in {
        "open the notebook": f"jupyter lab {folder.notebook}",
        "verify the evidence": f"streamwitness verify {folder.archive}",
        "take the tables": f"streamwitness tables {folder.archive} --out tables",
    }.items():
        table.add_row(Text(what, style="dim"), Text(command, style="cyan", overflow="fold"))
    return table
