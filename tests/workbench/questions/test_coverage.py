"""What was recorded is measured, and what is missing is counted by its kind."""

from __future__ import annotations

import pytest

from tests.workbench.frames import Frames, at
from workbench.questions.bulk_exports import bulk_exports
from workbench.questions.coverage import cover, is_fault


def test_what_each_gateway_recorded_is_told() -> None:
    """From the first connection to the last event."""
    frames = Frames()
    frames.connect("s1", "shop", 0)
    frames.connect("s2", "billing", 60)
    coverage = cover(frames.tables)

    assert (
        "gw recorded 2 sessions from 2026-03-17 09:00:00 UTC to 2026-03-17 09:11:00 UTC.",
        "No part of the archive is damaged or missing.",
    ) == coverage.sentences()
    assert coverage.is_whole


def test_a_beginning_that_is_missing_is_told() -> None:
    """The first event of every session stood in a segment that is lost."""
    frames = Frames()
    frames.connect("s1", "shop", 0, opened_at=None)
    frames.lose("sequence_gap", first_sequence=0, last_sequence=0)
    coverage = cover(frames.tables)

    assert (
        "gw recorded 1 session until 2026-03-17 09:10:00 UTC; from when on is missing."
        == coverage.sentences()[0]
    )
    assert "from when on is missing" in bulk_exports(frames.tables)._repr_html_()


def test_what_ended_in_order_is_known_until_its_newest_event() -> None:
    """By the order of events, whatever the clocks showed; of several gateways, until the first."""
    frames = Frames()
    frames.connect("s1", "shop", 100, last_sequence=8)
    frames.connect("s2", "shop", 0, last_sequence=9)
    frames.connect("s3", "shop", 300, last_sequence=5, origin="gw-2")
    coverage = cover(frames.tables)

    assert [at(600), at(900)] == [each.ended_at for each in coverage.recorded]
    assert at(600) == coverage.ended_at
    expected = " That holds until 2026-03-17 09:10:00 UTC, when recording ended."
    assert expected == coverage.limit() == coverage.limit(at(601))
    assert "" == coverage.limit(at(600))


def test_what_goes_on_has_not_ended() -> None:
    """That it may hold more is a doubt, which is said otherwise."""
    frames = Frames()
    frames.connect("s1", "shop")
    frames.connect("s2", "shop", origin="gw-2")
    frames.lose("no_end", is_information=True, since=at(20))
    coverage = cover(frames.tables)

    assert [None, at(600)] == [each.ended_at for each in coverage.recorded]
    assert "" == cover(Frames().tables).limit()


def test_lost_events_are_counted_by_their_sequence_numbers() -> None:
    """A gap of known size says how much is missing."""
    frames = Frames()
    frames.connect("s1", "shop")
    frames.lose("sequence_gap", first_sequence=10, last_sequence=19)
    frames.lose("trailing_bytes")
    coverage = cover(frames.tables)

    assert (2, 10) == (coverage.fault_count, coverage.lost_event_count)
    assert not coverage.is_whole
    assert "2 parts of the archive are damaged or missing; at least 10 events missing." in str(
        coverage
    )


def test_what_is_about_one_known_thing_is_no_fault_of_the_whole() -> None:
    """An undecodable payload or an unknown outcome hides nothing but itself."""
    frames = Frames()
    frames.connect("s1", "shop")
    frames.lose("undecodable", topic="payments")
    frames.lose("outcome_unknown")
    frames.lose("open_tail", is_information=True)
    coverage = cover(frames.tables)

    assert (0, 1, 1, True) == (
        coverage.fault_count,
        coverage.undecodable_count,
        coverage.outcome_unknown_count,
        coverage.is_open,
    )
    assert "1 payload cannot be decoded." in str(coverage)
    assert "The outcome of 1 request is unknown." in str(coverage)
    assert "still being written" in str(coverage)


def test_nothing_recorded_covers_nothing() -> None:
    """An empty archive is no ground for an answer."""
    coverage = cover(Frames().tables)

    assert not coverage.is_whole
    assert "Nothing was recorded." in str(coverage)


def test_a_gap_that_does_not_say_counts_as_a_fault() -> None:
    """Rather doubt too much."""
    frames = Frames()
    frames.lose("chain", is_information=None)

    assert 1 == frames.tables.gaps.filter(is_fault()).collect().height


@pytest.mark.parametrize("kind", ["not_selected", "expired"])
def test_what_was_left_out_on_purpose_may_have_held_anything(kind: str) -> None:
    """An answer from a part of an archive never says that something is not in the whole."""
    frames = Frames()
    frames.connect("s1", "shop", 0)
    frames.lose(kind, first_sequence=5, last_sequence=9, is_information=True)
    coverage = cover(frames.tables)

    assert (False, 1, 5) == (
        coverage.is_whole,
        coverage.fault_count,
        coverage.lost_event_count,
    )


def test_what_no_checkpoint_covers_yet_is_told() -> None:
    """It is no fault, and every verdict says how much it is."""
    frames = Frames()
    frames.connect("s1", "shop", 0)
    frames.lose("uncovered", first_sequence=7, last_sequence=9, is_information=True)
    frames.lose("uncovered", first_sequence=0, last_sequence=0, is_information=True)
    coverage = cover(frames.tables)
    told = (
        "No checkpoint covers the newest 4 events yet: they may be lost or altered without a trace."
    )

    assert (True, 4) == (coverage.is_whole, coverage.uncovered_count)
    assert told in coverage.sentences()
    assert told in bulk_exports(frames.tables)._repr_html_()


def test_encrypted_content_is_told_and_is_no_fault() -> None:
    """The archive is whole; what it means to read it is said in the coverage of every verdict."""
    frames = Frames()
    frames.connect("s1", "shop")
    frames.lose("encrypted", is_information=True)
    coverage = cover(frames.tables)

    assert (0, True) == (coverage.fault_count, coverage.is_encrypted)
    assert "Content is encrypted that was not opened; the gaps say why." in coverage.sentences()
    assert not cover(Frames().tables).is_encrypted
