"""What a checkpoint must show to whoever trusts a witness."""

from __future__ import annotations

import pytest

from gateway.evidence.errors import ProofError
from gateway.evidence.log.checkpoint import Checkpoint
from gateway.evidence.log.folder import checkpoint_path
from gateway.evidence.log.merkle import leaf_hash
from gateway.evidence.log.published import Leaves
from gateway.evidence.log.signing import Signer, sign_note
from gateway.evidence.log.trust import (
    Trust,
    check_lineage,
    check_witnessed,
    cosigned_at,
    read_kept,
    unseen_logs,
)
from tests.gateway.evidence.log.signed import LOG, RECORDER, WITNESS, ml_dsa
from tests.gateway.evidence.log.trees import entries, tree_hash

ITEMS = entries(5)
LEAVES = Leaves(list(map(leaf_hash, ITEMS)))
TRUST = Trust(witnesses=(WITNESS.public,))
EARLIER = Checkpoint(LOG, 3, tree_hash(ITEMS[:3]))
OTHER = Checkpoint(LOG, 3, b"x" * 32)
LONGER = Checkpoint(LOG, 9, tree_hash(entries(9)))


def test_the_time_of_a_cosignature_is_told() -> None:
    """In Unix seconds."""
    text = EARLIER.text()
    note = sign_note(text, [RECORDER]).signed_also([WITNESS.sign(text, time_s=77)])

    assert 77 == cosigned_at(note, WITNESS.public)
    with pytest.raises(ProofError, match=r"witness\.example/w1 has not cosigned"):
        cosigned_at(sign_note(text, [RECORDER]), WITNESS.public)


@pytest.mark.parametrize("signer", [RECORDER, ml_dsa(LOG, 4)], ids=["Ed25519", "ML-DSA-44"])
def test_a_recorder_s_own_signature_is_no_cosignature(signer: Signer) -> None:
    """Its key in the place of a witness's would let its thief vouch for themselves."""
    note = sign_note(EARLIER.text(), [signer])

    with pytest.raises(ProofError, match="signed it as its recorder, and not as a witness"):
        cosigned_at(note, signer.public)
    with pytest.raises(ProofError, match="no witness that you trust"):
        check_witnessed(note, Trust(witnesses=(signer.public,)), LEAVES, LOG)


def test_a_log_grows_from_what_it_was() -> None:
    """And from nothing else."""
    check_lineage(LEAVES, EARLIER)

    with pytest.raises(ProofError, match="are not those of this log"):
        check_lineage(LEAVES, OTHER)
    with pytest.raises(ProofError, match="had 9 headers and now has 5"):
        check_lineage(LEAVES, LONGER)


def test_only_a_trusted_witness_s_checkpoint_counts() -> None:
    """One of another log says nothing about this one."""
    check_witnessed(sign_note(EARLIER.text(), [WITNESS]), TRUST, LEAVES, LOG)
    check_witnessed(sign_note(OTHER.text(), [WITNESS]), TRUST, LEAVES, "example.com/other")

    with pytest.raises(ProofError, match="no witness that you trust"):
        check_witnessed(sign_note(EARLIER.text(), [RECORDER]), TRUST, LEAVES, LOG)
    with pytest.raises(ProofError, match="are not those"):
        check_witnessed(sign_note(OTHER.text(), [WITNESS]), TRUST, LEAVES, LOG)


def test_a_kept_checkpoint_is_called_by_its_size() -> None:
    """Or it was put there by somebody."""
    content = sign_note(EARLIER.text(), [RECORDER]).encode()
    assert EARLIER == read_kept(checkpoint_path(3), content)[1]

    with pytest.raises(ProofError, match="not called by its size"):
        read_kept(checkpoint_path(4), content)


def test_a_log_that_is_gone_is_told_by_its_checkpoint() -> None:
    """Whoever takes away all of an origin leaves nothing else that tells."""
    trust = Trust(witnessed=(sign_note(EARLIER.text(), [WITNESS]), sign_note("no\n", [WITNESS])))

    assert [] == list(unseen_logs(trust, {LOG, None}))
    (damage,) = unseen_logs(trust, {"example.com/other"})
    assert ("witness", True) == (damage.kind.value, LOG in damage.message)
