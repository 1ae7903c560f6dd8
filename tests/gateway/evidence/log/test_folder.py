"""The files of a log are whole or not there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ProofError
from gateway.evidence.log.folder import (
    CHECKPOINT,
    REPLY,
    ROOT,
    STAMPED,
    LogFolder,
    checkpoint_path,
    encode_root,
    log_directory,
    timestamp_path,
)
from tests.gateway.evidence.log.signed import ROOT as ROOT_SIGNER

if TYPE_CHECKING:
    from pathlib import Path


def test_files_are_written_with_their_folders(tmp_path: Path) -> None:
    """And replaced when they are written again."""
    folder = LogFolder(log_directory(tmp_path, "gw"))
    folder.write([("tile/0/000", b"one"), ("checkpoint", b"1")])
    folder.write([("checkpoint", b"2")])

    assert (b"one", b"2") == (folder.read("tile/0/000"), folder.read(CHECKPOINT))
    assert tmp_path / "gw" / "log" == folder.directory


def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No reader ever sees half a file."""
    folder = LogFolder(tmp_path)
    folder.write([("checkpoint", b"old")])

    def fail(_fd: int) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="the disk is gone"):
        folder.write([("checkpoint", b"new and longer")])

    assert b"old" == folder.read("checkpoint")


def test_no_checkpoint_is_none(tmp_path: Path) -> None:
    """One that cannot be read is an error."""
    folder = LogFolder(tmp_path)
    assert folder.newest() is None

    folder.write([(CHECKPOINT, b"nonsense")])
    with pytest.raises(ProofError):
        folder.newest()


@pytest.mark.parametrize("content", [b"", b"x+y", b"\xff", encode_root(ROOT_SIGNER.public) + b"\n"])
def test_a_root_key_that_was_touched_is_refused(tmp_path: Path, content: bytes) -> None:
    """It has one spelling."""
    folder = LogFolder(tmp_path)
    folder.write([(ROOT, encode_root(ROOT_SIGNER.public))])
    assert ROOT_SIGNER.public == folder.root_key()

    folder.write([(ROOT, content)])
    with pytest.raises(ProofError):
        folder.root_key()


def test_kept_checkpoints_sort_by_size() -> None:
    """Twenty digits hold every size."""
    assert checkpoint_path(9) < checkpoint_path(10) < checkpoint_path(2**63 - 1)


def test_a_timestamp_lies_beside_its_checkpoint() -> None:
    """So that both are found by hand."""
    assert f"timestamps/{7:020d}.tsr" == timestamp_path(7, REPLY)
    assert f"timestamps/{7:020d}.checkpoint" == timestamp_path(7, STAMPED)
