"""An uploader beside the sealer, which waits for nothing of it."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.bucket.mirror import mirror
from gateway.evidence.errors import ArchiveError
from gateway.evidence.verify import Verdict, verify
from gateway.sealer import uploading as module
from gateway.sealer.apart import recover_apart, sealer_command
from gateway.sealer.uploading import Uploading
from tests.buckets.servers import new_bucket
from tests.gateway.sealer.journals import event, names, options, record
from tests.gateway.sealer.upload.uploads import keys, seal, uploader_options

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.bucket.location import Location
    from gateway.sealer.sealing import SealerOptions


def _with_upload(folder: Path, location: Location, *, require_worm: bool = False) -> SealerOptions:
    upload = uploader_options(folder, location)
    asked = msgspec.structs.replace(upload.upload, require_worm=require_worm)
    return msgspec.structs.replace(
        options(folder), upload=msgspec.structs.replace(upload, upload=asked)
    )


def test_what_a_sealer_seals_is_in_the_bucket_when_it_ends(
    bucket: Location, tmp_path: Path
) -> None:
    """And before, while it runs."""
    writer = record(tmp_path)
    writer.append([event()])
    with subprocess.Popen(
        sealer_command(_with_upload(tmp_path, bucket)), stdin=subprocess.PIPE
    ) as sealer:
        while not (tmp_path / "archive" / "archive.json").exists():
            time.sleep(0.05)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and len(_listed(bucket)) < 5:
            time.sleep(0.1)
        live = verify(mirror(bucket, tmp_path / "cache").folder)
        writer.append([event()])
        writer.close()
        assert sealer.stdin is not None
        sealer.stdin.close()
    ended = verify(mirror(bucket, tmp_path / "cache").folder)

    assert (0, Verdict.WHOLE, Verdict.WHOLE) == (sealer.returncode, live.verdict, ended.verdict)
    assert ([1], [2]) == ([each.events for each in live.origins], [ended.origins[0].events])


def _listed(bucket: Location) -> dict[str, int]:
    try:
        return keys(bucket)
    except KeyError:
        return {}


def test_a_bucket_that_is_away_holds_nothing_up(
    bucket: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is sealed and the journal freed; the archive on the disk is complete."""
    monkeypatch.setattr(module, "_FINISH_SECONDS", 0.0)
    writer = record(tmp_path)
    writer.append([event()])
    writer.close()
    away = _with_upload(tmp_path, replace(bucket, endpoint="http://127.0.0.1:1"))
    with subprocess.Popen(
        sealer_command(away), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as sealer:
        while names(tmp_path):
            time.sleep(0.05)
        verdict = verify(tmp_path / "archive").verdict
        sealer.kill()  # Its uploader would go on trying for a minute.
        assert sealer.stderr is not None
        first = sealer.stderr.readline()

    assert (Verdict.WHOLE, "upload_failed") == (verdict, json.loads(first)["event"])


def test_an_uploader_that_dies_is_started_again(
    bucket: Location,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As often as that happens."""
    seal(tmp_path)
    monkeypatch.setattr(module, "BACKOFF_SECONDS", 0.01)
    uploading = Uploading(uploader_options(tmp_path, bucket))
    uploading.start()
    seen: set[int] = set()
    while len(seen) < 2:
        process = uploading._process
        if process is not None and process.pid not in seen:
            seen.add(process.pid)
            if len(seen) < 2:
                process.kill()
        time.sleep(0.01)
    uploading.finish()
    died = [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    assert [("uploader_died", -9)] == [(line["event"], line["exit_code"]) for line in died]
    assert Verdict.WHOLE is verify(mirror(bucket, tmp_path / "cache").folder).verdict


def test_without_a_bucket_nothing_is_started() -> None:
    """Most gateways keep their archive on a disk alone."""
    uploading = Uploading(None)
    uploading.start()
    uploading.finish()

    assert uploading._process is None


def test_a_bucket_that_does_not_hold_keeps_a_gateway_from_starting(
    weak_storage: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where that is required, before anything is recovered; the log says which attacks won."""
    weak = _with_upload(tmp_path, new_bucket(weak_storage), require_worm=True)
    with pytest.raises(ArchiveError, match="does not keep what it is given"):
        recover_apart(weak)

    line = json.loads(capfd.readouterr().err)
    assert ("worm_checked", "critical") == (line["event"], line["level"])
    assert "suspend versioning" in line["not_held"]
    assert not (tmp_path / "archive").exists()


def test_a_bucket_that_holds_lets_it_start(
    bucket: Location, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With a line in the log, too."""
    next_sequence = recover_apart(_with_upload(tmp_path, bucket, require_worm=True))
    line = json.loads(capfd.readouterr().err)

    assert (0, "worm_checked", "info", {}) == (
        next_sequence,
        line["event"],
        line["level"],
        line["not_held"],
    )


def test_a_bucket_that_need_not_hold_is_not_attacked(weak_storage: str, tmp_path: Path) -> None:
    """The default: what it would find is the operator's to know from the doctor."""
    location = new_bucket(weak_storage)

    assert 0 == recover_apart(_with_upload(tmp_path, location))
    assert {} == _listed(location)
