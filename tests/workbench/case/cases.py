"""What the tests of cases share: a case about the golden archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.gateway.evidence.golden import GOLDEN
from workbench.case.custody import CUSTODY
from workbench.case.folder import Case

if TYPE_CHECKING:
    from pathlib import Path


def new_case(folder: Path) -> Case:
    """Make a case with three entries: created and two notes."""
    case = Case.create(folder / "case", name="leak", archives=[GOLDEN], by="Ada")
    case.note("first")
    case.note("second")
    return case


def lines(case: Case) -> list[bytes]:
    """Return the lines of the custody log, ends included."""
    return (case.folder / CUSTODY).read_bytes().splitlines(keepends=True)


def rewrite(case: Case, *kept: bytes) -> None:
    """Put other lines in the place of the log's."""
    (case.folder / CUSTODY).write_bytes(b"".join(kept))
