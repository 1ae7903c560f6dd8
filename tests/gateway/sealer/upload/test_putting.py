"""Putting one object, locked, and reading back that it is."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.bucket.client import BucketError, open_client
from gateway.sealer.upload.plan import Item
from gateway.sealer.upload.putting import ConflictError, put
from tests.buckets.servers import new_bucket
from tests.gateway.sealer.upload.uploads import keys, upload_options

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.bucket.location import Location
    from gateway.sealer.upload.memory import Put
    from gateway.sealer.upload.options import UploadOptions

CONTENT = b"a sealed segment"
SEALED = Item("o/segments/0.arrow.zst", CONTENT)
CHANGING = Item("o/log/checkpoint", CONTENT)


def _put(options: UploadOptions, item: Item, content: bytes | Path = CONTENT) -> Put:
    with open_client(options.location) as client:
        return put(client, options, item, content)


def test_an_object_is_put_with_its_digest_and_its_lock(bucket: Location, tmp_path: Path) -> None:
    """From memory or from a file."""
    (tmp_path / "file").write_bytes(CONTENT)
    found = _put(upload_options(bucket), SEALED, tmp_path / "file")
    with open_client(bucket) as client:
        head = client.head_object(
            Bucket=bucket.bucket, Key=bucket.key(SEALED.path), VersionId=found.version
        )

    assert (hashlib.sha256(CONTENT).hexdigest(), len(CONTENT)) == (found.sha256, found.byte_count)
    assert ("COMPLIANCE", datetime.fromisoformat(found.until)) == (
        head["ObjectLockMode"],
        head["ObjectLockRetainUntilDate"],
    )
    days = head["ObjectLockRetainUntilDate"] - datetime.now(UTC)
    assert timedelta(days=1, hours=23) < days <= timedelta(days=2)


def test_what_never_changes_is_put_once(bucket: Location) -> None:
    """An upload that was cut short finds what it had put, and needs no memory for that."""
    first, again = (_put(upload_options(bucket), SEALED) for _ in range(2))

    assert (first, {SEALED.path: 1}) == (again, keys(bucket))


def test_what_changes_is_put_as_another_version(bucket: Location) -> None:
    """Each of which is locked."""
    first, again = (_put(upload_options(bucket), CHANGING, body) for body in (CONTENT, b"grown"))

    assert first.version != again.version
    assert {CHANGING.path: 2} == keys(bucket)


def test_something_else_in_its_place_is_a_conflict(bucket: Location) -> None:
    """It is not put over: somebody wrote there who should not."""
    with open_client(bucket) as client:
        client.put_object(Bucket=bucket.bucket, Key=bucket.key(SEALED.path), Body=b"forged")
    with pytest.raises(ConflictError, match="find out who put it there"):
        _put(upload_options(bucket), SEALED)

    assert {SEALED.path: 1} == keys(bucket)


def test_what_was_deleted_is_put_again(weak_storage: str) -> None:
    """Behind the marker the version is still there; before it stands another then."""
    bucket = new_bucket(weak_storage)  # The other server takes no locked object before a marker.
    first = _put(upload_options(bucket), SEALED)
    with open_client(bucket) as client:
        client.delete_object(Bucket=bucket.bucket, Key=bucket.key(SEALED.path))
    again = _put(upload_options(bucket), SEALED)

    assert (first.sha256, {SEALED.path: 2}) == (again.sha256, keys(bucket))
    assert first.version != again.version


def test_the_same_without_a_lock_is_not_taken_for_kept(bucket: Location) -> None:
    """Whoever put it there can take it away again."""
    with open_client(bucket) as client:
        client.put_object(
            Bucket=bucket.bucket,
            Key=bucket.key(SEALED.path),
            Body=CONTENT,
            ChecksumAlgorithm="SHA256",
        )
    with pytest.raises(BucketError, match="not locked in the mode COMPLIANCE") as refused:
        _put(upload_options(bucket), SEALED)

    assert "NotKept" == refused.value.code


def test_a_weaker_lock_is_not_taken_for_the_one_asked_for(bucket: Location) -> None:
    """It was put when less was asked for."""
    weaker = msgspec.structs.replace(upload_options(bucket), mode="GOVERNANCE")
    _put(weaker, SEALED)
    with pytest.raises(BucketError, match="not locked in the mode COMPLIANCE"):
        _put(upload_options(bucket), SEALED)


def test_a_legal_hold_is_set(bucket: Location) -> None:
    """Where it is asked for."""
    options = msgspec.structs.replace(upload_options(bucket), legal_hold=True)
    found = _put(options, SEALED)
    with open_client(bucket) as client:
        hold = client.get_object_legal_hold(
            Bucket=bucket.bucket, Key=bucket.key(SEALED.path), VersionId=found.version
        )

    assert "ON" == hold["LegalHold"]["Status"]


def test_an_object_without_the_hold_asked_for_is_not_taken_for_kept(bucket: Location) -> None:
    """It was put before holds were asked for."""
    _put(upload_options(bucket), SEALED)
    options = msgspec.structs.replace(upload_options(bucket), legal_hold=True)
    with pytest.raises(BucketError, match="no legal hold"):
        _put(options, SEALED)


def test_a_bucket_without_object_lock_is_refused(storage: str) -> None:
    """Nothing is put there without a lock."""
    bucket = new_bucket(storage, is_locked=False)
    with pytest.raises(BucketError, match="ObjectLock"):
        _put(upload_options(bucket), CHANGING)
