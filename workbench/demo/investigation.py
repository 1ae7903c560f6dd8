"""The second half of the demo: the archive is verified, checked, asked, and reported on."""

from __future__ import annotations

from contextlib import contextmanager
from textwrap import shorten
from typing import TYPE_CHECKING

from gateway.evidence.verify import Verdict as Soundness
from gateway.evidence.verify import verify
from workbench.archive import open_archive
from workbench.demo.asking import QUESTIONS, ask_all
from workbench.demo.check import mismatches
from workbench.demo.errors import DemoError
from workbench.demo.gateway import STREAMWITNESS
from workbench.demo.payloads import REPORT_PARAMETERS
from workbench.demo.processes import GRACE_SECONDS, Child
from workbench.demo.truth import load_truth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.demo.asking import Asked
    from workbench.demo.cast import Topics
    from workbench.demo.folder import Folder
    from workbench.demo.show import Show
    from workbench.demo.truth import GroundTruth
    from workbench.tables import Tables

# A difference may be about thousands of records.
SHOWN_CHARACTERS = 300


def investigate(folder: Folder, topics: Topics, show: Show) -> list[Asked]:
    """Investigate the archive and return the verdicts, every one of which was right.

    Raises DemoError when the archive is damaged, or tells something else than the ground truth.
    """
    truth = load_truth(folder.ground_truth)
    with show.step("Verify the archive"):
        _verify(folder)
    with _report_under_way(folder) as report:
        asked = _ask(folder, topics, truth, show)
        with show.step("Execute the notebook and write the report"):
            if report.wait() != 0:
                raise DemoError(f"there is no report: {report.log.read_text().strip()}")
    return asked


def _ask(folder: Folder, topics: Topics, truth: GroundTruth, show: Show) -> list[Asked]:
    with show.step("Compare every record with what the clients noted"):
        tables = open_archive(folder.archive)
        _compare(tables, truth)
    with show.step("Ask the archive what happened", total=QUESTIONS) as step:
        asked: list[Asked] = []
        for each in ask_all(tables, truth, topics):
            asked.append(each)
            step.tell(each.verdict.question, len(asked))
    wrong = [each for each in asked if not each.is_right]
    if wrong:
        raise DemoError("\n".join(map(_contradiction, wrong)))
    return asked


def _verify(folder: Folder) -> None:
    verification = verify(folder.archive)
    if verification.verdict is not Soundness.WHOLE:
        faults = "\n".join(damage.message for damage in verification.faults)
        raise DemoError(f"the archive {folder.archive} is damaged:\n{faults}")


def _compare(tables: Tables, truth: GroundTruth) -> None:
    differences = mismatches(tables, truth)
    if differences:
        listed = "\n".join(differences)
        raise DemoError(f"the archive and the clients differ in what happened:\n{listed}")


@contextmanager
def _report_under_way(folder: Folder) -> Iterator[Child]:
    """Build the report in a process of its own, as its reader would, while other work goes on."""
    command = [*STREAMWITNESS, "report", str(folder.archive), "--out", str(folder.report)]
    command += ["--executed", str(folder.notebook), *REPORT_PARAMETERS]
    report = Child("report", command, folder.log("report"))
    try:
        yield report
    finally:
        report.stop(seconds=GRACE_SECONDS)


def _contradiction(asked: Asked) -> str:
    found, expected = repr(asked.found), repr(asked.expected)
    return (
        f"{asked.verdict}\nBut that is not what happened: the archive says "
        f"{shorten(found, SHOWN_CHARACTERS)}, the clients say {shorten(expected, SHOWN_CHARACTERS)}"
    )
