"""How a command says that it could not do what was asked: one line, and exit code 2."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

USAGE_EXIT_CODE: Final = 2


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what evidence and files raise into the end of a command."""
    from gateway.evidence.errors import EvidenceError

    try:
        yield
    except (EvidenceError, OSError) as error:
        typer.echo(f"streamwitness: {error}", err=True)
        raise typer.Exit(USAGE_EXIT_CODE) from None
