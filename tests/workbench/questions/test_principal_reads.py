"""What a principal was given is listed to the last record."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.workbench.frames import Frames, at
from workbench.questions.names import UnknownNameError
from workbench.questions.principal_reads import what_did_principal_read
from workbench.questions.verdict import Answer
from workbench.sample.recorder import BEGIN

if TYPE_CHECKING:
    from workbench.archive import Archive
    from workbench.sample.truth import Truth


@pytest.mark.parametrize(
    "subject", ["billing", "fulfilment", "analytics", "reporting", "shop-web", "accounting"]
)
def test_every_read_is_listed_and_no_other(breach: Archive, truth: Truth, subject: str) -> None:
    """Record by record, as the truth has it, hidden ones included."""
    verdict = what_did_principal_read(breach, subject)
    rows = verdict.rows.collect()
    expected = sorted(
        (read.session, read.place.topic, read.place.partition, read.place.offset)
        for read in truth.reads
        if read.principal.startswith(f"{subject}@")
    )

    assert expected == sorted(rows.select("session", "topic", "partition", "offset").iter_rows())
    assert len(expected) == verdict.frame["deliveries"].sum()


def test_one_session_and_topic_can_be_looked_at(breach: Archive, truth: Truth) -> None:
    """The intruder's connection, apart from the service whose credential it used."""
    verdict = what_did_principal_read(
        breach, truth.suspect, topic=truth.topic, session=truth.suspect_session
    )
    places = {
        read.place
        for read in truth.reads
        if read.session == truth.suspect_session and read.place.topic == truth.topic
    }

    assert len(places) == verdict.frame["records"].sum()
    assert {truth.suspect_session} == set(verdict.frame["session"])


def test_several_sessions_can_be_looked_at(breach: Archive, truth: Truth) -> None:
    """A client has more than one; how many were chosen stands in the question."""
    read = [each for each in truth.reads if each.principal == truth.suspect]
    sessions = {each.session for each in read}
    verdict = what_did_principal_read(breach, truth.suspect, session=sessions)

    assert len(sessions) > 1
    assert len(read) == verdict.frame["deliveries"].sum()
    assert verdict.question.endswith(f", {len(sessions)} sessions?")


def test_the_time_can_be_limited(breach: Archive) -> None:
    """From the first moment, up to but without the last."""
    until = BEGIN + timedelta(minutes=30)
    verdict = what_did_principal_read(breach, "reporting", since=BEGIN, until=until)
    times = verdict.rows.select(pl.col("delivered_at")).collect()["delivered_at"]

    assert all(BEGIN <= time < until for time in times)
    assert 9 == verdict.frame["deliveries"].sum()


def test_times_at_the_limits_belong_to_one_side() -> None:
    """Two halves make a whole."""
    frames = Frames()
    frames.connect("c", "billing")
    frames.give("c", "orders", 0, ["a"], 10)
    before = what_did_principal_read(frames.tables, "billing", until=at(10))
    after = what_did_principal_read(frames.tables, "billing", since=at(10))

    assert (Answer.NO, Answer.YES) == (before.answer, after.answer)


def test_who_was_given_nothing_read_nothing(closed: Archive) -> None:
    """The shop only writes."""
    assert Answer.NO == what_did_principal_read(closed, "shop-web").answer


def test_a_bypass_makes_nothing_unknown(breach: Archive) -> None:
    """It may have read past the gateway."""
    assert Answer.UNKNOWN == what_did_principal_read(breach, "shop-web").answer


def test_many_topics_are_told_in_short() -> None:
    """The largest by name, the rest by number."""
    frames = Frames()
    frames.connect("c", "billing")
    for number in range(6):
        frames.give("c", f"t{number}", 0, ["a"] * (number + 1), number)
    verdict = what_did_principal_read(frames.tables, "billing")

    assert (
        "It was given 6 records of t5, 5 records of t4, 4 records of t3, 3 records of t2, records "
        "of 2 more topics, over 1 connection."
    ) == verdict.because


def test_an_unknown_principal_is_refused(breach: Archive) -> None:
    """Nobody of that name is not the same as nothing read."""
    with pytest.raises(UnknownNameError, match="did you mean billing"):
        what_did_principal_read(breach, "biling")


def test_a_name_before_the_newest_event_is_a_typing_error() -> None:
    """What comes after has no part in the question, so it cannot excuse the name."""
    frames = Frames()
    frames.connect("c", "billing")
    frames.lose("no_end", is_information=True, since=at(20))

    assert Answer.UNKNOWN == what_did_principal_read(frames.tables, "biling").answer
    with pytest.raises(UnknownNameError, match="did you mean billing"):
        what_did_principal_read(frames.tables, "biling", until=at(20))


def test_only_the_time_before_the_newest_event_is_known_in_full() -> None:
    """Recording goes on: a no needs an end."""
    frames = Frames()
    frames.connect("p", "shop")
    frames.connect("c", "billing")
    frames.lose("no_end", is_information=True, since=at(20))

    assert Answer.UNKNOWN == what_did_principal_read(frames.tables, "billing").answer
    assert Answer.NO == what_did_principal_read(frames.tables, "billing", until=at(20)).answer


def test_a_no_holds_until_recording_ended() -> None:
    """It says so where more was asked about; where all of it lies after that, nobody knows."""
    frames = Frames()
    frames.connect("p", "shop")
    frames.connect("c", "billing")
    limit = "That holds until 2026-03-17 09:10:00 UTC, when recording ended."

    for until, is_limited in ((None, True), (at(601), True), (at(600), False)):
        verdict = what_did_principal_read(frames.tables, "billing", until=until)
        assert Answer.NO == verdict.answer
        assert is_limited == (limit in verdict.because)
    later = what_did_principal_read(frames.tables, "billing", since=at(601))
    assert Answer.UNKNOWN == later.answer
    assert "recording had ended at" in later.because
