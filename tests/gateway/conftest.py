"""An S3 server for the tests that need one: started when the first asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.buckets.servers import credentials, moto, new_bucket, versity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.evidence.bucket.location import Location


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a server whose locks hold."""
    with credentials(), versity(tmp_path_factory.mktemp("storage")) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def weak_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a server whose locks do not hold."""
    with credentials(), moto(tmp_path_factory.mktemp("storage")) as endpoint:
        yield endpoint


@pytest.fixture
def bucket(storage: str) -> Location:
    """Give a place in a new bucket with Object Lock."""
    return new_bucket(storage)
