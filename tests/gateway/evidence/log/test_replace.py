"""The log's writer and those who add cosignatures take turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ArchiveError
from gateway.evidence.lock import FileLock
from gateway.evidence.log import replace as module
from gateway.evidence.log.folder import CHECKPOINT, LogFolder
from gateway.evidence.log.replace import LOCK, replace_checkpoint

if TYPE_CHECKING:
    from pathlib import Path


def test_a_checkpoint_takes_the_place_of_the_one_that_was_meant(tmp_path: Path) -> None:
    """Or of none: a newer one may have come meanwhile."""
    folder = LogFolder(tmp_path / "log")
    assert replace_checkpoint(folder, b"first")
    assert replace_checkpoint(folder, b"second", old=b"first")
    assert not replace_checkpoint(folder, b"first, cosigned", old=b"first")

    assert b"second" == folder.read(CHECKPOINT)


def test_nobody_writes_out_of_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds the turn for too long is told of."""
    monkeypatch.setattr(module, "_LOCK_SECONDS", 0.0)
    folder = LogFolder(tmp_path / "log")
    replace_checkpoint(folder, b"first")
    lock = FileLock(tmp_path / LOCK, what="is busy")
    with pytest.raises(ArchiveError, match="writes this checkpoint"):
        replace_checkpoint(folder, b"second")
    lock.release()

    assert b"first" == folder.read(CHECKPOINT)
