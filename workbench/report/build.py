"""From an archive to a report, in one call."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import nbformat

from workbench.archive import open_archive
from workbench.report.execution import ARCHIVE, execute
from workbench.report.manifest import Manifest, make_manifest
from workbench.report.notebook import (
    find_notebook,
    parameter_names,
    read_notebook,
    with_parameters,
)
from workbench.report.page import to_html

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a report sets itself, where the notebook has such a parameter.
_OWN: Final = {"archive": ARCHIVE, "static_charts": True}

_KEYS: Final = ("keys", "identity")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What to report, and where to."""

    archive: Path
    out: Path
    """The HTML file."""
    notebook: Path | None = None
    """The notebook to execute; None: the breach in ten minutes."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    executed: Path | None = None
    """Where to leave the executed notebook, if anywhere."""


def build_report(options: ReportOptions) -> Manifest:
    """Execute the notebook on the archive and write the report; existing files are replaced.

    Raises ArchiveError when there is no archive, and ReportError when the notebook cannot be run to
    its end; nothing is written then.
    """
    keys = {name: _place(options.parameters[name]) for name in _KEYS if name in options.parameters}
    tables = open_archive(options.archive, keys=keys.get("keys"), identity=keys.get("identity"))
    template = read_notebook(options.notebook or find_notebook())
    names = parameter_names(template.notebook)
    own = {name: value for name, value in _OWN.items() if name in names}
    # They are linked under these names, so that a report names no path.
    parameters = {**own, **options.parameters, **{name: name for name in keys}}
    notebook = with_parameters(template.notebook, parameters)
    execute(notebook, {ARCHIVE: options.archive, **keys})
    manifest = make_manifest(options.archive, tables, template, parameters)
    _write(options.out, to_html(notebook, manifest))
    if options.executed is not None:
        _write(options.executed, nbformat.writes(notebook) + "\n")
    return manifest


def _place(path: object) -> Path:
    return Path(str(path))


def _write(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    temporary.replace(path)
