"""Notebooks load, ask, show and conclude; whatever computes stands in the workbench."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass

from tests.house.tree import ROOT, files, report


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell, and where an editor finds it."""

    place: str
    source: str
    has_output: bool


def _cells() -> list[Cell]:
    cells = []
    for path in files("notebooks", suffixes=(".ipynb",)):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for number, cell in enumerate(notebook["cells"], start=1):
            if cell["cell_type"] == "code":
                place = f"{path.relative_to(ROOT)}:1: cell {number}"
                has_output = bool(cell["outputs"] or cell["execution_count"])
                cells.append(Cell(place, "".join(cell["source"]), has_output))
    return cells


def test_there_are_notebooks() -> None:
    """The checks below are about something."""
    assert _cells()


def test_notebooks_define_nothing() -> None:
    """A function in a notebook has no test, no type and no second user."""
    problems = [
        f"{cell.place}, line {node.lineno}: defines {getattr(node, 'name', 'a lambda')}: "
        "move it into the workbench"
        for cell in _cells()
        for node in ast.walk(ast.parse(_without_magics(cell.source)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda)
    ]

    assert not problems, report(problems)


def test_notebooks_hold_no_outputs() -> None:
    """Outputs are evidence of one run, make differences unreadable, and may hold records."""
    problems = [
        f"{cell.place}: holds an output: clear it (Edit, Clear Outputs of All Cells)"
        for cell in _cells()
        if cell.has_output
    ]

    assert not problems, report(problems)


def _without_magics(source: str) -> str:
    return "\n".join(line for line in source.splitlines() if not line.startswith(("%", "!")))
