"""Who was given what a principal wrote is followed by offset, in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workbench.frames import Frames
from workbench.questions.received_from import who_received_from
from workbench.questions.verdict import Answer, Proof

if TYPE_CHECKING:
    from workbench.archive import Archive
    from workbench.sample.truth import Truth


def wrote(first: int | None = 0, second: float = 10) -> Frames:
    """Let mallory write two records."""
    frames = Frames()
    frames.connect("m", "mallory")
    frames.connect("c", "billing")
    frames.write("m", "orders", first, ["x", "y"], second)
    return frames


def test_the_reader_of_the_injected_record_is_found(breach: Archive, truth: Truth) -> None:
    """Exactly that record, and the copies that nobody read are listed too."""
    verdict = who_received_from(breach, truth.suspect, session=truth.suspect_session)
    rows = verdict.rows.collect()

    assert (Answer.YES, Proof.ACKNOWLEDGED) == (verdict.answer, verdict.proof)
    assert [(truth.injected.topic, truth.injected.partition, truth.injected.offset)] == rows.select(
        "topic", "partition", "offset"
    ).rows()
    assert {truth.exported_to: None, "orders": truth.injected_reader} == dict(
        verdict.frame.select("topic", "reader").iter_rows()
    )


def test_what_nobody_was_given_nobody_received(closed: Archive, truth: Truth) -> None:
    """The intruder's copies lie where they are."""
    verdict = who_received_from(closed, truth.suspect, topic=truth.exported_to)

    assert Answer.NO == verdict.answer
    assert verdict.because.startswith("It wrote 774 records; no delivery of any is recorded. That")


def test_its_own_connection_is_no_receiver() -> None:
    """Reading back what one wrote reaches nobody else."""
    frames = wrote()
    frames.give("m", "orders", 0, ["x", "y"], 20)

    assert Answer.NO == who_received_from(frames.tables, "mallory").answer


def test_several_connections_can_be_one_writer() -> None:
    """What a client wrote on one connection and read back on another reached nobody else."""
    frames = wrote()
    frames.connect("m2", "mallory")
    frames.give("m2", "orders", 0, ["x", "y"], 20)
    verdict = who_received_from(frames.tables, "mallory", session=["m", "m2"])

    assert Answer.NO == verdict.answer
    assert "Did anybody receive what mallory@idp wrote, 2 sessions?" == verdict.question


def test_another_connection_of_the_same_principal_is() -> None:
    """The service whose credential was stolen takes what the thief wrote."""
    frames = wrote()
    frames.connect("m2", "mallory")
    frames.give("m2", "orders", 0, ["x", "y"], 20)

    assert Answer.YES == who_received_from(frames.tables, "mallory", session="m").answer


def test_what_was_delivered_before_it_was_written_is_something_else() -> None:
    """The topic was made again meanwhile, and the offsets began anew."""
    frames = wrote(second=30)
    frames.give("c", "orders", 0, ["a", "b"], 20)

    assert frames.tables.reads.collect().height
    assert who_received_from(frames.tables, "mallory").rows.collect().is_empty()


def test_records_between_are_not_its_own() -> None:
    """Only the offsets that it was told."""
    frames = wrote()
    frames.give("c", "orders", 1, ["y", "z"], 20)
    verdict = who_received_from(frames.tables, "mallory")

    assert [1] == verdict.rows.collect()["offset"].to_list()
    assert "billing@idp received 1 record of orders." == verdict.because


def test_records_without_an_answer_cannot_be_followed() -> None:
    """Where they lie nobody was told."""
    verdict = who_received_from(wrote(first=None).tables, "mallory")

    assert Answer.UNKNOWN == verdict.answer
    assert "the offsets of 2 records are unknown" in verdict.because


def test_records_that_failed_on_the_way_to_other_replicas_cannot_be_followed() -> None:
    """The leader kept them, and told no offset; what it refused is in no log."""
    frames = wrote(first=None)
    frames.lines["produced"][-1] |= {"error_code": 20, "outcome": "failed"}
    assert Answer.UNKNOWN == who_received_from(frames.tables, "mallory").answer

    frames.lines["produced"][-1]["error_code"] = 29

    assert Answer.NO == who_received_from(frames.tables, "mallory").answer


@pytest.mark.parametrize("topic", [None, "orders"])
def test_a_delivery_under_an_unknown_id_may_be_of_what_was_written(topic: str | None) -> None:
    """Whether one topic is asked about or all that were written to."""
    frames = wrote()
    frames.give("c", "other", 0, ["x", "y"], 20)
    frames.lines["delivered"][-1] |= {"topic": None, "topic_id": "A"}
    verdict = who_received_from(frames.tables, "mallory", topic=topic)

    assert Answer.UNKNOWN == verdict.answer
    assert "1 delivery names a topic by an unknown id" in verdict.because


def test_a_delivery_under_an_unknown_id_is_of_the_topic_that_was_written_to_by_it() -> None:
    """There its offsets are compared, as everybody calls the topic so."""
    frames = wrote()
    frames.lines["produced"][-1] |= {"topic": None, "topic_id": "A"}
    frames.give("c", "other", 0, ["x", "y"], 5)
    for table in ("delivered", "reads"):
        for row in frames.lines[table]:
            row |= {"topic": None, "topic_id": "A"}

    assert Answer.NO == who_received_from(frames.tables, "mallory").answer


@pytest.mark.parametrize("topic", [None, "orders"])
def test_what_was_written_under_an_unknown_id_may_be_of_any_topic(topic: str | None) -> None:
    """It may have been delivered by the name that nobody told."""
    frames = wrote()
    frames.lines["produced"][-1] |= {"topic": None, "topic_id": "A"}
    frames.write("c", "orders", 0, ["x", "y"], 10)
    frames.give("c", "orders", 0, ["x", "y"], 20)
    verdict = who_received_from(frames.tables, "mallory", topic=topic)

    assert Answer.UNKNOWN == verdict.answer
    assert "2 records were written to a topic by an unknown id" in verdict.because


def test_who_wrote_nothing_is_received_by_nobody() -> None:
    """Whatever was delivered under unknown ids."""
    frames = wrote()
    frames.give("c", "other", 0, ["x", "y"], 20)
    frames.lines["delivered"][-1] |= {"topic": None, "topic_id": "A"}

    assert Answer.NO == who_received_from(frames.tables, "billing").answer


def test_many_readers_are_told_in_short() -> None:
    """Three by name, the rest by number."""
    frames = wrote()
    for number in range(5):
        frames.connect(f"r{number}", f"reader{number}")
        frames.give(f"r{number}", "orders", 0, ["x", "y"], 20 + number)
    verdict = who_received_from(frames.tables, "mallory")

    assert verdict.because.endswith("; and 2 more.")
