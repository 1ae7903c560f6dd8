"""The ballast: room that is really taken, and really given back."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from gateway.server.ballast import Ballast

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

MIB = 1024 * 1024


def taken_bytes(folder: Path) -> int:
    """Sum what the folder's files take on the disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.iterdir())


def test_room_is_taken_and_given_back(tmp_path: Path) -> None:
    """Blocks, not only a size; and as often as needed."""
    ballast = Ballast(tmp_path / "journal", MIB)
    assert MIB == ballast.missing_bytes
    for _ in range(2):
        assert ballast.lay()
        assert MIB <= taken_bytes(tmp_path / "journal")
        assert 0 == ballast.missing_bytes
        ballast.release()
        assert MIB == ballast.missing_bytes

    assert 0 == taken_bytes(tmp_path / "journal")


def test_the_ballast_of_an_earlier_run_is_given_back(tmp_path: Path) -> None:
    """A gateway that was killed has left it."""
    Ballast(tmp_path, MIB).lay()
    Ballast(tmp_path, MIB).release()

    assert [] == list(tmp_path.iterdir())


def test_a_disk_without_room_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing half is left lying, and another time it may go."""

    def fails(_fd: int, _offset: int, _size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    ballast = Ballast(tmp_path, MIB)
    with monkeypatch.context() as patching:
        patching.setattr(os, "posix_fallocate", fails)
        assert not ballast.lay()

    assert [] == list(tmp_path.iterdir())
    assert ballast.lay()


def test_no_ballast_takes_nothing(tmp_path: Path) -> None:
    """Who wants none has none."""
    ballast = Ballast(tmp_path, 0)

    assert ballast.lay()
    assert [] == list(tmp_path.iterdir())
