"""What was refused is told with the rule, and failed logins with the names that were tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.workbench.frames import Frames
from workbench.questions.refusals import what_was_refused
from workbench.questions.verdict import Answer

if TYPE_CHECKING:
    from workbench.archive import Archive
    from workbench.sample.truth import Truth


def test_the_refusals_of_the_breach_are_told(breach: Archive, truth: Truth) -> None:
    """The deletion with its rule and topic, the logins with the names that were tried."""
    verdict = what_was_refused(breach)
    request = verdict.frame.filter(verdict.frame["principal"].is_not_null()).row(0, named=True)
    logins = verdict.frame.filter(verdict.frame["principal"].is_null()).row(0, named=True)

    assert Answer.YES == verdict.answer
    assert (truth.suspect, truth.refused_api, [truth.refused_by], [truth.topic]) == (
        request["principal"],
        request["api"],
        request["rule_ids"],
        request["targets"],
    )
    assert sorted(truth.failed_logins) == logins["claimed"]
    assert "1 request (DELETE_TOPICS) and 3 logins (admin, billing, kafka)." == verdict.because


def test_requests_that_were_held_count() -> None:
    """Somebody had to decide about them."""
    frames = Frames()
    frames.connect("s1", "eve")
    frames.add("exchanges", "s1", 5, api="FETCH", decision="hold", rule_ids=["bulk"])

    assert "1 request (FETCH)." == what_was_refused(frames.tables).because


def test_the_names_of_failed_logins_are_not_put_to_later_requests() -> None:
    """A refused request is not a failed login."""
    frames = Frames()
    frames.connect("s1", "eve", claimed=["root"])
    frames.add("exchanges", "s1", 5, api="DELETE_TOPICS", decision="deny", error_code=29)

    assert [[]] == what_was_refused(frames.tables).frame["claimed"].to_list()


def test_errors_of_brokers_are_no_refusals() -> None:
    """The gateway let them pass."""
    frames = Frames()
    frames.connect("s1", "eve")
    frames.add("exchanges", "s1", 5, api="FETCH", decision="allow", error_code=3)

    assert Answer.NO == what_was_refused(frames.tables).answer


def test_a_damaged_archive_leaves_it_unknown() -> None:
    """The refusal may be what is missing."""
    frames = Frames()
    frames.connect("s1", "eve")
    frames.lose("frame")

    assert Answer.UNKNOWN == what_was_refused(frames.tables).answer
