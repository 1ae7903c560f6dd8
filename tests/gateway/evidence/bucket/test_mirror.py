"""A local copy of an archive in a bucket, which is verified like any archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.bucket.client import open_client
from gateway.evidence.bucket.mirror import is_changing, mirror
from gateway.evidence.damage import DamageKind
from gateway.evidence.errors import ArchiveError
from gateway.evidence.verify import Verdict, verify
from tests.buckets.servers import new_bucket
from tests.gateway.sealer.journals import ORIGIN
from tests.gateway.sealer.upload.uploads import files, seal, upload

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.bucket.location import Location

SEGMENT = f"{ORIGIN}/segments/00000000000000000000.arrow.zst"
CHECKPOINT = f"{ORIGIN}/log/checkpoint"


def _put(location: Location, path: str, content: bytes) -> None:
    with open_client(location) as client:
        client.put_object(Bucket=location.bucket, Key=location.key(path), Body=content)


def _delete(location: Location, path: str) -> None:
    with open_client(location) as client:
        client.delete_object(Bucket=location.bucket, Key=location.key(path))


def test_what_was_uploaded_comes_back_whole(bucket: Location, tmp_path: Path) -> None:
    """Without the gateway's own locks, and byte for byte."""
    seal(tmp_path)
    upload(tmp_path, bucket)
    found = mirror(bucket, tmp_path / "cache")

    assert files(tmp_path / "archive") == files(found.folder)
    assert Verdict.WHOLE is verify(found.folder).verdict
    assert ((), ()) == (found.hidden, found.overwritten)
    for path in files(found.folder):
        assert (tmp_path / "archive" / path).read_bytes() == (found.folder / path).read_bytes()


def test_only_what_is_new_is_fetched(bucket: Location, tmp_path: Path) -> None:
    """What a copy has already stays as it is; what it lost comes again."""
    seal(tmp_path)
    upload(tmp_path, bucket)
    folder = mirror(bucket, tmp_path / "cache").folder
    first = (folder / SEGMENT).stat().st_mtime_ns
    seal(tmp_path, next_sequence=2)
    upload(tmp_path, bucket)
    (folder / "archive.json").unlink()
    again = mirror(bucket, tmp_path / "cache")

    assert first == (again.folder / SEGMENT).stat().st_mtime_ns
    assert files(again.folder) <= files(tmp_path / "archive")
    verified = verify(again.folder)
    assert (Verdict.WHOLE, 4) == (verified.verdict, verified.origins[0].events)


def test_what_was_hidden_or_put_over_is_there_and_told(bucket: Location, tmp_path: Path) -> None:
    """A locked version cannot be removed, whatever is put before it."""
    seal(tmp_path)
    upload(tmp_path, bucket)
    _delete(bucket, SEGMENT)
    _put(bucket, "archive.json", b"{}")
    found = mirror(bucket, tmp_path / "cache")

    assert ((SEGMENT,), ("archive.json",)) == (found.hidden, found.overwritten)
    assert Verdict.WHOLE is verify(found.folder).verdict


def test_what_was_put_there_first_is_damage(bucket: Location, tmp_path: Path) -> None:
    """The bucket is not believed: verification finds what the gateway did not write."""
    seal(tmp_path)
    _put(bucket, SEGMENT, b"forged")
    with pytest.raises(ArchiveError, match="other content"):
        upload(tmp_path, bucket)

    assert Verdict.DAMAGED is verify(mirror(bucket, tmp_path / "cache").folder).verdict


def test_a_forged_checkpoint_is_damage(bucket: Location, tmp_path: Path) -> None:
    """The newest is taken, and its signature does not hold."""
    seal(tmp_path)
    upload(tmp_path, bucket)
    forged = (tmp_path / "archive" / CHECKPOINT).read_bytes().replace(b"\n3\n", b"\n2\n")
    _put(bucket, CHECKPOINT, forged)
    found = verify(mirror(bucket, tmp_path / "cache").folder)

    assert DamageKind.CHECKPOINT in {fault.kind for fault in found.faults}


def test_a_checkpoint_that_is_none_is_damage(bucket: Location, tmp_path: Path) -> None:
    """What cannot be read does not keep the rest from being copied."""
    seal(tmp_path)
    upload(tmp_path, bucket)
    _put(bucket, CHECKPOINT, b"none")
    found = mirror(bucket, tmp_path / "cache")

    assert (found.folder / SEGMENT).exists()
    assert Verdict.DAMAGED is verify(found.folder).verdict


def test_an_open_segment_goes_when_it_is_sealed(bucket: Location, tmp_path: Path) -> None:
    """Its versions stay in the bucket, behind the sealed one; a copy that has it drops it."""
    seal(tmp_path)
    sealed = tmp_path / "archive" / SEGMENT
    _put(bucket, f"{SEGMENT}.partial", b"not sealed yet")
    before = mirror(bucket, tmp_path / "cache").folder
    assert {f"{SEGMENT}.partial"} == files(before)
    upload(tmp_path, bucket)
    after = mirror(bucket, tmp_path / "cache").folder

    assert (files(tmp_path / "archive"), sealed.read_bytes()) == (
        files(after),
        (after / SEGMENT).read_bytes(),
    )


@pytest.mark.parametrize("path", ["../escaped", "a//b", "a/../../b", ".hidden", "a b"])
def test_keys_that_no_gateway_writes_are_refused(
    weak_storage: str, tmp_path: Path, path: str
) -> None:
    """No key of a bucket decides where on this machine a file is written."""
    bucket = new_bucket(weak_storage)  # The other server has no such keys.
    seal(tmp_path)
    upload(tmp_path, bucket)
    _put(bucket, path, b"")
    with pytest.raises(ArchiveError, match="keys that no gateway writes"):
        mirror(bucket, tmp_path / "cache")

    assert not (tmp_path / "cache" / "buckets" / "escaped").exists()


def test_nothing_there_is_told(bucket: Location, tmp_path: Path) -> None:
    """Most often the prefix is wrong."""
    with pytest.raises(ArchiveError, match="is the prefix right"):
        mirror(bucket, tmp_path / "cache")


def test_a_folder_that_cannot_be_written_is_told(bucket: Location, tmp_path: Path) -> None:
    """With both places."""
    seal(tmp_path)
    upload(tmp_path, bucket)
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ArchiveError, match="cannot be copied to"):
        mirror(bucket, tmp_path / "cache")


def test_a_note_of_what_was_fetched_that_is_lost_costs_time_only(
    bucket: Location, tmp_path: Path
) -> None:
    """Everything is fetched again."""
    seal(tmp_path)
    upload(tmp_path, bucket)
    folder = mirror(bucket, tmp_path / "cache").folder
    (folder.parent / "fetched.json").write_text("nonsense")
    before = (folder / SEGMENT).stat().st_ino
    mirror(bucket, tmp_path / "cache")

    assert before != (folder / SEGMENT).stat().st_ino
    assert Verdict.WHOLE is verify(folder).verdict


def test_what_changes_is_known() -> None:
    """Of these the newest version counts, of all others the oldest."""
    names = ["log/checkpoint", "log/root", "segments/0.arrow.zst.partial", "log/checkpoints/3"]

    assert [True, True, True, False] == [is_changing(f"{ORIGIN}/{name}") for name in names]
