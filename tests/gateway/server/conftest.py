"""A small Kafka broker for the tests of this folder that need one which behaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench.demo.cluster import embedded_broker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.demo.cluster import Cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One broker in memory for all tests of this process."""
    with embedded_broker(tmp_path_factory.mktemp("broker") / "log") as cluster:
        yield cluster
