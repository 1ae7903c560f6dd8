"""The uploader's process: what ends it, and what it says."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.lock import FileLock
from gateway.sealer.upload import __main__ as module
from gateway.sealer.upload.options import encode_uploader
from gateway.sealer.upload.uploader import Uploader
from gateway.sealer.uploading import uploader_command
from tests.gateway.sealer.upload.uploads import files, keys, seal, uploader_options

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.bucket.location import Location


class _Over:
    """A lifeline that was let go after some looks."""

    looks = 0

    def is_over(self, *, wait_seconds: float) -> bool:
        """Say so, without waiting."""
        assert wait_seconds >= 0
        self.looks -= 1
        return self.looks < 0


@pytest.fixture
def over(monkeypatch: pytest.MonkeyPatch) -> type[_Over]:
    """Have the process end after `looks` rounds; a last one without waiting for another."""
    monkeypatch.setattr(module, "Lifeline", _Over)
    monkeypatch.setattr(module, "FINISH_SECONDS", 0.0)
    monkeypatch.setattr(_Over, "looks", 0)
    return _Over


def _events(text: str) -> list[str]:
    return [json.loads(line)["event"] for line in text.splitlines()]


def test_it_ends_when_everything_is_there(bucket: Location, tmp_path: Path) -> None:
    """Also when its input ended before it began."""
    seal(tmp_path)
    done = subprocess.run(
        uploader_command(uploader_options(tmp_path, bucket)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ["uploaded"] == _events(done.stderr)
    assert files(tmp_path / "archive") <= set(keys(bucket))


def test_it_goes_round_until_then(
    bucket: Location, tmp_path: Path, capsys: pytest.CaptureFixture[str], over: type[_Over]
) -> None:
    """A round with nothing to do says nothing."""
    seal(tmp_path)
    over.looks = 3

    assert 0 == module.main([encode_uploader(uploader_options(tmp_path, bucket))])
    assert ["uploaded"] == _events(capsys.readouterr().err)


def test_a_bucket_that_is_away_is_told_and_what_is_left_too(
    bucket: Location, tmp_path: Path, capsys: pytest.CaptureFixture[str], over: type[_Over]
) -> None:
    """The exit code says that something is not there; the next start brings it."""
    seal(tmp_path)
    over.looks = 2
    options = uploader_options(tmp_path, replace(bucket, endpoint="http://127.0.0.1:1"))

    assert 1 == module.main([encode_uploader(options)])
    assert ["upload_failed", "upload_unfinished"] == _events(capsys.readouterr().err)


def test_one_uploads_at_a_time(
    bucket: Location,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    over: type[_Over],
) -> None:
    """The second waits, and says so when that takes too long."""
    seal(tmp_path)
    monkeypatch.setattr(module, "_LOCK_SECONDS", 0.0)
    lock = FileLock(tmp_path / "journal" / "uploader.lock", what="tests")

    assert 1 == module.main([encode_uploader(uploader_options(tmp_path, bucket))])
    assert ["upload_failed"] == _events(capsys.readouterr().err)
    lock.release()


def test_a_finish_waits_for_what_comes_late(
    bucket: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, over: type[_Over]
) -> None:
    """As long as there is time, it tries again."""
    seal(tmp_path)
    monkeypatch.setattr(module, "FINISH_SECONDS", 30.0)
    monkeypatch.setattr(module, "BACKOFF_SECONDS", 0.0)
    rounds: list[int] = []
    true_round = Uploader.round

    def failing_round(uploader: Uploader) -> int:
        rounds.append(len(rounds))
        if len(rounds) < 3:
            raise OSError("not yet")
        return true_round(uploader)

    monkeypatch.setattr(Uploader, "round", failing_round)

    assert 0 == module.main([encode_uploader(uploader_options(tmp_path, bucket))])
    assert [0, 1, 2] == rounds


def test_options_that_are_none_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """By the parser of the command line."""
    with pytest.raises(SystemExit):
        module.main([msgspec.json.encode({}).decode()])

    assert "options" in capsys.readouterr().err
