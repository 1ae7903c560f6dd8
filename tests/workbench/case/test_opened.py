"""What the custody log says of an archive."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from gateway.evidence.log.trust import Trust
from tests.gateway.evidence.golden import FIRST_GOLDEN, GOLDEN
from workbench.case.opened import verified

if TYPE_CHECKING:
    from pathlib import Path


def test_the_verdict_and_each_origins_checkpoint_are_told() -> None:
    """Whoever has the archive later can see whether it is the one that was opened."""
    details = verified(GOLDEN, Trust())

    assert ("whole", 0) == (details["verdict"], details["faults"])
    origins = details["origins"]
    assert isinstance(origins, dict)
    checkpoint = (GOLDEN / "gateway-1" / "log" / "checkpoint").read_bytes()
    assert hashlib.sha256(checkpoint).hexdigest() == origins["gateway-1"]["checkpoint_sha256"]
    assert ["gateway-1", "gateway-2"] == sorted(origins)


def test_an_archive_without_log_has_a_chain_head_alone() -> None:
    """Nothing is made up for what is not there."""
    origins = verified(FIRST_GOLDEN, Trust())["origins"]

    assert isinstance(origins, dict)
    assert (None, 64) == (
        origins["gateway-1"]["checkpoint_sha256"],
        len(origins["gateway-1"]["head_sha256"]),
    )


def test_damage_is_told(tmp_path: Path) -> None:
    """What was opened damaged cannot be said to have been whole later."""
    shutil.copytree(GOLDEN, tmp_path / "archive")
    (tmp_path / "archive" / "gateway-2" / "log" / "checkpoint").unlink()

    assert "damaged" == verified(tmp_path / "archive", Trust())["verdict"]
