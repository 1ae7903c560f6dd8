"""Slow, idle and vanished peers cost the gateway nothing that grows."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from gateway.wire.api_keys import ApiKey
from tests.kafka.gateway import Options, running_gateway
from tests.kafka.raw import RawClient, address_of, fetch_fields, request
from tests.kafka.records import Record, Sending
from tests.kafka.truth import DIRECT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kafka.cluster import Cluster
    from tests.kafka.features import Place

MIB = 1 << 20
RECORDS_BYTES = 24 * MIB


def resident_bytes(pid: int) -> int:
    """Measure a process' memory."""
    return int(psutil.Process(pid).memory_info().rss)


@pytest.fixture
def big(direct: Place) -> str:
    """A topic with much to read."""
    topic = direct.topic("big")
    # Incompressible, and below the broker's limit for one batch.
    records = [Record(value=bytes(MIB // 2)) for _ in range(RECORDS_BYTES // (MIB // 2))]
    DIRECT.produce(direct.direct, topic, records, Sending())
    return topic


def test_a_reader_that_does_not_read_costs_no_memory(
    big: str, kafka: Cluster, tmp_path: Path
) -> None:
    """Answers worth a gigabyte wait in the broker, not in the gateway."""
    with running_gateway(tmp_path / "gateway", kafka) as gateway:
        assert gateway.process is not None
        with RawClient(address_of(gateway.bootstrap)) as warm:
            warm.ask(ApiKey.FETCH, 12, fetch_fields(big, 0, max_bytes=RECORDS_BYTES))
        before = resident_bytes(gateway.process.pid)
        fields = fetch_fields(big, 0, max_bytes=RECORDS_BYTES)
        readers = [RawClient(address_of(gateway.bootstrap)) for _ in range(3)]
        for reader in readers:
            reader.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            reader.socket.sendall(request(ApiKey.FETCH, 12, fields) * 20)
        most = 0
        for _ in range(20):
            time.sleep(0.1)
            most = max(most, resident_bytes(gateway.process.pid))
        for reader in readers:
            reader.socket.close()

        # One answer per connection is under way in each of two forms: as it arrives, and as it is
        # sent.
        assert most - before < (2 * len(readers) + 1) * RECORDS_BYTES


def test_an_idle_connection_is_closed(kafka: Cluster, tmp_path: Path) -> None:
    """A client that vanished without a word does not keep two connections for ever."""
    options = Options(limits={"idle_ms": 1000})
    with running_gateway(tmp_path / "gateway", kafka, options) as gateway:
        with RawClient(address_of(gateway.bootstrap)) as client:
            client.ask(ApiKey.METADATA, 12, {"topics": []})

            assert client.receive() == b""
        assert gateway.wait_for("connection_closed")["reason"] == "idle"
        assert gateway.process is not None
        deadline = time.monotonic() + 10
        while states := _upstream_states(gateway.process.pid, kafka):
            assert time.monotonic() < deadline, states
            time.sleep(0.05)


def _upstream_states(pid: int, kafka: Cluster) -> list[str]:
    brokers = set(kafka.nodes.values())
    connections = psutil.Process(pid).net_connections("tcp")
    return [each.status for each in connections if tuple(each.raddr) in brokers]


def test_a_broker_that_closes_ends_the_clients_connection(
    kafka: Cluster, tmp_path: Path, direct: Place
) -> None:
    """What the broker refuses to answer is not left half open."""
    topic = direct.topic()
    with running_gateway(tmp_path / "gateway", kafka) as gateway:
        with RawClient(address_of(gateway.bootstrap)) as client:
            # acks=0 to a partition that does not exist: brokers close, since they cannot answer.
            partition = {"index": 99, "records": b""}
            fields = {
                "acks": 0,
                "timeout_ms": 1000,
                "topic_data": [{"name": topic, "partition_data": [partition]}],
            }
            client.send(ApiKey.PRODUCE, 11, fields)

            assert client.receive() == b""
        assert gateway.wait_for("connection_closed")["reason"] == "broker_closed"
