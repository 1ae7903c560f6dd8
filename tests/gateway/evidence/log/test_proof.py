"""A proof shows offline that an entry is in a log, and nothing else passes for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.errors import ProofError
from gateway.evidence.log.checkpoint import Checkpoint
from gateway.evidence.log.proof import decode_proof, prove_inclusion
from gateway.evidence.log.signing import sign_note
from tests.gateway.evidence.log.signed import LOG, RECORDER
from tests.gateway.evidence.log.trees import entries, node_at, tree_hash

ITEMS = entries(7)
NOTE = sign_note(Checkpoint(LOG, 7, tree_hash(ITEMS)).text(), [RECORDER])


@pytest.mark.parametrize("index", range(7))
def test_a_proof_is_read_and_leads_to_the_checkpoint(index: int) -> None:
    """For every entry of the log."""
    proof = prove_inclusion(index, NOTE, node_at(ITEMS))
    again = decode_proof(proof.encode())

    assert proof == again
    assert Checkpoint(LOG, 7, tree_hash(ITEMS)) == again.check(ITEMS[index])
    with pytest.raises(ProofError, match=f"not number {index}"):
        again.check(b"another entry")


def test_extra_data_is_read_over() -> None:
    """Nobody signed it."""
    content = prove_inclusion(3, NOTE, node_at(ITEMS)).encode()
    first, rest = content.split(b"\n", 1)

    assert decode_proof(first + b"\nextra aGVsbG8=\n" + rest) == decode_proof(content)


@given(st.integers(0, 600), st.integers(0, 7))
def test_no_changed_bit_passes(place: int, bit: int) -> None:
    """Those in the signature are for whoever checks that."""
    content = bytearray(prove_inclusion(3, NOTE, node_at(ITEMS)).encode())
    end = content.index(b"\n\n\xe2") if b"\n\n\xe2" in content else len(content)
    content[place % end] ^= 1 << bit
    try:
        found = decode_proof(bytes(content))
        checkpoint = found.check(ITEMS[3])
    except ProofError:
        return
    # The log's name is signed, and not part of the tree.
    assert checkpoint.log != LOG


@pytest.mark.parametrize("index", [-1, 7])
def test_what_is_not_covered_cannot_be_proved(index: int) -> None:
    """The checkpoint says how far it reaches."""
    with pytest.raises(ProofError, match="covers entries 0 to 6"):
        prove_inclusion(index, NOTE, node_at(ITEMS))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"c2sp.org/tlog-proof@v1\n",
        b"c2sp.org/tlog-proof@v2\nindex 1\n\n",
        b"c2sp.org/tlog-proof@v1\n\n",
        b"c2sp.org/tlog-proof@v1\nindex 01\n\n",
        b"c2sp.org/tlog-proof@v1\nindex x\n\n",
        b"c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\n",
        b"c2sp.org/tlog-proof@v1\nextra !\nindex 1\n\n",
        b"c2sp.org/tlog-proof@v1\nindex 1\n" + b"A" * 43 + b"=\n" * 1 + b"\n",
        b"c2sp.org/tlog-proof@v1\nindex 1\n" + (b"A" * 43 + b"=\n") * 64 + b"\n",
        b"c2sp.org/tlog-proof@v1\nindex \xff\n\n",
    ],
)
def test_what_is_no_proof_is_refused(content: bytes) -> None:
    """Each for another reason."""
    with pytest.raises(ProofError):
        decode_proof(content)
