"""The command that makes evidence packages; whatever it needs is imported when it runs."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

if TYPE_CHECKING:
    from workbench.package.build import PackageOptions
    from workbench.package.choosing import Wanted

USAGE_EXIT_CODE: Final = 2
_SIGNER_NAME: Final = "evidence-package"
# As reproducible-builds.org has it: the time that whatever is made states as its own.
_TIME_VARIABLE: Final = "SOURCE_DATE_EPOCH"

Source = Annotated[
    Path, typer.Argument(help="An archive's or a case's folder.", show_default=False)
]
PackageFolder = Annotated[
    Path, typer.Option("--out", "-o", help="A new or an empty folder.", show_default=False)
]
Origins = Annotated[
    list[str] | None, typer.Option("--origin", help="Only this origin; repeatable.")
]
Since = Annotated[
    str | None,
    typer.Option("--from", help="Only from this time (RFC 3339) or event (its number) on."),
]
Until = Annotated[str | None, typer.Option("--until", help="Only until then, in the same form.")]
ReportToAdd = Annotated[Path | None, typer.Option("--report", help="A report to add.")]
TarFile = Annotated[Path | None, typer.Option("--tar", help="Also write it as one file.")]
ListKey = Annotated[
    Path | None, typer.Option("--key", help="The private key that signs the list of hashes.")
]
TrustedRoot = Annotated[
    str | None, typer.Option("--root-key", help="The root key that you trust, as text.")
]
ByName = Annotated[
    str | None,
    typer.Option("--by", help="The name of who does this.", envvar="STREAMWITNESS_BY"),
]
ArchiveOfCase = Annotated[
    str | None, typer.Option("--archive", help="Which of the case's archives.")
]
AllowDamage = Annotated[
    bool, typer.Option("--damaged", help="Also of a damaged archive; its damage is written down.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("package")(package)


def package(  # noqa: PLR0913 - the command line reads its options from the parameters
    source: Source,
    out: PackageFolder,
    *,
    origin: Origins = None,
    since: Since = None,
    until: Until = None,
    report: ReportToAdd = None,
    tar: TarFile = None,
    key: ListKey = None,
    root_key: TrustedRoot = None,
    by: ByName = None,
    archive: ArchiveOfCase = None,
    damaged: AllowDamage = False,
) -> None:
    """Write an evidence package: an archive or whole segments of it, and what checks them.

    Exit code 2: there is none, because the archive is damaged or nothing fits what was asked for.
    """
    from gateway.evidence.errors import EvidenceError
    from gateway.evidence.log.keys import decode_vkey
    from gateway.evidence.log.signing import load_signer
    from gateway.evidence.log.trust import Trust
    from workbench.package.build import PackageOptions
    from workbench.package.errors import PackageError

    if str(source).startswith("s3:/"):
        _refuse("a package is made of a folder: copy the bucket into one first")
    try:
        options = PackageOptions(
            archive=source,
            out=out,
            made_s=float(os.environ.get(_TIME_VARIABLE, time.time())),
            wanted=wanted(origin or (), since, until),
            report=report,
            by=by,
            signer=None if key is None else load_signer(key, _SIGNER_NAME),
            tar=tar,
            allows_damage=damaged,
            trust=Trust(root=None if root_key is None else decode_vkey(root_key)),
        )
        _package(options, archive)
    except (EvidenceError, PackageError, OSError, ValueError, OverflowError) as error:
        _refuse(str(error))


def _package(options: PackageOptions, archive: str | None) -> None:
    from workbench.package.build import build_package

    if (options.archive / "case.json").is_file():
        from workbench.case.errors import CaseError
        from workbench.package.of_case import package_case

        try:
            description = package_case(options, archive)
        except CaseError as error:
            _refuse(str(error))
    else:
        description = build_package(options)
    typer.echo(f"written to {options.out}: {description.verdict}")
    for part in description.origins:
        left_out = f", {part.left_out_events:,} left out" if part.left_out_events else ""
        typer.echo(f"{part.origin}: {part.segments:,} segments, {part.events:,} events{left_out}")


def wanted(origins: list[str] | tuple[str, ...], since: str | None, until: str | None) -> Wanted:
    """Return what is asked for; an end is a time, or the number of an event. Raises ValueError."""
    from workbench.package.choosing import Wanted

    first, since_ns = _end(since)
    last, until_ns = _end(until)
    return Wanted(
        origins=tuple(origins),
        since_ns=since_ns,
        until_ns=until_ns,
        first_sequence=first,
        last_sequence=last,
    )


def _end(text: str | None) -> tuple[int | None, int | None]:
    """Return the number of an event, or a time in ns."""
    if text is None:
        return None, None
    if re.fullmatch(r"[0-9]{1,18}", text):
        return int(text), None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is no time like 2026-03-17T05:00:00Z, and no event's number"
        raise ValueError(message) from error
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} does not say its time zone: add Z for UTC")
    passed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return None, (passed.days * 86_400 + passed.seconds) * 10**9 + passed.microseconds * 1_000


def _refuse(message: str) -> NoReturn:
    typer.echo(f"streamwitness: {message}", err=True)
    raise typer.Exit(USAGE_EXIT_CODE)
