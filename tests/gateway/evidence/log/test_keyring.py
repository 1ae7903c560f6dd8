"""Each key signs its own range of sizes and nothing else."""

from __future__ import annotations

import pytest

from gateway.evidence.errors import ProofError
from gateway.evidence.log.certificates import ChangeStatement, KeyChange
from gateway.evidence.log.checkpoint import Checkpoint
from gateway.evidence.log.keyring import KeyRing
from gateway.evidence.log.signing import Signer, sign_note
from tests.gateway.evidence.log.signed import LOG, RECORDER, ROOT, certificate, ed25519, ml_dsa

NEW = ed25519(LOG, 4)
OTHER_LOG = ed25519("example.com/other", 5)


def change(index: int, old: Signer | None, new: Signer) -> KeyChange:
    """Let one key hand over to another."""
    before = None if old is None else old.public
    said = ChangeStatement(log=new.public.name, index=index, old=before, new=new.public)
    signers = [new] if old is None else [old, new]
    return KeyChange(
        certificate=certificate(new).encode().decode(),
        statement=sign_note(said.text(), signers).encode().decode(),
    )


def ring() -> KeyRing:
    """Return the keys of a log whose key changed at leaf 4."""
    made = KeyRing(ROOT.public)
    made.follow(0, change(0, None, RECORDER))
    made.follow(4, change(4, RECORDER, NEW))
    return made


@pytest.mark.parametrize(
    ("size", "signer", "is_good"),
    [
        (1, RECORDER, True),
        (4, RECORDER, True),
        (5, RECORDER, False),
        (4, NEW, False),
        (5, NEW, True),
        (1000, NEW, True),
        (0, RECORDER, False),
    ],
)
def test_a_key_is_good_for_its_range(size: int, signer: Signer, *, is_good: bool) -> None:
    """From its own change of key to the next."""
    checkpoint = Checkpoint(LOG, size, b"r" * 32)
    note = sign_note(checkpoint.text(), [signer])
    if is_good:
        ring().check(note, checkpoint)
    else:
        with pytest.raises(ProofError):
            ring().check(note, checkpoint)


def test_every_key_in_force_signs() -> None:
    """One of two is not enough."""
    second = ml_dsa(LOG, 6)
    both = KeyRing(ROOT.public)
    said = ChangeStatement(log=LOG, index=0, old=None, new=NEW.public)
    both.follow(
        0,
        KeyChange(
            certificate=certificate(NEW, second).encode().decode(),
            statement=sign_note(said.text(), [NEW]).encode().decode(),
        ),
    )
    checkpoint = Checkpoint(LOG, 1, b"r" * 32)
    both.check(sign_note(checkpoint.text(), [NEW, second]), checkpoint)

    with pytest.raises(ProofError, match="not signed by"):
        both.check(sign_note(checkpoint.text(), [NEW]), checkpoint)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    """Whoever signed it."""
    checkpoint = Checkpoint("example.com/other", 1, b"r" * 32)

    with pytest.raises(ProofError, match="the keys are of another"):
        ring().check(sign_note(checkpoint.text(), [RECORDER]), checkpoint)


@pytest.mark.parametrize(
    ("index", "made", "why"),
    [
        (8, change(7, NEW, RECORDER), "made for leaf 7"),
        (8, change(8, RECORDER, NEW), "does not hand over"),
        (8, change(8, None, RECORDER), "does not hand over"),
        (8, change(8, NEW, OTHER_LOG), "is for the log"),
    ],
)
def test_a_change_out_of_place_is_refused(index: int, made: KeyChange, why: str) -> None:
    """And the keys before it stay in force."""
    keys = ring()
    with pytest.raises(ProofError, match=why):
        keys.follow(index, made)

    assert [0, 4] == [reign.after for reign in keys.reigns]
