"""What a client was sent of a batch in part counts as read by nobody, and as not read by nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workbench.archive.recording import Client, Place, Recording, batch, opened
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
