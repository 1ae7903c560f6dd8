"""What a client was sent of a batch in part counts as read by nobody, and as not read by nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from gateway.evidence.event import EventKind
from tests.gateway.wire.records.test_legacy import make_message, wrap
from tests.workbench.archive.recording import Client, Place, Recording, at, batch, opened
from workbench.questions.cut_batches import about_cut_batches, cut_reads
from workbench.questions.field_reads import did_principal_read_field
from workbench.questions.principal_reads import what_did_principal_read
from workbench.questions.verdict import Answer
from workbench.questions.who_read import who_read

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.archive import Archive

ALICE = Client(session="s1")
BOB = Client(session="s2", subject="bob")
FIRST = batch(b'{"card":"1"}', first=0)
SECOND = batch(b'{"card":"2"}', b'{"card":"3"}', first=1)


def recorded(folder: Path, *answers: tuple[bytes, ...], more: tuple[bytes, ...] = ()) -> Archive:
    """Let Alice be given answers, and Bob perhaps another; the recording ends as it should."""
    recording = Recording()
    for answer in answers:
        recording.deliver(ALICE, Place(), *answer)
    if more:
        recording.deliver(BOB, Place(), *more)
    return opened(folder, recording)


def test_a_batch_that_was_never_sent_whole_is_a_doubt(tmp_path: Path) -> None:
    """Only its last byte is missing; a client that checks nothing has read it."""
    archive = recorded(tmp_path, (FIRST, SECOND[:-1]))

    assert [(0, 1, 2)] == cut_reads(archive).select("partition", "first", "last").collect().rows()
    assert Answer.UNKNOWN == who_read(archive, "orders", partition=0, offset=2).answer
    assert Answer.UNKNOWN == who_read(archive, "orders", containing="3").answer
    assert Answer.NO == who_read(archive, "orders", partition=0, offset=3).answer
    assert Answer.YES == who_read(archive, "orders", partition=0, offset=0).answer


def test_a_batch_that_was_sent_whole_afterwards_is_none(tmp_path: Path) -> None:
    """As it goes with every client that reads on."""
    archive = recorded(tmp_path, (FIRST, SECOND[:-1]), (SECOND,))

    assert () == about_cut_batches(archive)
    assert Answer.NO == who_read(archive, "orders", partition=0, offset=3).answer


def test_another_client_s_whole_batch_does_not_help(tmp_path: Path) -> None:
    """Who was sent the part is not who was sent the whole."""
    archive = recorded(tmp_path, (FIRST, SECOND[:-1]), more=(SECOND,))

    assert 1 == cut_reads(archive).collect().height
    verdict = who_read(archive, "orders", partition=0, offset=2)
    assert Answer.YES == verdict.answer
    assert any("1 batch that may hold it was sent in part" in each for each in verdict.not_covered)


@pytest.mark.parametrize(
    "later",
    [
        # From before to behind its offsets, though nothing is left at them.
        (FIRST, batch(b'{"x":1}', first=10)),
        # The topic was made again, and other records stand there.
        (batch(b'{"x":1}', b'{"x":1}', first=1),),
        (batch(b'{"x":1}', b'{"x":1}', b'{"x":1}', first=0),),
        # Compaction left one record of the two.
        (batch(b'{"card":"2"}', first=1),),
        # What was masked hides what it was.
        (batch(b'{"card":"*"}', b'{"card":"*"}', first=1),),
    ],
)
def test_another_batch_in_its_place_is_not_the_whole(
    tmp_path: Path, later: tuple[bytes, ...]
) -> None:
    """Only the same records can show what the part held."""
    archive = recorded(tmp_path, (SECOND[:-1],), later)

    assert [(1, 2)] == cut_reads(archive).select("first", "last").collect().rows()
    assert Answer.UNKNOWN == did_principal_read_field(archive, "alice", "orders", "cvc").answer
    assert Answer.UNKNOWN == who_read(archive, "orders", containing="cvc").answer


def test_the_whole_counts_in_another_segment_and_under_another_leader(tmp_path: Path) -> None:
    """It is found by what its header says, wherever its bytes stand."""
    led_anew = SECOND[:12] + bytes([0, 0, 0, 9]) + SECOND[16:]
    recording = Recording()
    recording.deliver(ALICE, Place(), SECOND[:-1])
    recording.end_segment()
    recording.deliver(BOB, Place(), SECOND)
    recording.deliver(ALICE, Place(topic_id="AAECAwQFBgcICQoLDA0ODw"), led_anew)

    assert () == about_cut_batches(opened(tmp_path, recording))


def test_the_whole_counts_only_where_the_question_is_about_it(tmp_path: Path) -> None:
    """On another connection, or later, it is not what was read on this one or until then."""
    recording = Recording()
    other = Client(session="s3")
    recording.add(EventKind.SESSION_OPEN, ALICE)
    recording.deliver(ALICE, Place(first=1), SECOND[:-1])
    until = at(recording.sequence)
    recording.deliver(other, Place(first=1), SECOND)
    archive = opened(tmp_path, recording)

    for limits in ({"session": "s1"}, {"until": until}):
        assert Answer.UNKNOWN == what_did_principal_read(archive, "alice", **limits).answer
    in_session = did_principal_read_field(archive, "alice", "orders", "cvc", session="s1")
    assert Answer.UNKNOWN == in_session.answer
    assert Answer.NO == did_principal_read_field(archive, "alice", "orders", "cvc").answer
    assert 1 == len(about_cut_batches(archive, [pl.col("session") == "s1"], 2))
    assert () == about_cut_batches(archive, [pl.col("session") == "s1"], 3)


def test_every_offset_that_a_cut_message_set_may_hold_is_in_doubt(tmp_path: Path) -> None:
    """Its outer offset is that of the last one in it."""
    messages = b"".join(make_message(b"%d" % offset, offset=offset) for offset in range(3))
    archive = recorded(tmp_path, (FIRST, wrap(messages, offset=9)[:-1]))

    assert Answer.UNKNOWN == who_read(archive, "orders", partition=0, offset=8).answer
    assert Answer.NO == who_read(archive, "orders", partition=0, offset=10).answer


def test_only_the_header_s_beginning_holds_no_record(tmp_path: Path) -> None:
    """Less than a header was sent."""
    archive = recorded(tmp_path, (FIRST, SECOND[:60]))

    assert () == about_cut_batches(archive)
    assert Answer.NO == who_read(archive, "orders", partition=0, offset=2).answer


@pytest.mark.parametrize("answer", [(SECOND[:-1],), (FIRST, SECOND[:-1])])
def test_questions_about_a_principal_are_not_answered_with_no(
    tmp_path: Path, answer: tuple[bytes, ...]
) -> None:
    """What reached it in part may be what is asked about; what reached others is not."""
    archive = recorded(tmp_path, answer, more=(FIRST,))
    alice, bob = "alice", "bob"

    asked = did_principal_read_field(archive, alice, "orders", "cvc")
    assert Answer.UNKNOWN == asked.answer
    assert Answer.NO == did_principal_read_field(archive, bob, "orders", "cvc").answer
    if len(answer) == 1:
        assert Answer.UNKNOWN == what_did_principal_read(archive, alice).answer
