"""Certificates and changes of key say exactly one thing, signed by whom they must be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.evidence.errors import ProofError
from gateway.evidence.log.certificates import (
    ChangeStatement,
    KeyChange,
    check_certificate,
    check_change,
    decode_certificate,
    decode_statement,
    vkeys,
)
from gateway.evidence.log.note import Note
from gateway.evidence.log.signing import Signer, sign_note
from tests.gateway.evidence.log.signed import (
    LOG,
    OTHER_ROOT,
    RECORDER,
    ROOT,
    START_S,
    YEAR_S,
    certificate,
    ed25519,
    ml_dsa,
)

NEW = ed25519(LOG, 4)
SECOND = ml_dsa(LOG, 5)


def statement(*signers: Signer, **more: object) -> Note:
    """Let keys say that one follows the other."""
    said = ChangeStatement(log=LOG, index=4, old=RECORDER.public, new=NEW.public)
    return sign_note(replace(said, **more).text(), signers)  # type: ignore[arg-type] # any field


def change(told: Note, certified: Note | None = None) -> KeyChange:
    """Put both notes together as a header has them."""
    return KeyChange(
        certificate=(certified or certificate(NEW)).encode().decode(),
        statement=told.encode().decode(),
    )


def test_a_certificate_is_read_as_it_was_written() -> None:
    """With one key or two, and to the second."""
    found = check_certificate(certificate(RECORDER, SECOND), ROOT.public)

    assert (LOG, (RECORDER.public, SECOND.public)) == (found.log, found.keys)
    assert vkeys(found.keys) == (RECORDER.public.vkey, SECOND.public.vkey)
    assert [False, True, True, False] == [
        found.covers(second * 1_000_000_000)
        for second in (START_S - 61, START_S - 60, START_S + YEAR_S, START_S + YEAR_S + 1)
    ]


def test_only_the_root_key_certifies() -> None:
    """Another root's word is none."""
    with pytest.raises(ProofError, match="not signed by the root key"):
        check_certificate(certificate(RECORDER, root=OTHER_ROOT), ROOT.public)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v1", "v2"),
        ("\nlog ", "\nlogs "),
        (f"log {LOG}", "log other"),
        ("not-before 2026-09-21T14:12:20Z", "not-before 2026-09-21T14:12:20"),
        ("not-before 2026-09-21T14:12:20Z", "not-before 2026-9-21T14:12:20Z"),
        ("not-after", "nota bene"),
        ("\nkey ", "\nkey x+y\nkey "),
    ],
)
def test_what_is_no_certificate_is_refused(old: str, new: str) -> None:
    """Every line has its one form."""
    text = certificate(RECORDER).text

    assert old in text
    with pytest.raises(ProofError):
        decode_certificate(text.replace(old, new))


def test_a_change_of_key_tells_who_hands_over_to_whom() -> None:
    """Signed by both, certified by the root."""
    found = check_change(change(statement(RECORDER, NEW)), ROOT.public)

    assert found.is_by_old_key
    assert (4, RECORDER.public, NEW.public) == (
        found.statement.index,
        found.statement.old,
        found.statement.new,
    )


def test_the_first_key_follows_none() -> None:
    """Then there is no old key that could sign."""
    assert check_change(change(statement(NEW, old=None)), ROOT.public).is_by_old_key


def test_a_lost_old_key_is_noticed() -> None:
    """The change holds by the root's word, and that is told."""
    assert not check_change(change(statement(NEW)), ROOT.public).is_by_old_key


@pytest.mark.parametrize(
    ("told", "certified", "why"),
    [
        (statement(RECORDER), None, "not signed by the new key"),
        (statement(RECORDER, NEW, log="other"), None, "another log or another key"),
        (statement(RECORDER, NEW), certificate(RECORDER), "another log or another key"),
        (statement(RECORDER, NEW), certificate(NEW, root=OTHER_ROOT), "not signed by the root"),
        (Note("hello\n", statement(NEW).signatures), None, "no change of key"),
    ],
)
def test_a_change_that_does_not_hold_is_refused(
    told: Note, certified: Note | None, why: str
) -> None:
    """Each for its own reason."""
    with pytest.raises(ProofError, match=why):
        check_change(change(told, certified), ROOT.public)


def test_an_index_has_one_spelling() -> None:
    """Leading zeros would make two texts of one change."""
    text = statement(NEW).text

    with pytest.raises(ProofError, match="not as it should be written"):
        decode_statement(text.replace("index 4", "index 04"))
