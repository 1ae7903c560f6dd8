"""Notebooks that are told parameters as papermill does: in a cell behind a tagged one."""

from __future__ import annotations

import ast
from copy import deepcopy
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import nbformat

from workbench.report.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbformat import NotebookNode

BREACH: Final = "breach_in_ten_minutes.ipynb"
PARAMETERS: Final = "parameters"
INJECTED: Final = "injected-parameters"
_FORMAT: Final = 4


class _Header(msgspec.Struct, frozen=True):
    nbformat: Literal[4]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A notebook as it was found."""

    name: str
    sha256: str
    notebook: NotebookNode


def find_notebook(name: str = BREACH) -> Path:
    """Return a notebook that comes with the workbench, from a clone or from an installation."""
    package = Path(__file__).parents[1]
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / name).is_file():
            return folder / name
    raise ReportError(f"the notebook {name} did not come with this installation: name one")


def read_notebook(path: Path) -> Template:
    """Read a notebook; raises ReportError when it is none."""
    try:
        content = path.read_bytes()
        notebook = _decoded(content)
    except OSError as error:
        raise ReportError(f"the notebook cannot be read: {error}") from error
    except (ValueError, nbformat.ValidationError) as error:
        reason = str(error).partition("\n")[0]
        raise ReportError(f"{path} is no notebook of format {_FORMAT}: {reason}") from error
    return Template(name=path.name, sha256=sha256(content).hexdigest(), notebook=notebook)


def _decoded(content: bytes) -> NotebookNode:
    text = content.decode()
    # Asked for another format than the file's, nbformat converts it, and trips over what is none.
    header = msgspec.json.decode(text, type=_Header)
    notebook: NotebookNode = nbformat.reads(text, as_version=header.nbformat)
    nbformat.validate(notebook)
    return notebook


def with_parameters(notebook: NotebookNode, parameters: Mapping[str, object]) -> NotebookNode:
    """Return a copy with fixed cell ids, no outputs, and the parameters behind their defaults.

    Raises ReportError for a parameter that the notebook does not have.
    """
    copy = deepcopy(notebook)
    place = _parameters_at(copy)
    known = parameter_names(copy)
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        has = ", ".join(known) or "none"
        raise ReportError(f"the notebook has no parameter {', '.join(unknown)}; it has {has}")
    if place is not None and parameters:
        copy.cells.insert(place + 1, _injected(parameters))
    for number, cell in enumerate(copy.cells):
        cell.id = f"cell-{number:03d}"
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return copy


def parameter_names(notebook: NotebookNode) -> list[str]:
    """Return the names that the notebook's parameters cell assigns."""
    place = _parameters_at(notebook)
    return [] if place is None else _assigned(notebook.cells[place].source)


def _parameters_at(notebook: NotebookNode) -> int | None:
    tagged = [
        number
        for number, cell in enumerate(notebook.cells)
        if PARAMETERS in cell.metadata.get("tags", ())
    ]
    return tagged[0] if tagged else None


def _assigned(source: str) -> list[str]:
    return [
        target.id
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]


def _injected(parameters: Mapping[str, object]) -> NotebookNode:
    lines = [f"{name} = {value!r}" for name, value in parameters.items()]
    cell: NotebookNode = nbformat.from_dict(
        {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {"tags": [INJECTED]},
            "outputs": [],
            "source": "\n".join(lines),
        }
    )
    return cell
