"""A tombstone is believed when a key of the log signed it, about what the log says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.block import CloseReason
from gateway.evidence.damage import DamageKind
from gateway.evidence.expiry import expire
from gateway.evidence.log.folder import UNFINISHED, LogFolder, log_directory
from gateway.evidence.log.signing import create_key_file, load_signer, sign_note
from gateway.evidence.selection import SELECTION
from gateway.evidence.tombstones import (
    Tombstone,
    read_tombstone,
    tombstone_files,
    tombstone_path,
    tombstone_text,
)
from gateway.evidence.verify import Verdict, verify
from tests.gateway.evidence.expired import OLD, archive_of, key_of, removal
from tests.gateway.evidence.log.signed import LOG, RECORDER, Recorder, ed25519, signing
from tests.gateway.evidence.partial import leave_out
from tests.gateway.sealer.journals import ORIGIN

if TYPE_CHECKING:
    from pathlib import Path


def _expired(folder: Path) -> tuple[Path, Path, Tombstone]:
    archive = archive_of(folder, segments=2)
    (tombstone,) = expire(archive, removal(folder))
    (path,) = tombstone_files(archive, ORIGIN)
    return archive, path, tombstone


def _sign(path: Path, tombstone: Tombstone, key: Path, log: str) -> None:
    note = sign_note(tombstone_text(tombstone), [load_signer(key, log)])
    path.write_bytes(note.encode())


def _log(archive: Path) -> str:
    newest = LogFolder(log_directory(archive, ORIGIN)).newest()
    assert newest is not None
    return newest[1].log


def _kinds(archive: Path) -> set[DamageKind]:
    found = verify(archive)
    assert Verdict.DAMAGED is found.verdict
    return {fault.kind for fault in found.faults}


def test_a_segment_without_a_tombstone_is_missing(tmp_path: Path) -> None:
    """Whoever removes both is found by the log."""
    archive, path, _ = _expired(tmp_path)
    path.unlink()

    assert DamageKind.MISSING in _kinds(archive)


@pytest.mark.parametrize(("number", "is_hidden"), [(0, True), (1, False), (2, False)])
def test_a_key_that_had_been_replaced_signs_no_tombstone(
    tmp_path: Path, number: int, *, is_hidden: bool
) -> None:
    """Whoever steals it later hides nothing of its successor's; its own it could always remove."""
    recorder = Recorder(tmp_path)
    recorder.record(1, reason=CloseReason.TIME)
    recorder.how = signing(tmp_path, ed25519(LOG, 4), previous=RECORDER)
    recorder.record(1, 1, 1)
    (run,) = leave_out(recorder.archive, number)
    (recorder.archive / SELECTION).unlink()
    tombstone = Tombstone(
        **msgspec.structs.asdict(run),
        segment=f"{run.first_sequence:020d}.arrow.zst",
        segment_sha256="0" * 64,
        byte_count=1,
        removed_at="2026-01-01T00:00:00Z",
        removed_by="nobody",
        reason="none",
    )
    path = tombstone_path(recorder.archive / recorder.origin, run.first_sequence)
    path.parent.mkdir()
    path.write_bytes(sign_note(tombstone_text(tombstone), [RECORDER]).encode())
    faults = verify(recorder.archive, trust=recorder.trust(is_witnessed=False)).faults

    assert is_hidden == (DamageKind.TOMBSTONE not in {fault.kind for fault in faults})


def test_a_crash_while_a_tombstone_is_written_is_no_fault(tmp_path: Path) -> None:
    """The segment is still there, and whoever removes it later writes the tombstone anew."""
    archive = archive_of(tmp_path, segments=2)
    path = tombstone_path(archive / ORIGIN, 0)
    path.parent.mkdir()
    path.with_name(path.name + UNFINISHED).write_bytes(b"streamwitness/tomb")

    assert Verdict.WHOLE is verify(archive).verdict


def test_a_tombstone_of_another_key_is_a_fault(tmp_path: Path) -> None:
    """Whoever can write the archive can write such a thing."""
    archive, path, tombstone = _expired(tmp_path)
    create_key_file(tmp_path / "other.pem")
    _sign(path, tombstone, tmp_path / "other.pem", _log(archive))

    assert {DamageKind.TOMBSTONE} == _kinds(archive)


def test_a_tombstone_that_was_altered_is_a_fault(tmp_path: Path) -> None:
    """Who removed it, for example."""
    archive, path, _ = _expired(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"records officer", b"nobody at all"))

    assert {DamageKind.TOMBSTONE} == _kinds(archive)


def test_a_tombstone_about_other_headers_is_a_fault(tmp_path: Path) -> None:
    """Also when the key of the log signed it: it would cover up what is missing."""
    archive, path, tombstone = _expired(tmp_path)
    wrong = msgspec.structs.replace(tombstone, last_block=tombstone.last_block - 1)
    _sign(path, wrong, key_of(tmp_path), _log(archive))
    found = [_kinds(archive)]
    wrong = msgspec.structs.replace(tombstone, last_block=1_000)
    _sign(path, wrong, key_of(tmp_path), _log(archive))
    found.append(_kinds(archive))

    assert all(DamageKind.TOMBSTONE in kinds for kinds in found)


def test_a_tombstone_that_is_none_is_a_fault_and_its_segment_missing(tmp_path: Path) -> None:
    """It says nothing that could be believed."""
    archive, path, _ = _expired(tmp_path)
    path.write_text("gone")

    assert {DamageKind.TOMBSTONE, DamageKind.MISSING} < _kinds(archive)


def test_every_flip_of_a_bit_is_found(tmp_path: Path) -> None:
    """In any byte of a tombstone, its signature included."""
    archive, path, _ = _expired(tmp_path)
    content = path.read_bytes()
    unfound = []
    for at in range(0, len(content), 7):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        if verify(archive).verdict is Verdict.WHOLE:
            unfound.append(at)
    path.write_bytes(content)

    assert ([], OLD) == (unfound, read_tombstone(path, ORIGIN)[1].segment)
    assert Verdict.WHOLE is verify(archive).verdict
