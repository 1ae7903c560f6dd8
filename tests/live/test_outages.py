"""Gateways and brokers go and come back, and clients go on by themselves."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import decode_response
from tests.kafka.cluster import running_cluster
from tests.kafka.distribution import run_tool
from tests.kafka.evidence import Evidence
from tests.kafka.gateway import Gateway, Options, running_gateway
from tests.kafka.load import ACKNOWLEDGED, RECEIVED, Load
from tests.kafka.raw import RawClient, address_of
from tests.kafka.tap import TAP_HOST, leaks, tapped
from tests.kafka.truth import create_topic, is_in_sync, leaders, wait_for, whole_log

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kafka.cluster import Cluster
    from tests.kafka.tap import Wire

pytestmark = pytest.mark.timeout(600)


def lost(gateway: Gateway, load: Load, topic: str) -> list[object]:
    """List what clients logged and the stopped gateway's archive does not hold."""
    evidence = Evidence(gateway.archive)
    produced = {(r.partition, r.offset, r.value) for r in evidence.produced(topic)}
    read = {(e.record.partition, e.record.offset, e.record.value) for e in evidence.reads(topic)}
    return [*set(load.logged(ACKNOWLEDGED)) - produced, *set(load.logged(RECEIVED)) - read]


def test_clients_go_on_after_the_gateway_restarted(
    kafka: Cluster, tmp_path: Path, prefix: str
) -> None:
    """The same ports stand for the same nodes, and one archive tells of both runs."""
    topic = f"{prefix}-restart"
    create_topic(kafka.bootstrap, topic, 2)
    with running_gateway(tmp_path / "gateway", kafka) as gateway:
        with Load(gateway.bootstrap, topic, tmp_path / "load.log") as load:
            load.wait_for_progress()
            gateway.stop()
            gateway.start()
            load.wait_for_progress()
        gateway.stop()

        assert lost(gateway, load, topic) == []
        kinds = Evidence(gateway.archive).kinds()
        assert (2, 2) == (kinds["recorder_start"], kinds["recorder_stop"])


def test_clients_go_on_after_the_broker_restarted(tmp_path: Path) -> None:
    """While the cluster is away clients wait, and go on when it is back."""
    with running_cluster(tmp_path / "kafka") as cluster:
        create_topic(cluster.bootstrap, "topic", 2)
        with (
            running_gateway(tmp_path / "gateway", cluster) as gateway,
            Load(gateway.bootstrap, "topic", tmp_path / "load.log") as load,
        ):
            load.wait_for_progress()
            (broker,) = cluster.brokers
            broker.stop()
            broker.start()
            load.wait_for_progress()

        assert lost(gateway, load, "topic") == []


def test_clients_follow_a_leader_that_moves(tmp_path: Path) -> None:
    """A leader dies and comes back: clients learn of it, but never of a broker's address."""
    options = Options(advertised_host=TAP_HOST)
    with running_cluster(tmp_path / "kafka", brokers=3) as cluster:
        create_topic(cluster.bootstrap, "topic", 2)
        first = leaders(cluster.bootstrap, "topic")[0]
        (broker,) = (each for each in cluster.brokers if each.node.node_id == first)
        with (
            running_gateway(tmp_path / "gateway", cluster, options) as gateway,
            tapped("127.0.0.1", gateway.ports) as wires,
            Load(gateway.bootstrap, "topic", tmp_path / "load.log") as load,
        ):
            load.wait_for_progress()
            broker.stop(signal.SIGKILL)
            load.wait_for_progress()
            wait_for(lambda: leaders(cluster.bootstrap, "topic")[0] != first)
            broker.start()
            wait_for(lambda: is_in_sync(cluster.bootstrap, "topic", first))
            arguments = ("--election-type", "preferred", "--all-topic-partitions")
            run_tool("LeaderElectionCommand", "--bootstrap-server", cluster.bootstrap, *arguments)
            wait_for(lambda: leaders(cluster.bootstrap, "topic")[0] == first)
            load.wait_for_progress()
        written = {
            (n, r.offset, r.value) for n in (0, 1) for r in whole_log(cluster.bootstrap, "topic", n)
        }

        assert lost(gateway, load, "topic") == []
        assert set(load.logged(ACKNOWLEDGED)) <= written
        assert leaks(wires) == []
        assert told_of_new_leaders(wires) == {TAP_HOST}


def told_of_new_leaders(wires: list[Wire]) -> set[str]:
    """Collect the hosts that answers to Produce and Fetch gave with their errors (KIP-951)."""
    return {
        node["host"]
        for wire in wires
        for api_key, version, answer in wire.exchanges()
        if api_key in {ApiKey.PRODUCE, ApiKey.FETCH}
        for node in decode_response(answer, api_key, version).body.get("node_endpoints", ())
    }


def test_a_cluster_that_is_not_there_is_waited_for(kafka: Cluster, tmp_path: Path) -> None:
    """A client of a node that the cluster does not have is closed, and others are served."""
    with running_gateway(tmp_path / "gateway", kafka) as gateway:
        with RawClient(gateway.nodes[max(kafka.nodes) + 1]) as client:
            client.socket.sendall(b"\0\0\0\x0a\0\x12\0\0\0\0\0\1\xff\xff")

            assert client.receive() == b""
        assert gateway.wait_for("connection_closed")["reason"] == "broker_unreachable"
        with RawClient(address_of(gateway.bootstrap)) as client:
            client.socket.sendall(b"\0\0\0\x0a\0\x12\0\0\0\0\0\1\xff\xff")
            assert client.receive() != b""
