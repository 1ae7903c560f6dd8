"""What the user sees while the demo works: one line for each stage, with a bar that moves."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.progress import TaskID


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
