"""`streamwitness sessions`: whatever a command needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gateway.server.control import ControlRequest

USAGE_EXIT_CODE = 2

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The gateway's configuration file.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print a line of JSON for each session.")]
SessionIds = Annotated[list[str] | None, typer.Argument(help="The sessions.", show_default=False)]
Subject = Annotated[str | None, typer.Option("--subject", help="All sessions of this principal.")]
Issuer = Annotated[str | None, typer.Option("--issuer", help="With --subject: of this issuer.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the evidence.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    sessions = typer.Typer(
        no_args_is_help=True, help="See who is connected to a running gateway, and end sessions."
    )
    sessions.command("list")(list_sessions)
    sessions.command("kill")(kill)
    app.add_typer(sessions, name="sessions")


def list_sessions(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """List the sessions of a gateway that runs. Exit code 2: it cannot be asked."""
    import msgspec

    from gateway.server.control import ControlRequest

    for session in _ask(config, ControlRequest("list"))["sessions"]:
        if as_json or not isinstance(session, dict):
            typer.echo(msgspec.json.encode(session).decode())
            continue
        principal = f"{session['subject']}@{session['issuer']}"
        typer.echo(
            f"{session['session']}  {session['listener']}  {session['peer']}  "
            f"{principal if session['subject'] else '(not logged in)'}  {session['client_id']}"
        )


def kill(
    config: ConfigFile,
    reason: Reason,
    sessions: SessionIds = None,
    subject: Subject = None,
    issuer: Issuer = None,
) -> None:
    """End sessions at once; their last event says who did it and why.

    Clients may connect again: put the principal on the deny list first if they must not. Exit code
    1: there was no such session; 2: the gateway cannot be asked.
    """
    from gateway.server.control import ControlRequest

    killed = _ask(config, ControlRequest("kill", tuple(sessions or ()), subject, issuer, reason))[
        "killed"
    ]
    for session in killed:
        typer.echo(f"killed: {session}")
    if not killed:
        typer.echo("no such session", err=True)
        raise typer.Exit(1)


def _ask(config: Path, request: ControlRequest) -> dict[str, list[object]]:
    from gateway.config.load import ConfigError, load_config
    from gateway.sessions.asking import NoAnswerError, ask

    try:
        return ask(load_config(config).journal_directory(), request)
    except (ConfigError, NoAnswerError) as error:
        typer.echo(f"streamwitness: {error}", err=True)
        raise typer.Exit(USAGE_EXIT_CODE) from None
