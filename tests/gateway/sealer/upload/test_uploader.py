"""Rounds of an upload: what is missing is put, whatever happened before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.bucket.client import BucketError, open_client
from gateway.evidence.bucket.mirror import is_changing, mirror
from gateway.evidence.errors import ArchiveError
from gateway.evidence.log.folder import CHECKPOINT
from gateway.evidence.verify import Verdict, verify
from gateway.sealer.upload import uploader as module
from gateway.sealer.upload.memory import NAME
from gateway.sealer.upload.plan import plan as true_plan
from gateway.sealer.upload.putting import put as true_put
from gateway.sealer.upload.uploader import Uploader
from tests.gateway.sealer.journals import ORIGIN
from tests.gateway.sealer.upload.uploads import files, keys, seal, upload, uploader_options

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.bucket.location import Location


def test_a_round_puts_what_is_missing(bucket: Location, tmp_path: Path) -> None:
    """The next has nothing to do, until something is recorded."""
    seal(tmp_path)
    with open_client(bucket) as client:
        uploader = Uploader(client, uploader_options(tmp_path, bucket))
        complete = [uploader.is_complete]
        counts = [uploader.round(), uploader.round()]
        complete.append(uploader.is_complete)
        seal(tmp_path, next_sequence=2)
        complete.append(uploader.is_complete)
        uploader.round()
        complete.append(uploader.is_complete)

    assert [False, True, False, True] == complete
    assert counts[0] > 0 == counts[1]
    assert files(tmp_path / "archive") <= set(keys(bucket))


def test_an_upload_that_lost_its_memory_puts_nothing_twice(
    bucket: Location, tmp_path: Path
) -> None:
    """But for what changes, of which another version does no harm."""
    seal(tmp_path)
    upload(tmp_path, bucket)
    before = keys(bucket)
    (tmp_path / "journal" / NAME).unlink()
    upload(tmp_path, bucket)
    twice = {path for path, count in keys(bucket).items() if count != before[path]}

    assert set(filter(is_changing, before)) == twice


@pytest.mark.parametrize("puts", range(6))
def test_an_upload_that_is_killed_goes_on(
    bucket: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, puts: int
) -> None:
    """Wherever: between two objects, or before it could remember the last."""
    seal(tmp_path)
    left = [puts]

    def dying_put(*arguments: object) -> object:
        found = true_put(*arguments)  # type: ignore[arg-type]  # passed on as they came
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return found

    with monkeypatch.context() as patched:
        patched.setattr(module, "put", dying_put)
        with pytest.raises(KeyboardInterrupt):
            upload(tmp_path, bucket)
    upload(tmp_path, bucket)

    assert {1} == {count for path, count in keys(bucket).items() if not is_changing(path)}
    assert Verdict.WHOLE is verify(mirror(bucket, tmp_path / "cache").folder).verdict


def test_a_conflict_holds_up_nothing_else(bucket: Location, tmp_path: Path) -> None:
    """It is told in each round, until it is gone."""
    seal(tmp_path)
    with open_client(bucket) as client:
        forged = client.put_object(
            Bucket=bucket.bucket, Key=bucket.key("archive.json"), Body=b"forged"
        )["VersionId"]
        uploader = Uploader(client, uploader_options(tmp_path, bucket))
        for _ in range(2):
            with pytest.raises(ArchiveError, match=r"archive\.json is in the bucket with other"):
                uploader.round()
        assert f"{ORIGIN}/log/{CHECKPOINT}" in keys(bucket)
        client.delete_object(Bucket=bucket.bucket, Key=bucket.key("archive.json"), VersionId=forged)
        uploader.round()

        assert uploader.is_complete


def test_a_bucket_that_is_away_is_told(bucket: Location, tmp_path: Path) -> None:
    """The round ends at once; a later one begins where it ended."""
    seal(tmp_path)
    away = replace(bucket, endpoint="http://127.0.0.1:1")
    with pytest.raises(BucketError):
        upload(tmp_path, away)

    assert upload(tmp_path, bucket) > 0


def test_a_segment_that_is_sealed_meanwhile_ends_the_round_before_its_checkpoint(
    bucket: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next round finds it under its new name."""
    seal(tmp_path)

    def stale_plan(archive: Path, origin: str) -> object:
        for item in true_plan(archive, origin):
            if item.path.endswith(".zst"):
                yield replace(item, content=archive / "gone")
            else:
                yield item

    with monkeypatch.context() as patched:
        patched.setattr(module, "plan", stale_plan)
        upload(tmp_path, bucket)
    assert f"{ORIGIN}/log/{CHECKPOINT}" not in keys(bucket)
    upload(tmp_path, bucket)

    assert f"{ORIGIN}/log/{CHECKPOINT}" in keys(bucket)
