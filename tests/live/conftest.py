"""A real Kafka for the tests of this folder, and gateways in front of it."""

from __future__ import annotations

import gc
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kafka.cluster import named_cluster, running_cluster
from tests.kafka.features import Place
from tests.kafka.gateway import running_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kafka.cluster import Cluster
    from tests.kafka.gateway import Gateway


HERE = Path(__file__).parent
# kafka-python and aiokafka leave sockets and tasks of failed connections to the garbage collector.
# The gateway is another process: nothing of its own can be seen or hidden here.
LEFTOVERS = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(LEFTOVERS)
            if "kafka" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.live)


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Let no test outside this folder meet what clients left behind."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def kafka(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """One broker for all tests of this process, or the cluster that --broker names."""
    named = request.config.getoption("broker")
    if named is not None:
        yield named_cluster(named)
        return
    with running_cluster(tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster


@pytest.fixture
def prefix() -> str:
    """A beginning of names that no other test uses."""
    return f"t{secrets.token_hex(4)}"


@pytest.fixture
def gateway(kafka: Cluster, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway in front of the cluster, with an archive of its own."""
    with running_gateway(tmp_path / "gateway", kafka) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def standing_gateway(kafka: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One gateway for the tests that neither stop it nor need its archive for themselves."""
    folder = tmp_path_factory.mktemp("gateway")
    with running_gateway(folder, kafka) as gateway:
        yield gateway


@pytest.fixture
def direct(kafka: Cluster, prefix: str) -> Place:
    """The cluster itself."""
    return Place(
        bootstrap=kafka.bootstrap, direct=kafka.bootstrap, prefix=f"{prefix}-d", nodes=kafka.nodes
    )


@pytest.fixture
def through(kafka: Cluster, standing_gateway: Gateway, prefix: str) -> Place:
    """The way through the gateway."""
    return Place(
        bootstrap=standing_gateway.bootstrap,
        direct=kafka.bootstrap,
        prefix=f"{prefix}-t",
        nodes=standing_gateway.nodes,
    )
