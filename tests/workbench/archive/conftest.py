"""An S3 server for the tests that open an archive in a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.buckets.servers import credentials, versity

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a server whose locks hold."""
    with credentials(), versity(tmp_path_factory.mktemp("storage")) as endpoint:
        yield endpoint
