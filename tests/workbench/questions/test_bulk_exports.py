"""Bulk exports are told from ordinary reading by volume and by reading again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workbench.frames import Frames
from workbench.questions.bulk_exports import bulk_exports
from workbench.questions.verdict import Answer, Proof
from workbench.questions.volumes import BulkThresholds

if TYPE_CHECKING:
    from workbench.archive import Archive
    from workbench.sample.truth import Truth

SMALL = BulkThresholds(window="10s", records_min=20, factor=5.0, again_min=15)


def usual(frames: Frames, session: str, subject: str, start: float = 0) -> None:
    """Let a service read two records every ten seconds, all written before the recording."""
    frames.connect(session, subject, start)
    for number in range(12):
        at = start + 10 * number
        frames.give(session, "orders", 2 * number, ["a", "b"], at, high_watermark=1_000)


def test_the_intruder_is_found_and_nobody_else(breach: Archive, truth: Truth) -> None:
    """With the records, the topics and the time of the export."""
    verdict = bulk_exports(breach)
    reads = [read for read in truth.reads if read.session == truth.suspect_session]

    assert (Answer.YES, Proof.DELIVERED) == (verdict.answer, verdict.proof)
    assert [(truth.suspect_session, len(reads), ["volume", "read again"])] == verdict.frame.select(
        "session", "records", "signals"
    ).rows()


def test_ordinary_reading_is_no_export() -> None:
    """Long-lived consumers read much in the end, a little at a time."""
    frames = Frames()
    usual(frames, "s1", "billing")
    usual(frames, "s2", "shop")

    assert Answer.NO == bulk_exports(frames.tables, SMALL).answer


def test_a_volume_is_compared_with_the_same_principals_other_connections() -> None:
    """Ten times what it usually reads in a window."""
    frames = Frames()
    usual(frames, "s1", "billing")
    frames.connect("s2", "billing", 500)
    frames.give("s2", "other", 0, ["x"] * 20, 500)
    verdict = bulk_exports(frames.tables, SMALL)

    assert [("s2", ["volume"], 10.0, "principal")] == verdict.frame.select(
        "session", "signals", "factor", "usual_of"
    ).rows()


def test_who_has_no_other_connection_is_compared_with_everybody() -> None:
    """A principal that appears once and reads all of it is what one is looking for."""
    frames = Frames()
    usual(frames, "s1", "billing")
    frames.connect("s2", "mallory", 500)
    frames.give("s2", "orders", 0, ["x"] * 24, 500)
    verdict = bulk_exports(frames.tables, SMALL)

    assert [("s2", "everybody")] == verdict.frame.select("session", "usual_of").rows()


def test_reading_again_is_a_signal_however_slow() -> None:
    """A service does not read what it was given before."""
    frames = Frames()
    usual(frames, "s1", "billing", 0)
    usual(frames, "s2", "billing", 1_000)
    verdict = bulk_exports(frames.tables, SMALL)

    assert [("s2", ["read again"], 24)] == verdict.frame.select(
        "session", "signals", "again"
    ).rows()


def test_what_another_principal_was_given_is_not_read_again() -> None:
    """Two services read the same topic, each once."""
    frames = Frames()
    usual(frames, "s1", "billing", 0)
    usual(frames, "s2", "shop", 1_000)

    assert Answer.NO == bulk_exports(frames.tables, SMALL).answer


def test_small_connections_are_not_looked_at() -> None:
    """A developer who looks at a few records is no export."""
    frames = Frames()
    usual(frames, "s1", "billing")
    frames.connect("s2", "billing", 500, peer="10.0.0.2:4000")
    frames.give("s2", "orders", 0, ["x"] * 19, 500)

    assert bulk_exports(frames.tables, SMALL).frame.is_empty()


def test_the_strongest_export_stands_first() -> None:
    """Two signals before one, then the number of records."""
    frames = Frames()
    usual(frames, "s1", "billing")
    frames.connect("s2", "billing", 500, peer="10.0.0.2:4000")
    frames.give("s2", "other", 0, ["x"] * 60, 500)
    frames.connect("s3", "billing", 600, peer="10.0.0.3:4000")
    frames.give("s3", "orders", 0, ["x"] * 24, 600)
    verdict = bulk_exports(frames.tables, SMALL)

    assert ["s3", "s2"] == verdict.frame["session"].to_list()
    assert "the strongest of 2 clients" in verdict.because


def test_a_damaged_archive_leaves_it_unknown() -> None:
    """The export may be what is missing."""
    frames = Frames()
    usual(frames, "s1", "billing")
    frames.lose("frame")

    assert Answer.UNKNOWN == bulk_exports(frames.tables, SMALL).answer


def test_the_thresholds_are_part_of_the_verdict() -> None:
    """Who reads it knows what counted as much."""
    frames = Frames()
    usual(frames, "s1", "billing")
    verdict = bulk_exports(frames.tables, SMALL)

    assert {"window": "10s", "records_min": 20, "factor": 5.0, "again_min": 15} == dict(
        verdict.parameters
    )
    assert "by a factor of 5" in verdict.covered[0]


def crowd() -> Frames:
    """Let a service read ten records every ten seconds."""
    frames = Frames()
    frames.connect("n", "normal")
    for number in range(40):
        frames.give("n", "orders", 10 * number, ["x"] * 10, 10 * number)
    return frames


@pytest.mark.parametrize(
    ("count", "size", "pause"), [(1, 600, 0), (2, 300, 0), (4, 150, 20), (30, 100, 10)]
)
def test_an_export_over_several_connections_is_one(count: int, size: int, pause: int) -> None:
    """A client has a connection for each broker, and may take its time."""
    frames = crowd()
    for number in range(count):
        frames.connect(f"x{number}", "mallory", client_id="copier")
        values = ["y"] * size
        frames.give(f"x{number}", "orders", 400 + size * number, values, 401 + pause * number)
    verdict = bulk_exports(frames.tables)

    assert Answer.YES == verdict.answer
    assert [("mallory@idp", count, count * size)] == verdict.frame.select(
        "principal", "connections", "records"
    ).rows()


def test_a_long_export_is_not_its_own_measure() -> None:
    """Most windows of all are its own."""
    frames = Frames()
    frames.connect("n", "normal")
    frames.connect("x", "mallory")
    for number in range(5):
        frames.give("n", "orders", 5 * number, ["a"] * 5, 20 * number)
    for number in range(30):
        frames.give("x", "orders", 100 * number, ["b"] * 100, 10 * number)

    assert ["mallory@idp"] == bulk_exports(frames.tables).frame["principal"].to_list()


def test_who_reads_alone_cannot_be_compared() -> None:
    """Nobody knows what is usual."""
    frames = Frames()
    frames.connect("x", "mallory")
    frames.give("x", "orders", 0, ["x"] * 3_000, 10)
    verdict = bulk_exports(frames.tables)

    assert Answer.UNKNOWN == verdict.answer
    assert "there is no other reading to compare 3,000 records with" in verdict.because


def test_a_large_sum_of_small_windows_is_not_denied() -> None:
    """A slow export looks like ordinary reading, but for its length."""
    frames = Frames()
    frames.connect("n", "normal")
    frames.give("n", "orders", 0, ["a"] * 5, 0, high_watermark=1_000)
    frames.connect("x", "mallory")
    for number in range(60):
        frames.give("x", "orders", 5 * number, ["b"] * 5, 10 * number)
    verdict = bulk_exports(frames.tables)

    assert Answer.UNKNOWN == verdict.answer
    assert "mallory@idp was given 300 records in all, 60 times" in verdict.because


def test_an_export_under_several_client_ids_is_not_denied() -> None:
    """A client calls itself what it likes."""
    frames = crowd()
    for number in range(4):
        frames.connect(f"x{number}", "mallory")
        first = 400 + 150 * number
        frames.give(f"x{number}", "orders", first, ["y"] * 150, 401, high_watermark=2_000)
    verdict = bulk_exports(frames.tables)

    assert Answer.UNKNOWN == verdict.answer
    assert "all clients of 1 principal at one address" in " ".join(verdict.not_covered)
