"""What a bucket holds, hidden or not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.bucket.client import BucketError, open_client
from gateway.evidence.bucket.versions import list_versions

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from gateway.evidence.bucket.location import Location


def _put(client: S3Client, location: Location, path: str, *contents: bytes) -> list[str]:
    return [
        client.put_object(Bucket=location.bucket, Key=location.key(path), Body=content)["VersionId"]
        for content in contents
    ]


def test_all_versions_are_listed_oldest_first(bucket: Location) -> None:
    """Those below the prefix only, by their paths."""
    with open_client(bucket) as client:
        _put(client, replace(bucket, prefix="evidence/one-more"), "c", b"other")
        made = {
            "b": _put(client, bucket, "b", b"1", b"22", b"333"),
            "a": _put(client, bucket, "a", b""),
        }
        listed = list_versions(client, bucket)

    assert ["a", "b"] == list(listed)
    assert made == {path: [each.id for each in found.all] for path, found in listed.items()}
    assert [1, 2, 3] == [each.byte_count for each in listed["b"].all]
    assert not any(found.is_hidden for found in listed.values())


def test_what_was_deleted_is_listed_as_hidden(bucket: Location) -> None:
    """A marker before the versions says that there are none."""
    with open_client(bucket) as client:
        _put(client, bucket, "a", b"1")
        _put(client, bucket, "b", b"1")
        client.delete_object(Bucket=bucket.bucket, Key=bucket.key("a"))
        listed = list_versions(client, bucket)

    assert {"a": (1, True), "b": (1, False)} == {
        path: (len(found.all), found.is_hidden) for path, found in listed.items()
    }


def test_what_the_doctor_left_is_no_part_of_it(bucket: Location) -> None:
    """It lies there until its retention is over."""
    with open_client(bucket) as client:
        _put(client, bucket, ".doctor/1/a", b"1")

        assert {} == list_versions(client, bucket)


def test_a_bucket_that_is_none_is_told(bucket: Location) -> None:
    """Not taken for an empty one."""
    with open_client(bucket) as client, pytest.raises(BucketError) as refused:
        list_versions(client, replace(bucket, bucket="nobodys-bucket"))

    assert "NoSuchBucket" == refused.value.code
