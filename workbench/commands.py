"""The commands of the workbench; whatever a command needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

FAULTS_EXIT_CODE = 1
USAGE_EXIT_CODE = 2

ArchiveFolder = Annotated[Path, typer.Argument(help="The archive's folder.", show_default=False)]
OutputFolder = Annotated[
    Path, typer.Option("--out", "-o", help="A new or an empty folder.", show_default=False)
]
TableNames = Annotated[
    list[str] | None,
    typer.Option("--table", "-t", help="A table (docs/tables.md); repeat it for more than one."),
]
CacheFolder = Annotated[
    Path | None, typer.Option("--cache", help="Where converted segments are kept.")
]


def register(app: typer.Typer) -> None:
    """Add the workbench's commands to the application."""
    app.command("tables")(tables)


def tables(
    archive: ArchiveFolder,
    out: OutputFolder,
    table: TableNames = None,
    cache: CacheFolder = None,
) -> None:
    """Write an archive's tables as Parquet files, with a manifest.

    Exit code 1: they were written, but parts of the archive are damaged, missing or undecodable.
    Exit code 2: nothing was written.
    """
    from gateway.evidence.errors import ArchiveError
    from workbench.archive import open_archive
    from workbench.archive.export import ExportError, export
    from workbench.tables.schemas import TABLES

    names = {each.name for each in TABLES}
    unknown = sorted(set(table or ()) - names)
    if unknown:
        _refuse(f"no table is called {', '.join(unknown)}: there are {', '.join(sorted(names))}")
    try:
        manifest = export(open_archive(archive, cache=cache), out, table or ())
    except (ArchiveError, ExportError) as error:
        _refuse(str(error))
    for file in manifest.tables:
        typer.echo(f"{file.table}: {file.row_count:,} rows, {file.stored.byte_count:,} bytes")
    typer.echo(f"written to {out}")
    if manifest.fault_count:
        typer.echo(
            f"{manifest.fault_count:,} faults: parts of the archive are damaged, missing or cannot "
            "be read; the table gaps lists them",
            err=True,
        )
        raise typer.Exit(FAULTS_EXIT_CODE)


def _refuse(message: str) -> NoReturn:
    typer.echo(f"streamwitness: {message}", err=True)
    raise typer.Exit(USAGE_EXIT_CODE)
