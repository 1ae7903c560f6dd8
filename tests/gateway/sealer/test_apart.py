"""Recovery runs in a process of its own, and says why when it fails."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.errors import ArchiveError
from gateway.evidence.lock import FileLock
from gateway.sealer import apart
from gateway.sealer.apart import recover_apart, sealer_command
from tests.gateway.sealer.journals import event, kinds, options, record

if TYPE_CHECKING:
    from pathlib import Path


def test_what_an_earlier_run_left_is_sealed(tmp_path: Path) -> None:
    """And the next number is known here."""
    writer = record(tmp_path)
    writer.append([event()])
    writer.close()

    assert 1 == recover_apart(options(tmp_path))
    assert ["delivered"] == kinds(tmp_path)


def test_why_it_failed_is_told(tmp_path: Path) -> None:
    """In the words of the process that met it."""
    (tmp_path / "journal").mkdir()
    lock = FileLock(tmp_path / "journal" / "sealer.lock", what="is in the way")
    with pytest.raises(ArchiveError, match=r"cannot seal .* is locked"):
        recover_apart(options(tmp_path))
    lock.release()


def test_a_process_that_says_nothing_sensible_is_told_by_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ended it."""
    monkeypatch.setattr(
        apart, "sealer_command", lambda _options: [sys.executable, "-c", "import sys; sys.exit(7)"]
    )
    with pytest.raises(ArchiveError, match="exit code 7"):
        recover_apart(options(tmp_path))


def test_the_command_carries_every_option(tmp_path: Path) -> None:
    """In one argument, so that none is spelled twice."""
    made = options(tmp_path)
    told = msgspec.json.decode(sealer_command(made)[-1])

    assert set(made.__struct_fields__) == set(told)
