"""Writes past the gateway are found by the offsets that nobody wrote on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.workbench.frames import Frames, at
from workbench.questions.bypassing_writes import bypassing_writes
from workbench.questions.offsets import State
from workbench.questions.verdict import Answer
from workbench.sample.truth import Place

if TYPE_CHECKING:
    from workbench.archive import Archive
    from workbench.sample.truth import Truth


def recorded(*given: object) -> Frames:
    """Record two writes, and a delivery of whatever is given."""
    frames = Frames()
    frames.connect("p", "shop")
    frames.connect("c", "billing")
    frames.write("p", "orders", 0, ["a", "b"], 10)
    frames.give("c", "orders", 0, list(given or ("a", "b")), 20)
    return frames


def test_exactly_the_bypassing_write_is_found(breach: Archive, truth: Truth) -> None:
    """Not the markers of transactions, not what was sent without an answer."""
    verdict = bypassing_writes(breach)
    found = verdict.rows.filter(pl.col("state") == State.BYPASSED).collect()
    places = [Place(*row) for row in found.select("topic", "partition", "offset").rows()]

    assert Answer.YES == verdict.answer
    assert truth.bypassing == tuple(places)
    assert "first orders-1 at offset 204" in verdict.because


def test_what_was_sent_without_an_answer_is_explained(breach: Archive, truth: Truth) -> None:
    """Every click is recognised by its content."""
    verdict = bypassing_writes(breach, topic="clicks")

    assert len(truth.acks_none) == verdict.frame["unanswered"].sum()


def test_a_closed_cluster_has_no_bypass(closed: Archive) -> None:
    """Every offset is accounted for, over all topics."""
    verdict = bypassing_writes(closed)

    assert Answer.NO == verdict.answer
    assert 0 == verdict.frame["unseen"].sum()


def test_one_topic_can_be_looked_at(breach: Archive) -> None:
    """The summary and the rows are about it alone."""
    verdict = bypassing_writes(breach, topic="payments")

    assert {"payments"} == set(verdict.frame["topic"])
    assert verdict.rows.collect().is_empty()
    assert {"topic": "payments"} == dict(verdict.parameters)


def test_a_gap_makes_no_unknown() -> None:
    """What nobody wrote on record may stand in what is missing."""
    frames = recorded("a", "b", "x")
    frames.lose("sequence_gap")
    verdict = bypassing_writes(frames.tables)

    assert Answer.UNKNOWN == verdict.answer
    assert 1 == verdict.frame["maybe_lost"].sum()


def test_records_that_cannot_be_compared_make_no_unknown() -> None:
    """One was sent without an answer, and what was delivered is masked."""
    frames = recorded()
    frames.write("p", "orders", None, ["x"], 30)
    frames.give("c", "orders", 2, ["***"], 40, masked={"card": 1})
    verdict = bypassing_writes(frames.tables)

    assert Answer.UNKNOWN == verdict.answer
    assert "cannot be compared" in verdict.because


def test_offsets_that_nobody_saw_make_no_unknown() -> None:
    """They may be markers, or writes that nobody has read yet."""
    frames = recorded()
    frames.give("c", "orders", 0, ["a", "b"], 30, high_watermark=5)
    verdict = bypassing_writes(frames.tables)

    assert Answer.UNKNOWN == verdict.answer
    assert "3 offsets were neither written nor delivered" in verdict.because


def earlier(second: float) -> Frames:
    """Record a delivery of what nobody wrote on record, made at a second of the record."""
    frames = Frames()
    frames.connect("c", "billing")
    frames.give("c", "orders", 0, ["a", "b"], 20)
    for read in frames.lines["reads"]:
        read["timestamp"] = at(second)
    return frames


def test_older_records_are_no_bypass() -> None:
    """Who wrote them is not asked."""
    verdict = bypassing_writes(earlier(-1).tables)

    assert Answer.NO == verdict.answer
    assert 2 == verdict.frame["earlier"].sum()


def test_younger_records_that_were_there_before_make_no_unknown() -> None:
    """The topic may have been made and written to past the gateway while recording ran."""
    verdict = bypassing_writes(earlier(5).tables)

    assert Answer.UNKNOWN == verdict.answer
    assert "2 records were there when the partition was first heard of" in verdict.because


def test_what_is_older_than_a_beginning_that_is_lost_is_not_known_to_be() -> None:
    """One gateway's sessions have lost their first events: nobody knows when it began."""
    frames = earlier(-5)
    frames.lines["sessions"].append(
        frames.lines["sessions"][0] | {"origin": "gw-2", "opened_at": None}
    )
    verdict = bypassing_writes(frames.tables)

    assert Answer.UNKNOWN == verdict.answer
    assert "2 records were there when the partition was first heard of" in verdict.because


def test_a_topic_that_was_deleted_makes_no_unknown() -> None:
    """Its offsets are given again, and an old write would account for a new record."""
    frames = recorded()
    frames.add("admin", "p", 15, api="DELETE_TOPICS", error_code=0, targets=["orders"])
    verdict = bypassing_writes(frames.tables)

    assert Answer.UNKNOWN == verdict.answer
    assert "1 topic was deleted" in verdict.because


def test_a_deletion_that_was_refused_changes_nothing() -> None:
    """The topic is the same as before."""
    frames = recorded()
    frames.add("admin", "p", 15, api="DELETE_TOPICS", error_code=29, targets=["orders"])

    assert Answer.NO == bypassing_writes(frames.tables).answer


@pytest.mark.parametrize(
    ("error_code", "targets"),
    [(3, ["nosuch", "orders"]), (None, ["orders"]), (7, ["orders"])],
    ids=["the first of two failed", "no answer", "timed out"],
)
def test_a_topic_that_may_have_been_deleted_makes_no_unknown(
    error_code: int | None, targets: list[str]
) -> None:
    """The row tells the first error of the answer, or none came."""
    frames = recorded()
    frames.add("admin", "p", 15, api="DELETE_TOPICS", error_code=error_code, targets=targets)

    assert Answer.UNKNOWN == bypassing_writes(frames.tables).answer


def test_a_topic_with_two_ids_makes_no_unknown() -> None:
    """It was deleted and made again past the gateway."""
    frames = recorded()
    frames.give("c", "orders", 0, ["a", "b"], 30, topic_id="A")
    assert Answer.NO == bypassing_writes(frames.tables).answer

    frames.give("c", "orders", 0, ["x", "y"], 40, topic_id="B")

    assert Answer.UNKNOWN == bypassing_writes(frames.tables).answer


def test_what_may_be_younger_than_the_recording_makes_no_unknown() -> None:
    """Its topic may have been made while recording ran, whatever time the records claim."""
    frames = earlier(-1)
    frames.add("admin", "c", 15, api="CREATE_TOPICS", error_code=7, targets=["orders"])
    verdict = bypassing_writes(frames.tables)

    assert Answer.UNKNOWN == verdict.answer
    assert 2 == verdict.frame["maybe_earlier"].sum()
    assert "2 records may be older than the recording or younger" in verdict.because


def test_a_write_to_a_topic_that_is_only_shared_is_found() -> None:
    """The topic was made while recording ran, so somebody wrote to it past the gateway."""
    frames = Frames()
    frames.connect("c", "billing")
    frames.add("admin", "c", 5, api="CREATE_TOPICS", error_code=0, targets=["orders"])
    frames.give("c", "orders", 0, ["a"], 20, high_watermark=None, log_start_offset=None)

    assert Answer.YES == bypassing_writes(frames.tables).answer
