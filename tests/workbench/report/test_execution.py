"""A notebook is run in a kernel of its own, and what fails names its cell."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.workbench.report.notebooks import code, markdown, write_notebook
from workbench import sample
from workbench.report.errors import ReportError
from workbench.report.execution import execute
from workbench.report.notebook import read_notebook, with_parameters

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode


def run(folder: Path, *cells: dict[str, Any]) -> NotebookNode:
    """Execute a notebook of these cells on the sample."""
    path = write_notebook(folder / "n.ipynb", *cells)
    notebook = with_parameters(read_notebook(path).notebook, {})
    execute(notebook, {"archive": sample.path()})
    return notebook


def printed(notebook: NotebookNode) -> str:
    """Collect what the cells printed."""
    return "".join(
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stdout"
    )


def test_the_notebook_sees_the_archive_and_nothing_of_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One folder, one time zone, one order of sets, and none of the user's own settings."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("PYTHONHASHSEED", "12")
    source = """
import os, time
print(sorted(name for name in os.listdir() if not name.startswith(".")))
print(os.listdir("archive").count("archive.json"))
print(time.tzname[0], hash("a") == hash("a"), os.environ["PYTHONHASHSEED"])
"""
    notebook = run(tmp_path, code(source), markdown("prose"), code("1 + 1"))

    assert "['archive']\n1\nUTC True 0\n" == printed(notebook)
    assert [1, 2] == [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert {"kernelspec", "language_info"} == set(notebook.metadata)
    assert "execution" not in notebook.cells[0].metadata


def test_no_event_loop_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever executes a notebook gets back every socket; in a thread that never had a loop."""
    made: list[asyncio.AbstractEventLoop] = []
    make = asyncio.new_event_loop

    def noted() -> asyncio.AbstractEventLoop:
        made.append(make())
        return made[-1]

    monkeypatch.setattr(asyncio, "new_event_loop", noted)
    monkeypatch.setattr(asyncio.events, "new_event_loop", noted)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(run, tmp_path, code("1 + 1")).result()

    assert made
    assert all(loop.is_closed() for loop in made)


async def test_a_notebook_is_executed_from_within_an_event_loop(tmp_path: Path) -> None:
    """As from a notebook, whose kernel runs one."""
    assert "2\n" == printed(run(tmp_path, code("print(1 + 1)")))


def test_a_failing_cell_is_named_with_its_error(tmp_path: Path) -> None:
    """The number as a reader counts, its first line, and what went wrong."""
    with pytest.raises(ReportError) as caught:
        run(tmp_path, markdown("# A"), code("x = 1"), code("\n1 / 0\ny = 2"), code("z = 3"))

    assert (
        "cell 3 of the notebook failed (1 / 0): ZeroDivisionError: division by zero; "
        "no report was written"
    ) == str(caught.value)


def test_a_kernel_that_dies_is_told(tmp_path: Path) -> None:
    """Out of memory, for example."""
    with pytest.raises(ReportError, match="the kernel died; no report was written"):
        run(tmp_path, code("import os; os._exit(1)"))


def test_a_cell_that_does_not_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a time that no sensible cell takes."""
    monkeypatch.setattr("workbench.report.execution._CELL_SECONDS", 1)

    with pytest.raises(ReportError, match="it did not end within 1 s"):
        run(tmp_path, code("while True: pass"))
