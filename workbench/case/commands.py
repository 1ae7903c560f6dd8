"""The commands for cases; whatever a command needs is imported when it runs."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.case.custody import Entry
    from workbench.case.folder import Case

FAULTS_EXIT_CODE = 1
USAGE_EXIT_CODE = 2

CaseFolder = Annotated[Path, typer.Argument(help="The case's folder.", show_default=False)]
By = Annotated[
    str | None,
    typer.Option("--by", help="The name of who does this.", envvar="STREAMWITNESS_BY"),
]
CaseArchives = Annotated[
    list[Path], typer.Option("--archive", help="An archive that it is about; repeatable.")
]
CaseName = Annotated[str, typer.Option("--name", help="What the case is called.")]
CaseRoot = Annotated[
    str | None, typer.Option("--root-key", help="The root key that you were given, as text.")
]
NoteText = Annotated[str, typer.Argument(help="The remark.", show_default=False)]
PackagePath = Annotated[
    Path, typer.Argument(help="The package: its folder or its file.", show_default=False)
]
Receiver = Annotated[str, typer.Option("--to", help="Who was given it.")]
SigningKey = Annotated[
    Path, typer.Option("--key", help="The private key's file.", show_default=False)
]
SigningName = Annotated[str, typer.Option("--key-name", help="The key's name.")]
NotedHead = Annotated[
    str | None, typer.Option("--head", help="A head that was noted elsewhere, in hex.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    case = typer.Typer(no_args_is_help=True, help="Keep a case, and its custody log.")
    case.command("create")(create)
    case.command("note")(note)
    case.command("handover")(handover)
    case.command("sign")(sign)
    case.command("log")(log)
    case.command("verify")(verify)
    app.add_typer(case, name="case")


def create(
    folder: CaseFolder,
    name: CaseName,
    archive: CaseArchives,
    root_key: CaseRoot = None,
    by: By = None,
) -> None:
    """Make a case: a folder that names its archives and keeps a custody log."""
    from workbench.case.folder import Case

    with _refusing():
        case = Case.create(folder, name=name, archives=archive, root_key=root_key, by=by)
        _show_head(case)


def note(folder: CaseFolder, text: NoteText, by: By = None) -> None:
    """Add a remark to the custody log."""
    with _refusing():
        case = _open(folder, by)
        case.note(text)
        _show_head(case)


def handover(folder: CaseFolder, package: PackagePath, to: Receiver, by: By = None) -> None:
    """Record that a package was given to somebody, by its hash."""
    with _refusing():
        case = _open(folder, by)
        entry = case.hand_over(package, to=to)
        assert entry.thing is not None, "a hand-over is of something"
        typer.echo(f"{entry.thing.sha256}  {entry.thing.name}")
        _show_head(case)


def sign(folder: CaseFolder, key: SigningKey, key_name: SigningName, by: By = None) -> None:
    """Sign all entries so far with a key that `streamwitness key create` made."""
    from gateway.evidence.log.signing import load_signer
    from workbench.case.signing import sign_custody

    with _refusing():
        case = _open(folder, by)
        signer = load_signer(key, key_name)
        sign_custody(case.log, signer)
        typer.echo(f"signed with {signer.public.vkey}")
        _show_head(case)


def log(folder: CaseFolder) -> None:
    """Show the custody log, and its head, to be noted on paper."""
    from workbench.case.folder import Case

    with _refusing():
        case = Case.open(folder)
        for entry in case.log.read().entries:
            typer.echo(_line(entry))
        _show_head(case)


def verify(folder: CaseFolder, head: NotedHead = None) -> None:
    """Say whether the custody log is as it was written, and names files that are as recorded.

    Exit code 0 means yes; 1 that a line or a file is not; 2 that there is no case.
    """
    from gateway.evidence.document import printable
    from workbench.case.custody import CustodyLog
    from workbench.case.verdict import judge

    with _refusing():
        judgement = judge(folder, CustodyLog(folder, None).read(), head)
    for sentence in (*judgement.problems, *judgement.told):
        typer.echo(printable(sentence))
    if judgement.problems:
        raise typer.Exit(FAULTS_EXIT_CODE)


def _open(folder: Path, by: str | None) -> Case:
    from workbench.case.folder import Case

    return Case.open(folder, by=by)


def _line(entry: Entry) -> str:
    from gateway.evidence.document import printable

    who = entry.actor.name or entry.actor.user
    thing = "" if entry.thing is None else f" {entry.thing.name} {entry.thing.sha256 or ''}"
    details = "; ".join(f"{name}: {value}" for name, value in entry.details.items())
    line = f"{entry.sequence} {entry.time} {who}@{entry.actor.host} {entry.action}{thing} {details}"
    return printable(line.rstrip())


def _show_head(case: Case) -> None:
    custody = case.log.read()
    typer.echo(f"head {custody.head} of {len(custody.entries)} entries: note it elsewhere")


@contextmanager
def _refusing() -> Iterator[None]:
    from gateway.evidence.errors import EvidenceError
    from workbench.case.errors import CaseError

    try:
        yield
    except (CaseError, EvidenceError, OSError) as error:
        typer.echo(f"streamwitness: {error}", err=True)
        raise typer.Exit(USAGE_EXIT_CODE) from None
