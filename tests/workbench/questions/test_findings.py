"""Findings put verdicts on one page, in the order in which they are told."""

from __future__ import annotations

from tests.workbench.frames import Frames
from workbench.questions.bulk_exports import bulk_exports
from workbench.questions.findings import findings
from workbench.questions.refusals import what_was_refused


def test_findings_read_as_sentences_and_count_their_answers() -> None:
    """One line each; the page says how many are yes, no and unknown."""
    frames = Frames()
    frames.connect("s1", "<eve>")
    frames.add("exchanges", "s1", api="DELETE_TOPICS", decision="deny", rule_ids=["<rule>"])
    no = (
        "No client read far more than usual, or read much again. "
        "That holds until 2026-03-17 09:10:00 UTC, when recording ended."
    )
    told = findings(what_was_refused(frames.tables), bulk_exports(frames.tables))
    html = told._repr_html_()

    assert [
        "Was anything refused? yes: 1 request (DELETE_TOPICS).",
        f"Was there a bulk export? no: {no}",
    ] == str(told).splitlines()
    assert "1 yes, 1 no, 0 unknown" in html
    assert html.index("refused?") < html.index("export?")
    assert "<eve>" not in html
