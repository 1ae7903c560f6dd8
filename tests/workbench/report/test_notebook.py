"""Notebooks are found, read, and told their parameters."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

import workbench
from tests.workbench.report.notebooks import code, markdown, with_parameters_cell, write_notebook
from workbench.report.errors import ReportError
from workbench.report.notebook import (
    BREACH,
    find_notebook,
    parameter_names,
    read_notebook,
    with_parameters,
)

ROOT = Path(workbench.__file__).parents[1]


def test_the_guided_notebook_is_found_in_a_clone() -> None:
    """It lies beside the packages."""
    assert ROOT / "notebooks" / BREACH == find_notebook()


def test_the_guided_notebook_comes_with_the_wheel(tmp_path: Path) -> None:
    """Whoever installs it can write reports and packages: page and verifier are there too."""
    uv = Path(sys.executable).parent / "uv"
    build = [str(uv), "build", "--quiet", "--wheel", "--no-build-isolation", "--offline"]
    subprocess.run([*build, "--out-dir", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    script = "from workbench.report.notebook import find_notebook; print(find_notebook())"
    found = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(installed)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()

    assert str(installed / "workbench" / "notebooks" / BREACH) == found
    assert find_notebook().read_bytes() == Path(found).read_bytes()
    assert (installed / "workbench" / "report" / "template" / "index.html.j2").is_file()
    verifier = installed / "workbench" / "verify.py"
    assert (ROOT / "tools" / "verify.py").read_bytes() == verifier.read_bytes()


def test_an_unknown_notebook_is_refused() -> None:
    """Rather than reported as an empty page."""
    with pytest.raises(ReportError, match="did not come with this installation"):
        find_notebook("nothing.ipynb")


def test_a_notebook_is_known_by_its_hash(tmp_path: Path) -> None:
    """Of the file as it lies there."""
    path = write_notebook(tmp_path / "n.ipynb", code("1"))
    template = read_notebook(path)

    assert ("n.ipynb", sha256(path.read_bytes()).hexdigest()) == (template.name, template.sha256)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"cells": 1}', "\udcff"])
def test_what_is_no_notebook_is_refused(tmp_path: Path, content: str) -> None:
    """With its path."""
    path = tmp_path / "n.ipynb"
    path.write_bytes(content.encode(errors="surrogateescape"))

    with pytest.raises(ReportError, match=r"n\.ipynb is no notebook of format 4"):
        read_notebook(path)


def test_a_missing_notebook_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    with pytest.raises(ReportError, match=r"nothing\.ipynb"):
        read_notebook(tmp_path / "nothing.ipynb")


def test_parameters_stand_behind_their_defaults(tmp_path: Path) -> None:
    """In a cell with papermill's tag, so that other tools know it."""
    path = with_parameters_cell(tmp_path / "n.ipynb", code("print(name)"))
    notebook = with_parameters(read_notebook(path).notebook, {"name": "o'brien", "archive": None})

    assert 'name = "o\'brien"\narchive = None' == notebook.cells[1].source
    assert ["injected-parameters"] == notebook.cells[1].metadata["tags"]
    assert "print(name)" == notebook.cells[2].source


def test_an_unknown_parameter_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    """A typing error must not be ignored."""
    notebook = read_notebook(with_parameters_cell(tmp_path / "n.ipynb")).notebook

    with pytest.raises(ReportError, match="no parameter nmae; it has archive, name, static_charts"):
        with_parameters(notebook, {"nmae": 1})


def test_a_notebook_without_parameters_takes_none(tmp_path: Path) -> None:
    """And is left as it is when there are none."""
    notebook = read_notebook(write_notebook(tmp_path / "n.ipynb", code("1"))).notebook

    assert [] == parameter_names(notebook)
    assert 1 == len(with_parameters(notebook, {}).cells)
    with pytest.raises(ReportError, match="it has none"):
        with_parameters(notebook, {"name": 1})


def test_ids_are_fixed_and_old_outputs_gone(tmp_path: Path) -> None:
    """What stands in the report was computed for it."""
    old = code("1") | {
        "execution_count": 7,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "old"}],
    }
    path = write_notebook(tmp_path / "n.ipynb", markdown("# A"), old)
    notebook = with_parameters(read_notebook(path).notebook, {})

    assert ["cell-000", "cell-001"] == [cell.id for cell in notebook.cells]
    assert ([], None) == (notebook.cells[1].outputs, notebook.cells[1].execution_count)


def test_the_template_stays_as_it_was_read(tmp_path: Path) -> None:
    """It can be told other parameters afterwards."""
    notebook = read_notebook(with_parameters_cell(tmp_path / "n.ipynb")).notebook
    with_parameters(notebook, {"name": "x"})

    assert 1 == len(notebook.cells)
