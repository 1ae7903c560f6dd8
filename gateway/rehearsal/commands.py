"""`streamwitness policy`: check, test, show and replay bundles of rules."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.refusing import USAGE_EXIT_CODE, refusing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.config.bundle_load import LoadedBundle

INCOMPLETE_EXIT_CODE = 1

BundleFolder = Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)]
ArchiveFolder = Annotated[Path, typer.Argument(help="The archive's folder.", show_default=False)]
PolicyFolder = Annotated[Path, typer.Option("--policy", help="The bundle's folder.")]
Limit = Annotated[int, typer.Option("--limit", help="Kinds of changes to tell.", min=1)]
CasesOnly = Annotated[
    bool, typer.Option("--cases-only", help="Let only failed cases count, not missing ones.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    policy = typer.Typer(no_args_is_help=True, help="Try the rules of a policy.")
    policy.command("check")(check)
    policy.command("test")(run_cases)
    policy.command("show")(show)
    policy.command("replay")(replay)
    app.add_typer(policy, name="policy")


def check(folder: BundleFolder) -> None:
    """Check a bundle: its files, patterns and conditions; exit code 2 when something is wrong."""
    loaded = _load(folder)
    counts = f"{len(loaded.policy.rules)} rules, {len(loaded.cases)} cases"
    typer.echo(f"{folder}: good: {counts}, digest {loaded.bundle.digest.hex()}")


def run_cases(folder: BundleFolder, *, cases_only: CasesOnly = False) -> None:
    """Run a bundle's cases; exit code 1 when one fails, or a rule could be broken unnoticed."""
    from gateway.rehearsal.outcome import rehearse

    outcome = rehearse(_load(folder))
    for line in outcome.lines():
        typer.echo(line)
    if outcome.failures or not (cases_only or outcome.is_complete):
        raise typer.Exit(INCOMPLETE_EXIT_CODE)


def show(folder: BundleFolder) -> None:
    """Show a bundle's rules, one a line: what they do, and what they look at."""
    from gateway.rehearsal.shown import shown_rules

    for line in shown_rules(_load(folder).policy):
        typer.echo(line)


def replay(archive: ArchiveFolder, policy: PolicyFolder, limit: Limit = 50) -> None:
    """Tell which recorded exchanges a bundle would have decided otherwise, the most frequent first.

    Only events are read, no payload. Exit code 2: there is no such archive or bundle.
    """
    from gateway.rehearsal.replay import replay as ask_again
    from gateway.rehearsal.replay import told

    loaded = _load(policy)
    with refusing():
        result = ask_again(archive, loaded.policy)
    for line in told(result, lines_max=limit):
        typer.echo(line)


def _load(folder: Path) -> LoadedBundle:
    from gateway.config.bundle_load import load_bundle

    with _refusing():
        return load_bundle(folder)


@contextmanager
def _refusing() -> Iterator[None]:
    from gateway.config.bundle_load import BundleError

    try:
        yield
    except BundleError as error:
        typer.echo(f"streamwitness: {error}", err=True)
        raise typer.Exit(USAGE_EXIT_CODE) from None
