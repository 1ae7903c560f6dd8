"""Small notebooks, so that a test of the machinery need not investigate a breach."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PARAMETERS = 'archive = None\nname = "nobody"\nstatic_charts = False'


def code(source: str, *tags: str) -> dict[str, Any]:
    """Make a code cell."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"c{abs(hash(source)) % 10**6}",
        "metadata": {"tags": list(tags)} if tags else {},
        "outputs": [],
        "source": source,
    }


def markdown(source: str, *tags: str) -> dict[str, Any]:
    """Make a cell of prose."""
    cell = code(source, *tags) | {"cell_type": "markdown"}
    return {key: cell[key] for key in ("cell_type", "id", "metadata", "source")}


def write_notebook(path: Path, *cells: dict[str, Any]) -> Path:
    """Write a notebook of these cells."""
    notebook = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def with_parameters_cell(path: Path, *cells: dict[str, Any]) -> Path:
    """Write a notebook that begins with parameters."""
    return write_notebook(path, code(PARAMETERS, "parameters"), *cells)
