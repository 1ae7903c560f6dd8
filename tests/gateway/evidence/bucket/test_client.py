"""The storage's library and its errors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.bucket.client import BucketError, open_client, telling
from tests.buckets.servers import credentials

if TYPE_CHECKING:
    from gateway.evidence.bucket.location import Location


def _head(location: Location) -> None:
    with open_client(location, attempts=1) as client, telling(location, "a"):
        client.get_object(Bucket=location.bucket, Key=location.key("a"))


def test_a_refusal_has_the_storages_word_and_the_place(bucket: Location) -> None:
    """The code tells programs, the place tells people."""
    with pytest.raises(BucketError, match=f"{bucket}/a") as refused:
        _head(bucket)

    assert "NoSuchKey" == refused.value.code


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [("http://127.0.0.1:1", "EndpointConnectionError"), ("nonsense", "ValueError")],
)
def test_a_server_that_cannot_be_reached_is_told(
    bucket: Location, endpoint: str, code: str
) -> None:
    """Whether nobody listens or the address is none."""
    with pytest.raises(BucketError) as refused:
        _head(replace(bucket, endpoint=endpoint))

    assert code == refused.value.code


def test_strangers_are_refused(bucket: Location) -> None:
    """Credentials come from the environment, so those of another account change the answer."""
    with credentials("stranger"), pytest.raises(BucketError) as refused:
        _head(bucket)

    assert "InvalidAccessKeyId" == refused.value.code
