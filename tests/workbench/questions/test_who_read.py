"""Who read a record is told by its place, its key or its content, and no is said with care."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.workbench.frames import Frames, at
from workbench.questions.verdict import Answer, Proof
from workbench.questions.who_read import who_read
from workbench.sample.business import email

if TYPE_CHECKING:
    from workbench.archive import Archive
    from workbench.sample.truth import Place, Truth


def readers(truth: Truth, place: Place) -> set[str]:
    """Return the sessions that were really given a record."""
    return {read.session for read in truth.reads if read.place == place}


def test_every_reader_of_the_injected_record_is_found(breach: Archive, truth: Truth) -> None:
    """By the place where it lies."""
    place = truth.injected
    verdict = who_read(breach, place.topic, partition=place.partition, offset=place.offset)

    assert Answer.YES == verdict.answer
    assert readers(truth, place) == set(verdict.frame["session"])
    assert {truth.injected_reader} == set(verdict.frame["principal"])


def test_readers_are_found_by_the_key(breach: Archive, truth: Truth) -> None:
    """A key may be a text or bytes, and mean several records."""
    verdict = who_read(breach, "payments", key=b"o-00012")
    sessions = {
        read.session
        for read in truth.reads
        if read.place.topic == "payments" and (read.place.partition, read.place.offset) == (0, 6)
    }

    assert sessions == set(verdict.frame["session"])
    assert who_read(breach, "payments", key="o-00012").frame.equals(verdict.frame)


def test_readers_are_found_by_a_part_of_the_content(breach: Archive, truth: Truth) -> None:
    """Those too who were given it masked, when the record was seen in clear elsewhere."""
    verdict = who_read(breach, "payments", containing=email(12))
    principals = set(verdict.frame["principal"])

    assert {truth.suspect, truth.masked_reader} == principals
    assert Proof.REPUBLISHED == verdict.proof


def test_nobody_read_a_record_that_was_not_delivered(closed: Archive) -> None:
    """The record is whole, and the cluster is reached through the gateway only."""
    verdict = who_read(closed, "shipments", partition=0, offset=3)

    assert Answer.NO == verdict.answer
    assert verdict.proof is None
    assert "Assumes that every reader came through the gateway" in " ".join(verdict.covered)


def test_a_bypass_makes_no_unknown(breach: Archive) -> None:
    """Who writes past the gateway can read past it."""
    verdict = who_read(breach, "shipments", partition=0, offset=3)

    assert Answer.UNKNOWN == verdict.answer
    assert "written past the gateway" in verdict.because


def test_a_lost_block_makes_no_unknown_and_leaves_yes() -> None:
    """What was seen was seen; what was not seen may have been lost."""
    frames = Frames()
    frames.connect("c", "billing")
    frames.give("c", "orders", 0, ["a"])
    frames.lose("frame")
    seen = who_read(frames.tables, "orders", partition=0, offset=0)
    unseen = who_read(frames.tables, "orders", partition=0, offset=1)

    assert (Answer.YES, Answer.UNKNOWN) == (seen.answer, unseen.answer)
    assert ("There may be more readers",) == tuple(
        sentence.partition(":")[0] for sentence in seen.not_covered
    )


def test_masked_content_cannot_be_searched() -> None:
    """A text that is not found may be under the mask."""
    frames = Frames()
    frames.connect("c", "analytics")
    frames.give("c", "payments", 0, [{"card": "***"}], masked={"card": 1})
    verdict = who_read(frames.tables, "payments", containing="4111")

    assert Answer.UNKNOWN == verdict.answer
    assert "what was masked in 1 delivery cannot be searched" in verdict.because


def test_records_hidden_by_the_library_count() -> None:
    """The bytes reached the client."""
    frames = Frames()
    frames.connect("c", "billing")
    frames.give("c", "orders", 0, ["a", "b"], requested=1)
    verdict = who_read(frames.tables, "orders", partition=0, offset=0)

    assert [(1, 1)] == verdict.frame.select("deliveries", "hidden").rows()


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"partition": 0},
        {"offset": 0},
        {"partition": 0, "offset": 0, "key": "a"},
        {"key": "a", "containing": "b"},
    ],
)
def test_a_record_is_named_in_exactly_one_way(named: dict[str, Any]) -> None:
    """Anything else is a question that nobody asked."""
    frames = Frames()
    frames.connect("c", "billing")
    frames.give("c", "orders", 0, ["a"])

    with pytest.raises(ValueError, match="name the record in one way"):
        who_read(frames.tables, "orders", **named)


def test_an_archive_still_being_written_leaves_it_unknown() -> None:
    """The delivery may stand in what is not sealed yet."""
    frames = Frames()
    frames.connect("p", "shop")
    frames.write("p", "orders", 0, ["a"], 10)
    frames.lose("no_end", is_information=True, since=at(20))

    assert Answer.UNKNOWN == who_read(frames.tables, "orders", partition=0, offset=0).answer


def test_another_record_at_the_same_offset_is_not_the_one() -> None:
    """A topic that was made again gives its offsets again."""
    frames = Frames()
    frames.connect("m", "mallory")
    frames.connect("s", "shop")
    frames.give("m", "orders", 0, ["old"], 10)
    frames.give("s", "orders", 0, ["new"], 20)

    by_content = who_read(frames.tables, "orders", containing="new")
    by_key = who_read(frames.tables, "orders", key='k-"new"')

    assert ["shop@idp"] == by_content.frame["principal"].to_list()
    assert ["shop@idp"] == by_key.frame["principal"].to_list()
