"""`streamwitness doctor`; whatever it needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.refusing import USAGE_EXIT_CODE

if TYPE_CHECKING:
    from gateway.sealer import UploadOptions

NOT_HELD_EXIT_CODE = 1

Worm = Annotated[
    bool, typer.Option("--worm", help="Attack the bucket that the archive is copied to.")
]
Bucket = Annotated[
    str | None,
    typer.Argument(help="s3://BUCKET/PREFIX, or give --config.", show_default=False),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The configuration whose object_storage is meant."),
]
Endpoint = Annotated[str | None, typer.Option("--endpoint", help="The storage's URL.")]
LegalHold = Annotated[
    bool, typer.Option("--legal-hold", help="Also put a legal hold, and try to lift it.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("doctor")(doctor)


def doctor(
    bucket: Bucket = None,
    *,
    worm: Worm = False,
    config: ConfigFile = None,
    endpoint: Endpoint = None,
    legal_hold: LegalHold = False,
) -> None:
    """Attack the real bucket: can what is written there be changed or removed?

    Exit code 0: every attack was withstood; 1: one won, or could not be tried; 2: nothing was
    tried. Only objects of its own are attacked; they stay there for a day, and with a legal
    hold until somebody lifts that.
    """
    from gateway.config.load import ConfigError
    from gateway.evidence.errors import ArchiveError

    if not worm:
        typer.echo("streamwitness: say what to look at: --worm", err=True)
        raise typer.Exit(USAGE_EXIT_CODE)
    try:
        options = _asked(bucket, config, endpoint=endpoint, legal_hold=legal_hold)
        all_held = _show(options)
    except ConfigError as error:
        typer.echo(error, err=True)
        raise typer.Exit(USAGE_EXIT_CODE) from None
    except ArchiveError as error:
        typer.echo(f"streamwitness: {error}", err=True)
        raise typer.Exit(USAGE_EXIT_CODE) from None
    raise typer.Exit(0 if all_held else NOT_HELD_EXIT_CODE)


def _asked(
    bucket: str | None, config: Path | None, *, endpoint: str | None, legal_hold: bool
) -> UploadOptions:
    from gateway.config.load import load_config
    from gateway.evidence.bucket.location import parse_location
    from gateway.evidence.errors import ArchiveError
    from gateway.sealer import UploadOptions
    from gateway.sealer.configured import configured_upload

    if (bucket is None) == (config is None):
        raise ArchiveError("give either s3://BUCKET/PREFIX or --config")
    if config is not None:
        configured = configured_upload(load_config(config))
        if configured is None:
            raise ArchiveError(f"{config} has no section object_storage")
        return configured.upload
    location = parse_location(bucket or "", endpoint=endpoint)
    return UploadOptions(location=location, retention_days=1, legal_hold=legal_hold)


def _show(options: UploadOptions) -> bool:
    from gateway.sealer.worm.doctor import Outcome, attack_bucket

    not_held = 0
    for finding in attack_bucket(options):
        not_held += finding.outcome is not Outcome.HELD
        typer.echo(f"{finding.outcome:<8}{finding.attack}: {finding.detail}")
    if not_held:
        typer.echo(f"{options.location} does NOT hold: {not_held:,} attacks were not withstood")
    else:
        typer.echo(f"{options.location} withstood every attack, in the mode {options.mode}")
    return not not_held
