"""An archive that is damaged, or tells another story than the clients, ends the demo."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from workbench.demo.errors import DemoError
from workbench.demo.folder import Folder
from workbench.demo.investigation import investigate
from workbench.demo.show import Show
from workbench.demo.truth import load_truth

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workbench.demo.conftest import Demo


@pytest.fixture
def copied(demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A copy of the run's folder, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(demo.folder.root, tmp_path / "copied")
    return Folder(tmp_path / "copied")


def test_a_damaged_archive_is_not_asked(demo: Demo, copied: Folder) -> None:
    """One changed byte is enough, and what is wrong is said."""
    (segment,) = copied.archive.rglob("*.arrow.zst")
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)

    with pytest.raises(DemoError, match="is damaged"):
        investigate(copied, demo.topics, Show(Console(quiet=True)))


def test_a_record_that_only_the_client_knows_is_a_difference(demo: Demo, copied: Folder) -> None:
    """The tables must hold all that the clients noted, and nothing else."""
    truth = load_truth(copied.ground_truth)
    truth.sent.append(truth.sent[0])
    truth.save(copied.ground_truth)

    with pytest.raises(DemoError, match="sent, but not in the tables"):
        investigate(copied, demo.topics, Show(Console(quiet=True)))


def test_a_wrong_verdict_is_a_difference(demo: Demo, copied: Folder) -> None:
    """The question, the answer and what really happened are said."""
    truth = load_truth(copied.ground_truth)
    truth.bypassing.clear()
    truth.save(copied.ground_truth)

    with pytest.raises(DemoError, match=r"(?s)past the gateway.*But that is not what happened"):
        investigate(copied, demo.topics, Show(Console(quiet=True)))
