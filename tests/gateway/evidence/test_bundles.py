"""A bundle is kept once, under its own digest."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from gateway.evidence.bundles import keep_bundle

if TYPE_CHECKING:
    from pathlib import Path


def test_a_bundle_is_kept_under_its_digest(tmp_path: Path) -> None:
    """`sha256sum` finds whether it is still the one that it says."""
    keep_bundle(tmp_path, "gw.0", b"content")
    keep_bundle(tmp_path, "gw.0", b"other")
    kept = {path.name: path.read_bytes() for path in (tmp_path / "gw.0" / "bundles").iterdir()}

    assert {sha256(each).hexdigest(): each for each in (b"content", b"other")} == kept


def test_what_is_kept_is_not_written_again(tmp_path: Path) -> None:
    """It may be under a lock."""
    keep_bundle(tmp_path, "gw.0", b"content")
    (path,) = (tmp_path / "gw.0" / "bundles").iterdir()
    before = path.stat()
    keep_bundle(tmp_path, "gw.0", b"content")

    assert (before.st_ino, before.st_mtime_ns) == (path.stat().st_ino, path.stat().st_mtime_ns)
