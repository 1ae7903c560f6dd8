"""Proofs for each block of a part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.log.keys import verify_note
from gateway.evidence.log.proof import decode_proof
from tests.gateway.evidence.golden import FIRST_GOLDEN
from tests.gateway.evidence.log.signed import RECORDER, Recorder
from tests.gateway.evidence.samples import ORIGIN, segments_of
from workbench.package.proving import write_proofs

if TYPE_CHECKING:
    from pathlib import Path


def test_each_block_of_events_has_a_proof_that_holds_by_itself(tmp_path: Path) -> None:
    """It leads from the entry to the checkpoint that the recorder signed."""
    recorder = Recorder(tmp_path)
    recorder.record(2, 2)
    proofs = tmp_path / "proofs"

    count = write_proofs(recorder.archive, ORIGIN, segments_of(recorder.archive)[1:], proofs)

    assert 2 == count
    assert [f"{number:020d}.tlog-proof" for number in (4, 6)] == sorted(
        path.name for path in proofs.glob("*.tlog-proof")
    )
    for path in proofs.glob("*.tlog-proof"):
        entry = path.with_suffix(".entry").read_bytes()
        proof = decode_proof(path.read_bytes())
        assert 8 == proof.check(entry).size
        assert verify_note(proof.note, [RECORDER.public])
        assert int(path.stem) == msgspec.json.decode(entry)["first_sequence"]


def test_without_a_log_there_is_nothing_to_prove(tmp_path: Path) -> None:
    """Nothing is written."""
    segments = segments_of(FIRST_GOLDEN)

    assert 0 == write_proofs(FIRST_GOLDEN, ORIGIN, segments, tmp_path / "proofs")
    assert not (tmp_path / "proofs").exists()


@pytest.mark.parametrize("file", ["checkpoint", "tile/0/000.p/4"])
def test_a_damaged_log_proves_what_it_can(tmp_path: Path, file: str) -> None:
    """That it is damaged is for verification to tell; no proof that does not hold is written."""
    recorder = Recorder(tmp_path)
    recorder.record(2)
    path = recorder.log.directory / file
    path.write_bytes(bytes([path.read_bytes()[0] ^ 0x80]) + path.read_bytes()[1:])
    proofs = tmp_path / "proofs"

    assert 0 == write_proofs(recorder.archive, ORIGIN, segments_of(recorder.archive), proofs)
    assert [] == list(tmp_path.glob("proofs/*"))
