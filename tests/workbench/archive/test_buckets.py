"""Archives in a bucket are opened like folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import workbench as wb
from gateway.evidence.bucket.client import open_client
from gateway.evidence.errors import ArchiveError
from tests.buckets.servers import new_bucket
from tests.gateway.sealer.upload.uploads import seal, upload
from tests.workbench.archive.encrypted import CARD, Encrypted, everything
from workbench import sample

if TYPE_CHECKING:
    from gateway.evidence.bucket.location import Location

STREAMWITNESS = Path(sys.executable).with_name("streamwitness")


@pytest.fixture
def bucket(storage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Location:
    """A bucket with the sample archive in it, that an environment leads to."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", storage)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return new_bucket(storage)


def _put_sample(location: Location) -> None:
    _put(location, sample.path())


def _put(location: Location, folder: Path) -> None:
    with open_client(location) as client:
        for path in (each for each in folder.rglob("*") if each.is_file()):
            client.put_object(
                Bucket=location.bucket,
                Key=location.key(path.relative_to(folder).as_posix()),
                Body=path.read_bytes(),
            )


def test_a_bucket_is_opened_as_its_folder_is(bucket: Location, tmp_path: Path) -> None:
    """The same tables come of it."""
    _put_sample(bucket)
    there = wb.open(str(bucket), cache=tmp_path / "cache")
    here = wb.open(sample.path(), cache=tmp_path / "cache")

    assert there.reads.collect().equals(here.reads.collect())
    assert (True, ()) == (there.status.is_whole, there.notes)


def test_what_comes_later_is_there_after_a_refresh(bucket: Location, tmp_path: Path) -> None:
    """And what was done to the bucket meanwhile is told."""
    seal(tmp_path)
    upload(tmp_path, bucket)
    archive = wb.open(str(bucket), is_temporary=True)
    before = len(archive.segments)
    seal(tmp_path, next_sequence=2)
    upload(tmp_path, bucket)
    with open_client(bucket) as client:
        client.delete_object(Bucket=bucket.bucket, Key=bucket.key("archive.json"))
    archive.refresh()

    assert (1, 2) == (before, len(archive.segments))
    assert ("archive.json was deleted in the bucket; its version was taken",) == archive.notes


def test_an_encrypted_bucket_is_copied_once_and_kept_as_it_is(
    bucket: Location, tmp_path: Path
) -> None:
    """What the keys open lies in a folder that goes, and the copy among the user's caches."""
    encrypted = Encrypted(tmp_path / "recorded", everything())
    _put(bucket, encrypted.archive)

    archive = wb.open(str(bucket), keys=encrypted.keys.path, identity=encrypted.identity)

    assert CARD in set(archive.records.collect()["value"])
    kept = [path for path in (tmp_path / "caches").rglob("*") if path.is_file()]
    assert [path.name for path in kept if path.suffix == ".zst"]
    assert [] == [
        path for path in kept if path.suffix == ".parquet" or b"4111" in path.read_bytes()
    ]


def test_a_bucket_with_something_else_is_no_archive(bucket: Location) -> None:
    """It is told as for a folder."""
    with open_client(bucket) as client:
        client.put_object(Bucket=bucket.bucket, Key=bucket.key("notes.txt"), Body=b"")
    with pytest.raises(ArchiveError, match="is no archive"):
        wb.open(str(bucket), is_temporary=True)


def test_tables_and_reports_take_a_bucket(bucket: Location, tmp_path: Path) -> None:
    """Both are made of the copy; a place that holds nothing is refused."""
    _put_sample(bucket)
    with open_client(bucket) as client:
        client.delete_object(Bucket=bucket.bucket, Key=bucket.key("archive.json"))
    tables = _run("tables", str(bucket), "--out", tmp_path / "tables", "--table", "gaps")
    report = _run("report", str(bucket), "--out", tmp_path / "report.html")
    nothing = _run("report", f"s3://{bucket.bucket}/none", "--out", tmp_path / "none.html")

    assert (0, 0, 2) == (tables.returncode, report.returncode, nothing.returncode)
    assert "archive.json was deleted in the bucket" in tables.stderr
    assert "archive.json was deleted in the bucket" in report.stderr
    assert "is the prefix right" in nothing.stderr


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([STREAMWITNESS, *arguments], capture_output=True, text=True, check=False)
