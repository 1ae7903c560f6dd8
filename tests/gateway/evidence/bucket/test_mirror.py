"""A local copy of an archive in a bucket, which is verified like any archive."""

from __future__ import annotations

import subprocess
import sys
import time
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


def tiles(archive: Path) -> list[Path]:
    """List the tiles that are not filled."""
    return [path for path in archive.rglob("*.p/*") if path.is_file()]


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


@pytest.mark.parametrize(
    "path", ["../escaped", "a//b", "a/../../b", ".hidden", "a b", ORIGIN, f"{SEGMENT}/b"]
)
def test_keys_that_no_gateway_writes_are_told_and_not_taken(
    weak_storage: str, tmp_path: Path, path: str
) -> None:
    """None decides where on this machine a file is written, or keeps the rest from being read."""
    bucket = new_bucket(weak_storage)  # The other server has no such keys.
    seal(tmp_path)
    upload(tmp_path, bucket)
    time.sleep(1.1)  # The storage tells times in seconds.
    _put(bucket, path, b"x")
    found = mirror(bucket, tmp_path / "cache")

    assert (path,) == found.foreign
    assert files(tmp_path / "archive") == files(found.folder)
    assert Verdict.WHOLE is verify(found.folder).verdict
    assert not (tmp_path / "cache" / "buckets" / "escaped").exists()


@pytest.mark.parametrize("path", ["", f"{ORIGIN}/", f"{ORIGIN}/segments/"])
def test_what_shows_a_folder_in_a_console_is_nothing(
    weak_storage: str, tmp_path: Path, path: str
) -> None:
    """The browsers of buckets put an empty object for it."""
    bucket = new_bucket(weak_storage)
    with open_client(bucket) as client:
        client.put_object(Bucket=bucket.bucket, Key=f"{bucket.prefix}/{path}", Body=b"")
    seal(tmp_path)
    upload(tmp_path, bucket)
    found = mirror(bucket, tmp_path / "cache")

    assert ((), ()) == (found.foreign, found.overwritten)
    assert Verdict.WHOLE is verify(found.folder).verdict


def test_what_was_put_over_in_a_bucket_without_versions_is_damage(
    storage: str, tmp_path: Path
) -> None:
    """There every object has the same id, and the copy of an earlier look must not stand for it."""
    bucket = new_bucket(storage, is_locked=False)
    seal(tmp_path)
    archive = tmp_path / "archive"
    for path in files(archive) | {tile.relative_to(archive).as_posix() for tile in tiles(archive)}:
        _put(bucket, path, (archive / path).read_bytes())
    before = verify(mirror(bucket, tmp_path / "cache").folder).verdict
    content = bytearray((archive / SEGMENT).read_bytes())
    content[len(content) // 2] ^= 1
    _put(bucket, SEGMENT, bytes(content))
    after = verify(mirror(bucket, tmp_path / "cache").folder).verdict

    assert (Verdict.WHOLE, Verdict.DAMAGED) == (before, after)


def test_several_may_copy_it_at_once(bucket: Location, tmp_path: Path) -> None:
    """Each has whole files, and so has whoever looks afterwards."""
    for number in range(3):
        seal(tmp_path, next_sequence=2 * number)
    upload(tmp_path, bucket)
    program = (
        "import sys; from pathlib import Path; from gateway.evidence.bucket.location import *; "
        "from gateway.evidence.bucket.mirror import mirror; "
        "mirror(Location(bucket=sys.argv[1], prefix=sys.argv[2], endpoint=sys.argv[3], "
        "region=sys.argv[4]), Path(sys.argv[5]))"
    )
    place = (bucket.bucket, bucket.prefix, str(bucket.endpoint), str(bucket.region))
    for number in range(3):
        cache = tmp_path / f"cache-{number}"
        command = [sys.executable, "-c", program, *place, str(cache)]
        running = [subprocess.Popen(command) for _ in range(4)]

        assert [0] * 4 == [process.wait() for process in running]
        assert Verdict.WHOLE is verify(mirror(bucket, cache).folder).verdict
        assert [] == list(cache.rglob("arriving*"))


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
