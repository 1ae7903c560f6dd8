"""Unknown names have the same salt before and after a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.server.decoys import load_decoy_key

if TYPE_CHECKING:
    from pathlib import Path


def test_the_secret_is_drawn_once(tmp_path: Path) -> None:
    """Only its owner can read it, and each gateway has its own."""
    folder = tmp_path / "journal"
    key = load_decoy_key(folder)

    assert 32 == len(key)
    assert key == load_decoy_key(folder)
    assert [0o600] == [path.stat().st_mode & 0o777 for path in folder.iterdir()]
    assert key != load_decoy_key(tmp_path / "other")
