"""The commands of the workbench; whatever a command needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from workbench.case.commands import register as register_case
from workbench.package.commands import register as register_package

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.archive import Archive
    from workbench.case.folder import Case

FAULTS_EXIT_CODE = 1
USAGE_EXIT_CODE = 2

ArchivePlace = Annotated[
    str,
    typer.Argument(help="The archive's folder, or s3://BUCKET/PREFIX.", show_default=False),
]
OutputFolder = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        help="A new or an empty folder, or one with an earlier export, which is replaced.",
        show_default=False,
    ),
]
TableNames = Annotated[
    list[str] | None,
    typer.Option("--table", "-t", help="A table (docs/tables.md); repeat it for more than one."),
]
CacheFolder = Annotated[
    Path | None, typer.Option("--cache", help="Where converted segments are kept.")
]

DemoFolder = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="New or empty folder for what the demo leaves behind; else ./streamwitness-demo.",
        show_default=False,
    ),
]
OpenReport = Annotated[
    bool, typer.Option("--open/--no-open", help="Open the report in a browser at the end.")
]
DemoBroker = Annotated[
    str | None,
    typer.Option(
        "--broker",
        metavar="HOST:PORT",
        help="A Kafka cluster for tests, instead of the embedded broker. Topics of the demo get a "
        "prefix of their own and are deleted afterwards.",
        show_default=False,
    ),
]
ReportFile = Annotated[
    Path, typer.Option("--out", "-o", help="The HTML file to write.", show_default=False)
]
NotebookFile = Annotated[
    Path | None,
    typer.Option("--notebook", help="A notebook; else the breach in ten minutes."),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter", "-p", metavar="NAME=VALUE", help="A parameter of the notebook; repeatable."
    ),
]
ExecutedFile = Annotated[
    Path | None, typer.Option("--executed", help="Also leave the executed notebook here.")
]

CaseOfReport = Annotated[
    Path | None, typer.Option("--case", help="A case whose custody log is to name the report.")
]
KeysFolder = Annotated[
    Path | None, typer.Option("--keys", help="The key folder, if the archive is encrypted.")
]
IdentityFile = Annotated[
    Path | None, typer.Option("--identity", help="The identity that opens the keys.")
]


def register(app: typer.Typer) -> None:
    """Add the workbench's commands to the application."""
    app.command("tables")(tables)
    app.command("report")(report)
    app.command("demo")(demo)
    register_case(app)
    register_package(app)


def tables(
    archive: ArchivePlace,
    out: OutputFolder,
    table: TableNames = None,
    cache: CacheFolder = None,
    keys: KeysFolder = None,
    identity: IdentityFile = None,
) -> None:
    """Write an archive's tables as Parquet files, with a manifest.

    Exit code 1: they were written, but parts of the archive are damaged, missing or undecodable.
    Exit code 2: nothing was written.
    """
    from gateway.evidence.errors import ArchiveError
    from workbench.archive.export import ExportError, export
    from workbench.tables.schemas import TABLES

    names = {each.name for each in TABLES}
    unknown = sorted(set(table or ()) - names)
    if unknown:
        _refuse(f"no table is called {', '.join(unknown)}: there are {', '.join(sorted(names))}")
    try:
        opened = _open(archive, cache, keys, identity)
        manifest = export(opened, out, table or ())
    except (ArchiveError, ExportError) as error:
        _refuse(str(error))
    _tell(opened.notes)
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


def report(
    archive: ArchivePlace,
    out: ReportFile,
    notebook: NotebookFile = None,
    parameter: Parameters = None,
    executed: ExecutedFile = None,
    case: CaseOfReport = None,
) -> None:
    """Execute a notebook on an archive and write it as one HTML file that needs nothing else.

    The same archive, notebook and parameters give the same bytes. Exit code 2: nothing was written,
    because there is no archive, or a cell of the notebook failed.
    """
    from gateway.evidence.errors import ArchiveError
    from gateway.evidence.place import local_archive, user_cache
    from workbench.case.errors import CaseError
    from workbench.report.build import ReportOptions, build_report
    from workbench.report.errors import ReportError
    from workbench.report.parameters import read_parameters

    try:
        local = local_archive(archive, user_cache())
        options = ReportOptions(
            archive=local.folder,
            out=out,
            notebook=notebook,
            parameters=read_parameters(parameter or ()),
            executed=executed,
        )
        opened = None if case is None else _open_case(case)
        manifest = build_report(options)
        if opened is not None:
            opened.add_report(out)
    except (ArchiveError, CaseError, ReportError) as error:
        _refuse(str(error))
    _tell(local.notes)
    typer.echo(f"written to {out}; the archive is {manifest.soundness}")


def demo(
    *, out: DemoFolder = None, open_report: OpenReport = True, broker: DemoBroker = None
) -> None:
    """Play a breach on this machine, record it, and investigate it from the evidence.

    Real Kafka clients act out the breach on an embedded broker behind the gateway: no Java,
    container or network is needed. Exit code 0 means that every answer was right, 1 that a stage
    failed, and 2 that the demo cannot be done as asked.
    """
    from rich.console import Console

    from workbench.demo.run import Options, run

    options = Options(out=out, broker=broker, open_report=open_report)
    raise typer.Exit(run(options, Console()))


def _refuse(message: str) -> NoReturn:
    typer.echo(f"streamwitness: {message}", err=True)
    raise typer.Exit(USAGE_EXIT_CODE)


def _tell(notes: Iterable[str]) -> None:
    for note in notes:
        typer.echo(f"streamwitness: {note}", err=True)


def _open_case(folder: Path) -> Case:
    from workbench.case.folder import Case

    return Case.open(folder)


def _open(archive: str, cache: Path | None, keys: Path | None, identity: Path | None) -> Archive:
    """Open an archive, and show on a terminal how far that is."""
    from rich.console import Console
    from rich.progress import Progress

    from workbench.archive import open_archive

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Segments", total=None)
        return open_archive(
            archive,
            cache=cache,
            keys=keys,
            identity=identity,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
