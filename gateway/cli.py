"""The `streamwitness` command: it assembles the commands that the installed packages bring."""

from __future__ import annotations

import re
import sys
from importlib.metadata import entry_points, requires, version
from typing import Annotated

import typer

DISTRIBUTION = "streamwitness"
COMMANDS_GROUP = "streamwitness.commands"
USAGE_EXIT_CODE = 2


def main() -> None:
    """Run the command line; the process ends with the command's exit code."""
    try:
        build_app()()
    except ModuleNotFoundError as error:
        remedy = remedy_for(error)
        if remedy is None:
            raise
        sys.stderr.write(f"streamwitness: {remedy}\n")
        sys.exit(USAGE_EXIT_CODE)
    except UnicodeEncodeError:
        # What is no UTF-8 is good in the name of a file, and nowhere else.
        if all(map(_is_text, sys.argv)):
            raise
        sys.stderr.write(
            "streamwitness: the command line holds bytes that are no text in UTF-8: type it anew\n"
        )
        sys.exit(USAGE_EXIT_CODE)


def _is_text(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def build_app() -> typer.Typer:
    """Build the application from every entry point of the group, in the order of their names."""
    app = typer.Typer(
        name=DISTRIBUTION,
        help="Record Kafka traffic as evidence, verify it, and find out who read what.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    for entry in sorted(entry_points(group=COMMANDS_GROUP), key=lambda entry: entry.name):
        try:
            register = entry.load()
        except ModuleNotFoundError as error:
            # One package's absent extra must not take the other package's commands away.
            reason = remedy_for(error) or str(error)
            sys.stderr.write(f"streamwitness: no commands of {entry.name}: {reason}\n")
        else:
            register(app)
    return app


def remedy_for(error: ModuleNotFoundError) -> str | None:
    """Say which extra brings a missing module; None when no extra does."""
    extra = extra_with(error.name or "", requires(DISTRIBUTION) or [])
    if extra is None:
        return None
    return f"{error.name} is not installed: pip install '{DISTRIBUTION}[{extra}]'"


def extra_with(module: str, requirements: list[str]) -> str | None:
    """Find the smallest extra one of whose requirements names the distribution of a module.

    A distribution is taken to hold the module when its name begins or ends with the module's
    (`yaml` is in pyyaml, `vl_convert` in vl-convert-python).
    """
    wanted = module.partition(".")[0].replace("_", "-").lower()
    extras: dict[str, list[str]] = {}
    for requirement in requirements:
        match = re.match(r"([A-Za-z0-9._-]+).*extra == ['\"](\w+)['\"]", requirement)
        if match is not None:
            extras.setdefault(match[2], []).append(match[1].replace("_", "-").lower())
    holding = [
        extra
        for extra, names in extras.items()
        if wanted and any(name.startswith(wanted) or name.endswith(wanted) for name in names)
    ]
    return min(holding, key=lambda extra: len(extras[extra]), default=None)


def _show_version(is_wanted: object) -> None:
    if is_wanted:
        typer.echo(f"{DISTRIBUTION} {version(DISTRIBUTION)}")
        raise typer.Exit


ShowVersion = Annotated[
    bool,
    typer.Option(
        "--version", help="Show the version and end.", callback=_show_version, is_eager=True
    ),
]


def _options(*, show_version: ShowVersion = False) -> None:
    """Take the options that come before a command; `--version` acts by itself."""
