"""`streamwitness retain` and `hold`; whatever they need is imported when they run."""

from __future__ import annotations

from getpass import getuser
from pathlib import Path
from typing import Annotated

import typer

from gateway.refusing import refusing

ArchiveFolder = Annotated[Path, typer.Argument(help="The archive's folder.", show_default=False)]
OlderThan = Annotated[
    int,
    typer.Option(
        "--older-than", metavar="DAYS", help="Sealed longer ago than this.", min=1, max=36_500
    ),
]
KeyFile = Annotated[Path, typer.Option("--key", help="The key that signs the log, as a file.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for whoever verifies the archive.")]
HoldReason = Annotated[str | None, typer.Option("--reason", help="Why it is held.")]
By = Annotated[
    str | None, typer.Option("--by", help="Who does it; else your name on this machine.")
]
Lift = Annotated[bool, typer.Option("--lift", help="Lift the hold instead.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("retain")(retain)
    app.command("hold")(hold)


def retain(
    archive: ArchiveFolder, older_than: OlderThan, key: KeyFile, reason: Reason, by: By = None
) -> None:
    """Remove the sealed segments whose time is over, and leave a signed tombstone for each.

    The log and its proofs stay, and so does the newest segment of each origin. Exit code 2: the
    archive is held, or a segment could not be removed.
    """
    from gateway.evidence.expiry import Removal, days_ago, expire

    removal = Removal(before=days_ago(older_than), key=key, by=by or getuser(), reason=reason)
    count = 0
    with refusing():
        for tombstone in expire(archive, removal):
            count += 1
            typer.echo(f"removed {tombstone.origin}/{tombstone.segment}")
    typer.echo(f"{count:,} segments removed")


def hold(
    archive: ArchiveFolder, *, reason: HoldReason = None, by: By = None, lift: Lift = False
) -> None:
    """Let nothing of an archive be removed by `retain`, until the hold is lifted."""
    from gateway.evidence.errors import ArchiveError
    from gateway.evidence.expiry import hold_archive, lift_hold

    with refusing():
        if lift:
            lift_hold(archive)
        elif reason is None:
            raise ArchiveError("say why it is held: --reason")
        else:
            hold_archive(archive, by=by or getuser(), reason=reason)
    typer.echo("the hold is lifted" if lift else f"{archive} is held")
