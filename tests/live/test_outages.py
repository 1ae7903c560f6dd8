"""Gateways and brokers go and come back, and clients go on by themselves."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.kafka.cluster import running_cluster
from tests.kafka.evidence import Evidence
from tests.kafka.gateway import Gateway, running_gateway
from tests.kafka.load import ACKNOWLEDGED, RECEIVED, Load
from tests.kafka.raw import RawClient, address_of
from tests.kafka.truth import create_topic, leaders, wait_for, whole_log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kafka.cluster import Cluster

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


def restart(cluster: Cluster, _node: int) -> None:
    """Restart all brokers of a cluster, as an operator does."""
    for broker in cluster.brokers:
        broker.stop()
    for broker in cluster.brokers:
        broker.start()


def move_leader(cluster: Cluster, node: int) -> None:
    """Kill the broker that leads a partition, so that another has to."""
    (broker,) = (each for each in cluster.brokers if each.node.node_id == node)
    broker.stop(signal.SIGKILL)


@pytest.mark.parametrize(
    ("brokers", "disturb"),
    [pytest.param(1, restart, id="restart"), pytest.param(3, move_leader, id="leader")],
)
def test_clients_go_on_after_brokers_went(
    brokers: int, disturb: Callable[[Cluster, int], None], tmp_path: Path
) -> None:
    """Errors and new leaders reach clients as they are, who find their way by themselves."""
    with running_cluster(tmp_path / "kafka", brokers=brokers) as cluster:
        create_topic(cluster.bootstrap, "topic", 2)
        led_by = leaders(cluster.bootstrap, "topic")
        with running_gateway(tmp_path / "gateway", cluster) as gateway:
            with Load(gateway.bootstrap, "topic", tmp_path / "load.log") as load:
                load.wait_for_progress()
                disturb(cluster, led_by[0])
                load.wait_for_progress()
                if brokers > 1:
                    wait_for(lambda: leaders(cluster.bootstrap, "topic")[0] != led_by[0])
                    load.wait_for_progress()
            gateway.stop()

            assert lost(gateway, load, "topic") == []
            written = {
                (n, r.offset, r.value)
                for n in (0, 1)
                for r in whole_log(cluster.bootstrap, "topic", n)
            }
            assert set(load.logged(ACKNOWLEDGED)) <= written


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
