"""The commands of the gateway; whatever a command needs is imported when it runs."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gateway.config.model import Config

USAGE_EXIT_CODE = 2

ConfigFile = Annotated[
    Path,
    typer.Option("--config", "-c", help="The configuration file (docs/configuration.md)."),
]
ArchiveFolder = Annotated[Path, typer.Argument(help="The archive's folder.", show_default=False)]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print a JSON document (docs/verifying.md) instead.")
]
CheckOnly = Annotated[
    bool, typer.Option("--check", help="Check the configuration, say what is wrong, and end.")
]


def register(app: typer.Typer) -> None:
    """Add the gateway's commands to the application."""
    gateway = typer.Typer(no_args_is_help=True, help="Run the recording gateway.")
    gateway.command("run")(run)
    gateway.command("hash-password")(hash_password)
    app.add_typer(gateway, name="gateway")
    app.command("verify")(verify)


def run(config: ConfigFile, *, check: CheckOnly = False) -> None:
    """Run the gateway until SIGTERM or SIGINT; exit code 1 means that recording failed."""
    from gateway.config.load import ConfigError, load_config

    try:
        loaded = load_config(config)
    except ConfigError as error:
        typer.echo(error, err=True)
        raise typer.Exit(USAGE_EXIT_CODE) from None
    if check:
        typer.echo(f"{config}: good")
        return
    raise typer.Exit(_run(loaded))


def _run(config: Config) -> int:
    from gateway.sealer import SealerOptions, do_without_pandas, recover
    from gateway.server.run import Sealing, run_gateway

    do_without_pandas()
    options = SealerOptions(
        archive=config.archive,
        journal=config.journal_directory(),
        origin=config.origin(),
        durability=config.durability,
    )
    # -P: the folder in which the gateway was started is no place to import from.
    command = [sys.executable, "-P", "-m", "gateway.sealer"]
    command += ["--archive", str(options.archive), "--journal", str(options.journal)]
    command += ["--origin", options.origin, "--durability", options.durability]
    return run_gateway(config, Sealing(recover=partial(recover, options), command=command))


def hash_password() -> None:
    """Turn a password into the hash that the configuration takes.

    The password is asked for, or read from standard input when that is no terminal; it is never
    an argument, where other users of the machine could see it.
    """
    from gateway.identity import passwords

    if sys.stdin.isatty():
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        typer.echo("no password was given", err=True)
        raise typer.Exit(USAGE_EXIT_CODE)
    typer.echo(passwords.hash_password(password))


def verify(archive: ArchiveFolder, *, as_json: AsJson = False) -> None:
    """Verify that an archive is as it was written: its structure, hashes, chain and sequence.

    Exit code 0 means whole, 1 damaged, and 2 that there is no archive.
    """
    from gateway.verify_command import verify_archive

    raise typer.Exit(verify_archive(archive, as_json=as_json))
