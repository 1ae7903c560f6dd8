"""A log gets its cosignature from a witness, or is told why not."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ArchiveError, ProofError
from gateway.evidence.log.folder import CHECKPOINT, LogFolder
from gateway.evidence.log.keys import verify_note
from gateway.evidence.log.note import decode_note
from gateway.witness.submit import cosigned as cosigned_note
from gateway.witness.submit import submit
from tests.gateway.evidence.log.signed import RECORDER, WITNESS, ed25519
from tests.gateway.witness.logs import GrowingLog, served, witness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Serve a witness."""
    with served(witness(tmp_path / "memory")) as address:
        yield address


def cosigned(log: GrowingLog) -> bool:
    """Tell whether the newest checkpoint has both signatures."""
    note = decode_note(log.folder.read(CHECKPOINT))
    return {RECORDER.public, WITNESS.public} == set(
        verify_note(note, [RECORDER.public, WITNESS.public])
    )


def test_a_log_is_cosigned_as_it_grows(tmp_path: Path, url: str) -> None:
    """Across tiles, and again when nothing is new."""
    log = GrowingLog(tmp_path / "gateway")
    for size in (1, 2, 255, 256, 300, 700):
        log.grow(size)
        assert not cosigned(log)
        assert size == submit(log.folder, url, WITNESS.public)
        assert cosigned(log)
    assert 700 == submit(log.folder, f"{url}/", WITNESS.public)


def test_a_cosigned_checkpoint_can_be_kept_elsewhere(tmp_path: Path, url: str) -> None:
    """The log stays as it is."""
    log = GrowingLog(tmp_path / "gateway")
    log.grow(5)
    note, signed = cosigned_note(log.folder, url, WITNESS.public)

    assert note == decode_note(log.folder.read(CHECKPOINT))
    assert [WITNESS.public] == list(verify_note(signed, [WITNESS.public]))


def test_a_rewritten_log_is_not_cosigned(tmp_path: Path, url: str) -> None:
    """Longer, shorter or as long."""
    log = GrowingLog(tmp_path / "gateway")
    log.grow(10)
    submit(log.folder, url, WITNESS.public)
    for size, why in ((20, r"\(422\)"), (10, r"\(409\)"), (5, "saw a longer log: 10 headers")):
        other = GrowingLog(tmp_path / f"other-{size}", salt=b"rewritten ")
        other.grow(size)
        with pytest.raises(ProofError, match=why):
            submit(other.folder, url, WITNESS.public)
        assert not cosigned(other)


def test_another_witness_s_cosignature_is_not_taken(tmp_path: Path, url: str) -> None:
    """Whoever answers at that address must have the key."""
    log = GrowingLog(tmp_path / "gateway")
    log.grow(3)
    stranger = ed25519(WITNESS.public.name, 77, is_cosigner=True)

    with pytest.raises(ProofError, match="another cosignature"):
        submit(log.folder, url, stranger.public)
    assert not cosigned(log)


def test_nothing_to_sign_and_nobody_there_are_told_apart(tmp_path: Path, url: str) -> None:
    """As errors of the archive and of the network."""
    with pytest.raises(ArchiveError, match="no checkpoint"):
        submit(LogFolder(tmp_path / "none"), url, WITNESS.public)
    log = GrowingLog(tmp_path / "gateway")
    log.grow(3)
    with pytest.raises(OSError, match="refused"):
        submit(log.folder, "http://127.0.0.1:1", WITNESS.public)
    shutil.rmtree(log.folder.directory / "tile")
    submit(log.folder, url, WITNESS.public)
    log.grow(4)
    shutil.rmtree(log.folder.directory / "tile" / "0")
    (log.folder.directory / "tile" / "0" / "000.p").mkdir(parents=True)
    (log.folder.directory / "tile" / "0" / "000.p" / "4").write_bytes(b"")
    with pytest.raises(ArchiveError, match="is damaged"):
        submit(log.folder, url, WITNESS.public)
