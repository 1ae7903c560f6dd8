"""The embedded broker answers and ends; a named cluster is used and left as it was."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient

from workbench.demo.cast import Login
from workbench.demo.cluster import PREFIX, check_address, embedded_broker, named_cluster
from workbench.demo.errors import DemoError, UsageError
from workbench.demo.processes import LOOPBACK, accepts_connections, free_ports
from workbench.demo.topics import create_topics
from workbench.demo.truth import GroundTruth

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A file for the broker's log."""
    return tmp_path / "broker.log"


def topics_at(bootstrap: str) -> set[str]:
    """List the topics of a cluster."""
    return set(AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=20).topics)


def test_the_embedded_broker_ends_with_the_block(log: Path) -> None:
    """It answers on loopback only, and its port is free afterwards."""
    with embedded_broker(log) as cluster:
        host, _, port = cluster.bootstrap.rpartition(":")

        assert host == LOOPBACK
        assert accepts_connections(int(port))
        assert len(cluster.node_ids) == 1
    assert not accepts_connections(int(port))


def test_a_broker_that_cannot_run_says_why(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform without the program is told of `--broker`; a broken program of its log."""
    monkeypatch.setenv("CALF_TANSU_BIN", str(tmp_path / "nothing"))
    with pytest.raises(UsageError, match="--broker HOST:PORT"), embedded_broker(log):
        pass

    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho panicked\nexit 1\n")
    broken.chmod(stat.S_IRWXU)
    monkeypatch.setenv("CALF_TANSU_BIN", str(broken))
    with pytest.raises(DemoError, match="embedded broker ended at once"), embedded_broker(log):
        pass
    assert log.read_text().count("panicked") == 3


def test_a_named_cluster_is_left_as_it_was(log: Path) -> None:
    """Topics get a prefix of the run's own, and only these are deleted."""
    with embedded_broker(log) as broker:
        login = Login(bootstrap=broker.bootstrap, client_id="test")
        create_topics(GroundTruth(), login, ["theirs"])
        with named_cluster(broker.bootstrap) as cluster:
            create_topics(GroundTruth(), login, list(cluster.topics.services))
            before = topics_at(broker.bootstrap)

        assert {"theirs", *cluster.topics.services} == before
        assert {"theirs"} == topics_at(broker.bootstrap)
        assert all(name.startswith(f"{PREFIX}-") for name in cluster.topics.services)


def test_runs_on_one_cluster_do_not_meet(log: Path) -> None:
    """Each run has a prefix of its own."""
    with (
        embedded_broker(log) as broker,
        named_cluster(broker.bootstrap) as one,
        named_cluster(broker.bootstrap) as other,
    ):
        assert one.topics.orders != other.topics.orders


def test_an_address_where_nobody_answers_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address stands in the error."""
    monkeypatch.setattr("workbench.demo.cluster.ANSWER_SECONDS", 0.5)
    address = f"{LOOPBACK}:{free_ports(1)}"

    with pytest.raises(DemoError, match=f"answers at {address}"), named_cluster(address):
        pass


@pytest.mark.parametrize("address", ["localhost", "9092", "a:1,b:2", "a:b", ""])
def test_what_is_no_address_is_refused(address: str) -> None:
    """The mistake is named before anything is started."""
    with pytest.raises(UsageError, match="--broker HOST:PORT"):
        check_address(address)


def test_node_ids_far_apart_are_refused(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway binds a port for each id in a row, which has an end."""
    monkeypatch.setattr("workbench.demo.cluster.NODE_SPAN_MAX", 0)

    with pytest.raises(UsageError, match="node ids"), embedded_broker(log):
        pass
