"""`streamwitness retain` and `hold`, as an operator uses them."""

from __future__ import annotations

from getpass import getuser
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from gateway.cli import build_app
from gateway.evidence import expiry
from gateway.evidence.expiry import read_hold
from tests.gateway.evidence.expired import OLD, archive_of, key_of
from tests.gateway.sealer.journals import ORIGIN

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from typer.testing import Result


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(build_app(), list(map(str, arguments)))


def _retain(archive: Path, folder: Path) -> Result:
    options = ("--older-than", "90", "--reason", "ninety days", "--by", "records officer")
    return _run("retain", archive, "--key", key_of(folder), *options)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a hundred days pass."""
    true_days_ago = expiry.days_ago

    def days_ago(days: int) -> datetime:
        return true_days_ago(days - 100)

    monkeypatch.setattr(expiry, "days_ago", days_ago)


def test_segments_are_removed_by_age(tmp_path: Path, later: None) -> None:
    """Each is named."""
    archive = archive_of(tmp_path, segments=2)
    done = _retain(archive, tmp_path)

    assert (0, f"removed {ORIGIN}/{OLD}\n1 segments removed\n") == (done.exit_code, done.stdout)


def test_what_is_not_old_stays(tmp_path: Path) -> None:
    """Nothing is."""
    archive = archive_of(tmp_path, segments=2)

    assert "0 segments removed\n" == _retain(archive, tmp_path).stdout


def test_a_held_archive_is_left_alone(tmp_path: Path, later: None) -> None:
    """It says since when, by whom and why; lifting it is one command."""
    archive = archive_of(tmp_path, segments=2)
    held = _run("hold", archive, "--reason", "case 4711")
    refused = _retain(archive, tmp_path)
    found = read_hold(archive)
    lifted = _run("hold", archive, "--lift")

    assert (0, 2, 0) == (held.exit_code, refused.exit_code, lifted.exit_code)
    assert found is not None
    assert (getuser(), "case 4711") == (found.held_by, found.reason)
    assert "case 4711" in refused.stderr
    assert "1 segments removed" in _retain(archive, tmp_path).stdout


def test_a_hold_needs_a_reason(tmp_path: Path) -> None:
    """For whoever is to lift it one day."""
    done = _run("hold", archive_of(tmp_path, segments=1))

    assert 2 == done.exit_code
    assert "say why it is held: --reason" in done.stderr
