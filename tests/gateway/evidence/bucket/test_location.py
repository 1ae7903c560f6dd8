"""Addresses of archives in object storage."""

from __future__ import annotations

import pytest

from gateway.evidence.bucket.location import Location, is_location, parse_location
from gateway.evidence.errors import ArchiveError


@pytest.mark.parametrize(
    ("text", "bucket", "prefix"),
    [
        ("s3://evidence", "evidence", ""),
        ("s3://evidence/", "evidence", ""),
        ("s3://evidence.example.com/gateways/one/", "evidence.example.com", "gateways/one"),
    ],
)
def test_an_address_is_a_bucket_and_a_prefix(text: str, bucket: str, prefix: str) -> None:
    """A slash at the end changes nothing."""
    assert Location(bucket=bucket, prefix=prefix) == parse_location(text)


@pytest.mark.parametrize(
    "text",
    ["evidence", "s3:/evidence", "s3://", "s3://E", "s3://evidence/a//b", "s3://evidence/../b"],
)
def test_anything_else_is_refused(text: str) -> None:
    """With the form that is expected."""
    with pytest.raises(ArchiveError, match="s3://BUCKET/PREFIX"):
        parse_location(text)


@pytest.mark.parametrize(
    ("prefix", "key"), [("", "archive.json"), ("one/two", "one/two/archive.json")]
)
def test_keys_and_paths_stand_for_each_other(prefix: str, key: str) -> None:
    """With a prefix and without."""
    location = Location(bucket="evidence", prefix=prefix)

    assert (key, "archive.json") == (location.key("archive.json"), location.path(key))


def test_it_is_shown_as_its_address() -> None:
    """Messages name the place in the form in which it is given."""
    shown = [str(parse_location(text)) for text in ("s3://evidence/one", "s3://evidence")]

    assert ["s3://evidence/one", "s3://evidence"] == shown


def test_a_folder_is_no_location() -> None:
    """Only the scheme tells."""
    assert [True, False] == [is_location("s3://a"), is_location("/s3://a")]
