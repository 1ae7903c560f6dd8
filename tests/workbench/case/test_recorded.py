"""Files that the custody log names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.workbench.case.cases import new_case
from workbench.case.recorded import changed_files

if TYPE_CHECKING:
    from pathlib import Path


def test_changed_and_missing_files_are_told_apart(tmp_path: Path) -> None:
    """A changed one contradicts the log, a missing one may have been moved."""
    case = new_case(tmp_path)
    report, other = case.folder / "report.html", tmp_path / "other.html"
    for path in (report, other):
        path.write_text("as it was")
        case.add_report(path)

    assert [] == list(changed_files(case.folder, case.log.read()))

    report.write_text("altered")
    other.unlink()

    found = dict(changed_files(case.folder, case.log.read()))
    assert {"report.html": False, str(other): True} == found


def test_a_report_that_was_built_anew_is_the_newest_one(tmp_path: Path) -> None:
    """What an earlier entry says of it was true then."""
    case = new_case(tmp_path)
    report = case.folder / "report.html"
    for text in ("first", "second"):
        report.write_text(text)
        case.add_report(report)

    assert [] == list(changed_files(case.folder, case.log.read()))
