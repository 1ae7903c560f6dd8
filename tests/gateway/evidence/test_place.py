"""Where an archive is: a folder, or a bucket that is copied first."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.bucket.client import open_client
from gateway.evidence.errors import ArchiveError
from gateway.evidence.place import LocalArchive, local_archive, user_cache
from tests.buckets.servers import new_bucket
from tests.gateway.sealer.upload.uploads import files, seal, upload

if TYPE_CHECKING:
    from gateway.evidence.bucket.location import Location

STREAMWITNESS = Path(sys.executable).with_name("streamwitness")


@pytest.mark.parametrize("place", ["some/folder", Path("some/folder")])
def test_a_folder_is_where_it_is(place: str | Path) -> None:
    """Nothing is copied, and nothing is to be told."""
    assert LocalArchive(Path("some/folder")) == local_archive(place, Path("/unused"))


def test_a_bucket_is_copied(
    bucket: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done to it is told."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", str(bucket.endpoint))
    seal(tmp_path)
    upload(tmp_path, bucket)
    before = local_archive(str(bucket), tmp_path / "cache")
    with open_client(bucket) as client:
        client.put_object(Bucket=bucket.bucket, Key=bucket.key("archive.json"), Body=b"")
        client.delete_object(Bucket=bucket.bucket, Key=bucket.key("archive.json"))
    after = local_archive(str(bucket), tmp_path / "cache")

    assert (files(tmp_path / "archive"), ()) == (files(before.folder), before.notes)
    assert (before.folder, 2) == (after.folder, len(after.notes))
    assert after.notes[0] == "archive.json was deleted in the bucket; its version was taken"


def test_what_no_gateway_put_is_told(
    weak_storage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its key, as text that steers no terminal."""
    bucket = new_bucket(weak_storage)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", weak_storage)
    seal(tmp_path)
    upload(tmp_path, bucket)
    with open_client(bucket) as client:
        client.put_object(Bucket=bucket.bucket, Key=bucket.key("a b"), Body=b"")
    found = local_archive(str(bucket), tmp_path / "cache")

    assert ["'a b' was put into the bucket by no gateway, and not taken"] == [
        note.partition(":")[0] for note in found.notes
    ]


def test_an_extra_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The base install reads folders."""
    for name in [each for each in sys.modules if each.startswith("gateway.evidence.bucket.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    with pytest.raises(ArchiveError, match=r"pip install 'streamwitness\[s3\]'"):
        local_archive("s3://evidence/one", tmp_path)


def test_the_cache_is_among_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CACHE_HOME says where, else it is .cache at home."""
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    named = user_cache()
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")

    assert "/somewhere/streamwitness" == str(named)
    assert "/home/someone/.cache/streamwitness" == str(user_cache())


def test_verify_takes_a_bucket(
    bucket: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document names the bucket, not the copy."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", str(bucket.endpoint))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    seal(tmp_path)
    upload(tmp_path, bucket)
    with open_client(bucket) as client:
        client.delete_object(Bucket=bucket.bucket, Key=bucket.key("archive.json"))
    done = subprocess.run(
        [STREAMWITNESS, "verify", str(bucket), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    document = json.loads(done.stdout)

    assert ("whole", str(bucket)) == (document["verdict"], document["archive"])
    assert done.stderr.startswith("streamwitness: archive.json was deleted in the bucket")
