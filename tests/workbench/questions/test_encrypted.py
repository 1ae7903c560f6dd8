"""Encrypted content: answers about offsets hold, and answers about content are unknown, not no."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import workbench as wb
from gateway.evidence.event import EventKind
from tests.workbench.archive.encrypted import Encrypted
from tests.workbench.archive.recording import Client, Place, Recording, batch, control, opened
from tests.workbench.frames import Frames
from workbench.questions.encrypted import about_encrypted
from workbench.questions.verdict import Answer, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workbench.tables import Tables

ALICE = Client(session="s1")
BOB = Client(session="s2", subject="bob")
EVE = Client(session="s3", subject="eve")
CARD = b'{"card": "4111"}'
NAME = b'{"name": "Ada"}'

# Whether the answer is about content, and the question.
QUESTIONS: dict[str, tuple[bool, Callable[[Tables], Verdict]]] = {
    "offset that was read": (False, lambda it: wb.who_read(it, "orders", partition=0, offset=1)),
    "offset that was not": (False, lambda it: wb.who_read(it, "orders", partition=0, offset=9)),
    "marker": (False, lambda it: wb.who_read(it, "orders", partition=0, offset=2)),
    "anything by bob": (False, lambda it: wb.what_did_principal_read(it, "bob", topic="orders")),
    "anything by alice": (False, lambda it: wb.what_did_principal_read(it, "alice")),
    "readers of alice": (False, lambda it: wb.who_received_from(it, "alice")),
    "readers of bob": (False, lambda it: wb.who_received_from(it, "bob", topic="other")),
    "bypassing": (False, wb.bypassing_writes),
    "a value that was read": (True, lambda it: wb.who_read(it, "orders", containing="4111")),
    "a value that was not": (True, lambda it: wb.who_read(it, "orders", containing="zzz")),
    "a key that was not": (True, lambda it: wb.who_read(it, "orders", key="zzz")),
    "a field that was read": (
        True,
        lambda it: wb.did_principal_read_field(it, "bob", "orders", "card"),
    ),
    "a field that was not": (
        True,
        lambda it: wb.did_principal_read_field(it, "eve", "orders", "card"),
    ),
}


def recording() -> Recording:
    """Record writes by one, and reads of them by two; only one of these was sent a card."""
    made = Recording()
    for client in (ALICE, BOB, EVE):
        made.add(EventKind.SESSION_OPEN, client)
        made.add(EventKind.SESSION_AUTHENTICATED, client, detail={"mechanism": "PLAIN"})
    made.produce(ALICE, Place(first=0), batch(CARD))
    made.produce(ALICE, Place(first=1), batch(NAME))
    made.produce(BOB, Place(topic="other", first=0), batch(NAME))
    end = {"high_watermark": 3}
    marker = control(2, 7, is_abort=False)
    made.deliver(BOB, Place(first=0), batch(CARD, NAME), marker, visibility=end)
    made.deliver(EVE, Place(first=1), batch(NAME, first=1), visibility=end)
    for client in (ALICE, BOB, EVE):
        made.add(EventKind.SESSION_CLOSE, client, detail={"reason": "client_closed"})
    return made


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_without_keys_is_never_another_one(tmp_path: Path, name: str) -> None:
    """What is about offsets is answered as in clear; what is about content may be unknown."""
    is_about_content, ask = QUESTIONS[name]
    encrypted = Encrypted(tmp_path / "encrypted", recording())
    in_clear = ask(opened(tmp_path / "clear", recording()))

    with_keys = ask(encrypted.open(with_keys=True))
    without = ask(encrypted.open(with_keys=False))

    assert in_clear.answer is with_keys.answer
    assert in_clear.because == with_keys.because
    assert in_clear.answer in {Answer.YES, Answer.NO}
    assert (Answer.UNKNOWN if is_about_content else in_clear.answer) is without.answer
    if is_about_content:
        assert "is encrypted: no key was given" in without.because
    assert without.coverage.is_encrypted
    assert not with_keys.coverage.is_encrypted


def test_an_erased_session_leaves_the_others_their_answers(tmp_path: Path) -> None:
    """The one is unknown with the reason, the other is as it was."""
    encrypted = Encrypted(tmp_path, recording())
    encrypted.erase(BOB.session)

    archive = encrypted.open(with_keys=True)

    erased = wb.did_principal_read_field(archive, "bob", "orders", "card")
    other = wb.did_principal_read_field(archive, "eve", "orders", "card")
    assert (Answer.UNKNOWN, Answer.NO) == (erased.answer, other.answer)
    assert "erased its key" in erased.because
    # That no value has the field cannot be said of values that nobody can read.
    assert "No value of orders" not in other.because


def test_a_doubt_is_told_with_its_first_reason() -> None:
    """Other topics are none of its business, and what names no topic may be of any."""
    frames = Frames()
    frames.lose("encrypted", topic="orders", message="b is encrypted")
    frames.lose("encrypted", message="a is encrypted")
    frames.lose("encrypted", topic="other", message="0 is encrypted")
    frames.lose("undecodable", topic="orders", message="1")

    assert ("a is encrypted (and 1 more such gaps)",) == about_encrypted(frames.tables, "orders")
    assert ("a is encrypted",) == about_encrypted(frames.tables, "third")
    assert () == about_encrypted(Frames().tables, "orders")
