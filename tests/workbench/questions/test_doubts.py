"""What could make another answer true is told, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workbench.frames import Frames, at
from workbench.questions.bulk_exports import bulk_exports
from workbench.questions.bypassing_writes import bypassing_writes
from workbench.questions.coverage import cover
from workbench.questions.credential_use import credential_use
from workbench.questions.doubts import Asked, about_anything, about_reads, about_unnamed
from workbench.questions.field_reads import did_principal_read_field
from workbench.questions.principal_reads import what_did_principal_read
from workbench.questions.received_from import who_received_from
from workbench.questions.refusals import what_was_refused
from workbench.questions.verdict import Answer
from workbench.questions.who_read import who_read

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.questions.verdict import Verdict
    from workbench.tables import Tables

QUESTIONS: dict[str, Callable[[Tables], Verdict]] = {
    "who_read": lambda tables: who_read(tables, "pay", partition=0, offset=1),
    "principal": lambda tables: what_did_principal_read(tables, "eve", topic="pay", session="s"),
    "field": lambda tables: did_principal_read_field(tables, "eve", "pay", "card", session="s"),
    "received": lambda tables: who_received_from(tables, "eve", topic="pay", session="s"),
    "credential": lambda tables: credential_use(tables, "eve"),
    "bulk": bulk_exports,
    "bypassing": lambda tables: bypassing_writes(tables, topic="pay"),
    "refused": what_was_refused,
}
TOPIC_ID = "AAECAwQFBgcICQoLDA0ODw"


def recorded() -> Frames:
    """Record a delivery that leaves no doubt."""
    frames = Frames()
    frames.connect("p", "shop")
    frames.connect("c", "billing")
    frames.write("p", "orders", 0, ["a"], 10)
    frames.give("c", "orders", 0, ["a"], 20)
    return frames


def doubts(frames: Frames, topic: str | None = "orders") -> tuple[str, ...]:
    """List the doubts about reading a topic."""
    return about_reads(frames.tables, cover(frames.tables), Asked(topic=topic))


def test_a_whole_record_leaves_no_doubt() -> None:
    """Then a no is a no."""
    assert () == doubts(recorded())
    assert () == doubts(recorded(), None)


def test_an_empty_record_leaves_every_doubt() -> None:
    """Nothing was seen because nobody looked."""
    assert ("nothing was recorded at all",) == about_anything(cover(Frames().tables))


def test_what_is_missing_may_have_held_anything() -> None:
    """One lost block is enough."""
    frames = recorded()
    frames.lose("frame")

    assert ("1 part of the archive may have held it, being damaged or missing",) == doubts(frames)


def test_undecodable_payloads_count_for_their_topic() -> None:
    """Those of another topic do not; those of no known topic do."""
    frames = recorded()
    frames.lose("undecodable", topic="payments")
    assert () == doubts(frames)

    frames.lose("undecodable", topic="orders")
    frames.lose("undecodable")

    assert ("2 payloads of it cannot be decoded",) == doubts(frames)
    assert ("3 payloads of it cannot be decoded",) == doubts(frames, None)


def test_a_delivery_under_an_unknown_id_may_be_of_any_topic() -> None:
    """Except of the one that has this id."""
    frames = recorded()
    unnamed = frames.lines["delivered"][0] | {"topic": None, "topic_id": TOPIC_ID}
    frames.lines["delivered"].append(unnamed)

    assert ("1 delivery names a topic by an unknown id",) == doubts(frames)
    assert () == doubts(frames, TOPIC_ID)
    assert () == doubts(frames, None)
    assert () == about_unnamed(frames.tables, [TOPIC_ID])


def test_who_writes_past_the_gateway_can_read_past_it() -> None:
    """Of any topic, not only of the one that was written to."""
    frames = recorded()
    frames.give("c", "orders", 1, ["x"], 30)
    expected = "1 record was written past the gateway, so somebody reaches the brokers directly"

    assert (expected,) == doubts(frames, "payments")


def test_recording_that_has_not_ended_may_hold_it_later() -> None:
    """Only a time that ends before the newest event is known in full."""
    frames = recorded()
    frames.lose("no_end", is_information=True, since=at(50))
    coverage = cover(frames.tables)
    expected = (
        "recording had not ended, and what was recorded after 2026-03-17 09:00:50 UTC "
        "may not be in it"
    )

    assert (expected,) == about_anything(coverage)
    assert (expected,) == about_anything(coverage, at(51))
    assert () == about_anything(coverage, at(50))
    assert (expected,) == about_reads(frames.tables, coverage)


def test_recording_of_unknown_end_leaves_every_time_in_doubt() -> None:
    """Nobody knows from when on events are missing."""
    frames = recorded()
    frames.lose("no_end", is_information=True, since=at(50))
    frames.lose("no_end", is_information=True)

    assert about_anything(cover(frames.tables), at(10))


@pytest.mark.parametrize("damage", [None, "frame", "header"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_is_answered_from_an_archive_of_which_nothing_is_left(
    question: str, damage: str | None
) -> None:
    """Neither with a no, nor as if the names in it were typing errors."""
    frames = Frames()
    if damage is not None:
        frames.lose(damage)
    verdict = QUESTIONS[question](frames.tables)

    assert Answer.UNKNOWN == verdict.answer
    assert "nothing was recorded at all" in str(verdict)


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_is_answered_with_no_while_recording_may_go_on(question: str) -> None:
    """The names may come up in what is recorded after the newest event."""
    frames = Frames()
    frames.connect("c", "billing")
    frames.lose("no_end", is_information=True, since=at(20))
    verdict = QUESTIONS[question](frames.tables)

    assert Answer.UNKNOWN == verdict.answer
    assert "recording had not ended" in str(verdict)


@pytest.mark.parametrize("question", ["principal", "field", "credential", "refused", "who_read"])
def test_every_no_says_until_when_it_holds(question: str) -> None:
    """Another run may have been recorded later, and not be in this archive."""
    frames = Frames()
    frames.connect("c", "billing")
    frames.connect("s", "eve")
    frames.write("c", "pay", 0, [{"card": 1}])
    frames.give("c", "pay", 0, [{"card": 1}])
    verdict = QUESTIONS[question](frames.tables)

    assert Answer.NO == verdict.answer
    assert "until 2026-03-17 09:10:00 UTC, when recording ended." in verdict.because


def test_a_time_after_the_end_of_recording_is_in_doubt() -> None:
    """Nobody knows whether a gateway ran then."""
    frames = recorded()
    coverage = cover(frames.tables)
    expected = "recording had ended at 2026-03-17 09:10:00 UTC, before the time that is asked about"

    assert (expected,) == about_anything(coverage, since=at(601))
    assert (expected,) == about_reads(frames.tables, coverage, Asked(since=at(601)))
    assert () == about_anything(coverage, since=at(600))
