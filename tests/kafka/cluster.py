"""A real Kafka cluster in KRaft mode, on free ports, for as long as a test needs it."""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.kafka.distribution import java, warm_up
from tests.kafka.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kafka.doors import Doors

CLUSTER_ID = "c3RyZWFtd2l0bmVzcy1rYQ"
READY_SECONDS = 60
# The last brokers of a cluster wait for a quorum that does not come.
STOP_SECONDS = 3
# What makes a small cluster start and stop fast; everything else is as Kafka ships it.
SETTINGS = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "background.threads": "2",
    "log.cleaner.dedupe.buffer.size": "4194304",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "controlled.shutdown.enable": "false",
}


@dataclass(frozen=True, slots=True)
class Node:
    """One broker, which is a controller too."""

    node_id: int
    port: int
    controller_port: int

    @property
    def address(self) -> str:
        """Where clients connect."""
        return f"127.0.0.1:{self.port}"


class Broker:
    """The process of one node, with its folder; it can be stopped, killed and started again."""

    def __init__(
        self, node: Node, quorum: str, folder: Path, replicas: int, doors: Doors | None = None
    ) -> None:
        self.node = node
        self.log = folder / "broker.log"
        self._file = folder / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        settings = SETTINGS | {
            "node.id": str(node.node_id),
            "controller.quorum.voters": quorum,
            "listeners": f"PLAINTEXT://{node.address},CONTROLLER://127.0.0.1:{node.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{node.address}",
            "log.dirs": str(folder / "data"),
            "default.replication.factor": str(replicas),
            "offsets.topic.replication.factor": str(replicas),
            "transaction.state.log.replication.factor": str(replicas),
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": str(replicas),
            "share.coordinator.state.topic.min.isr": "1",
        }
        self._scram: tuple[str, ...] = ()
        if doors is not None:
            settings = doors.secure(settings)
            self._scram = doors.scram
        self._file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))

    def format(self) -> None:
        """Format the storage; needed once."""
        arguments = ["format", "-t", CLUSTER_ID, "-c", str(self._file)]
        for credential in self._scram:
            arguments += ["--add-scram", credential]
        command = java("kafka.tools.StorageTool", *arguments)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Start the process; it is ready some seconds later."""
        assert self._process is None, "a broker is started once at a time"
        with self.log.open("ab") as log:
            command = java("kafka.Kafka", str(self._file), heap_mb=384, log_level="INFO")
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def begin_to_stop(self) -> None:
        """Ask the process to end, if there is one, and do not wait."""
        if self._process is not None:
            self._process.terminate()

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End the process by a signal and wait for that."""
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


class Cluster:
    """Some brokers that know each other, or a running cluster that somebody named."""

    def __init__(self, bootstrap: str, brokers: tuple[Broker, ...] = ()) -> None:
        self.bootstrap = bootstrap
        self.brokers = brokers
        self.nodes: dict[int, tuple[str, int]] = {}

    def wait_until_ready(self, *, broker_count: int = 1) -> None:
        """Wait until so many brokers are registered, and one of them coordinates groups."""
        settings: dict[str, str | int | float | bool] = {
            "bootstrap.servers": self.bootstrap,
            "log_level": 0,
        }
        deadline = time.monotonic() + READY_SECONDS
        admin = AdminClient(settings)
        consumer = Consumer(settings | {"group.id": "first"})
        while not self._is_ready(admin, consumer, broker_count):
            self._fail_if(late=time.monotonic() > deadline)
            time.sleep(0.1)
        consumer.close()

    def _is_ready(self, admin: AdminClient, consumer: Consumer, broker_count: int) -> bool:
        try:
            found = admin.list_topics(timeout=1).brokers
            self.nodes = {each.id: (str(each.host), each.port) for each in found.values()}
            # The first question about a group makes the topic that groups are kept in.
            consumer.committed([TopicPartition("none", 0)], 5)
        except KafkaException:
            return False
        return len(found) >= broker_count

    def _fail_if(self, *, late: bool) -> None:
        dead = [broker for broker in self.brokers if not broker.is_running]
        if dead or late:
            tails = [broker.log.read_text()[-4000:] for broker in dead or self.brokers]
            raise AssertionError("\n".join(["Kafka did not become ready", *tails]))

    def stop(self) -> None:
        """Stop all brokers, at the same time."""
        for broker in self.brokers:
            broker.begin_to_stop()
        for broker in self.brokers:
            broker.stop()


@contextmanager
def running_cluster(
    folder: Path, *, brokers: int = 1, doors: Doors | None = None
) -> Iterator[Cluster]:
    """Run a cluster of so many brokers until the end of the block."""
    first = free_ports(2 * brokers)
    nodes = [Node(n + 1, first + 2 * n, first + 2 * n + 1) for n in range(brokers)]
    quorum = ",".join(f"{node.node_id}@127.0.0.1:{node.controller_port}" for node in nodes)
    started = tuple(
        Broker(node, quorum, folder / f"broker-{node.node_id}", replicas=brokers, doors=doors)
        for node in nodes
    )
    cluster = Cluster(",".join(node.address for node in nodes), started)
    try:
        for broker in started:
            broker.format()
            broker.start()
        cluster.wait_until_ready(broker_count=brokers)
        warm_up(cluster.bootstrap)
        yield cluster
    finally:
        cluster.stop()


def named_cluster(bootstrap: str) -> Cluster:
    """Take a cluster that runs already; its topics are the tests' to make, its brokers are not."""
    cluster = Cluster(bootstrap)
    cluster.wait_until_ready()
    return cluster
