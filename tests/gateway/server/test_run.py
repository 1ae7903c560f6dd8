"""The gateway as a process: its signals, its exit codes, and what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from gateway.config.model import WitnessServer
from gateway.evidence.archive import scan
from gateway.evidence.encryption.folder import KeyFolder
from gateway.evidence.encryption.recipients import create_identity, load_identity
from gateway.evidence.event import EventKind
from gateway.evidence.failpoints import VARIABLE
from gateway.evidence.log.heard import NAME
from gateway.evidence.reader import Block
from gateway.sealer.keys import load_signing
from gateway.wire.api_keys import ApiKey
from gateway.witness.memory import Memory
from gateway.witness.witness import Witness
from tests.gateway.config.bundles import NO_CARDS, write_bundle
from tests.gateway.evidence.log.signed import WITNESS
from tests.gateway.server.peers import config_for, request
from tests.gateway.witness.logs import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.config.model import Config
    from workbench.demo.cluster import Cluster

STREAMWITNESS = Path(sys.executable).with_name("streamwitness")


class Gateway:
    """A running gateway process and its log."""

    def __init__(self, file: Path) -> None:
        self.log = file.with_suffix(".log")
        self.port: int = json.loads(file.read_text())["listeners"][0]["port"]
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(
                [STREAMWITNESS, "gateway", "run", "--config", file], stderr=stream
            )

    def lines(self, event: str) -> list[dict[str, object]]:
        """Return the log's lines about an event so far."""
        found = [json.loads(line) for line in self.log.read_text().splitlines() if line[:1] == "{"]
        return [line for line in found if line["event"] == event]

    def wait_for(self, event: str, times: int = 1) -> dict[str, object]:
        """Wait until an event has been logged so many times, and return the last."""
        deadline = time.monotonic() + 20
        while len(self.lines(event)) < times:
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
        return self.lines(event)[-1]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


def write(config: Config, folder: Path) -> Path:
    """Write a configuration file."""
    file = folder / "gateway.yaml"
    # JSON is YAML, and the model writes it.
    file.write_text(config.model_dump_json(exclude_none=True))
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration file on free ports, with a cluster that cannot be reached."""
    return write(config_for(tmp_path, upstream=[1]), tmp_path)


@contextmanager
def running(file: Path) -> Iterator[Gateway]:
    """Run a gateway until the end of the block at the latest."""
    gateway = Gateway(file)
    try:
        yield gateway
    finally:
        gateway.process.kill()
        gateway.process.wait()


def talk(gateway: Gateway) -> None:
    """Connect as a client, send a request, and be closed for want of a broker."""
    gateway.wait_for("listening")
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
        client.sendall(request(ApiKey.METADATA, 12))
        assert client.recv(100) == b""


def kinds_in(archive: Path) -> list[str]:
    """List the kinds of all sealed events, and fail on damage."""
    found = list(scan(archive))
    damaged = [each for each in found if not isinstance(each, Block)]
    assert damaged == []
    return [
        kind
        for block in found
        if isinstance(block, Block)
        for kind in block.rows.column("kind").to_pylist()
    ]


def records_in(archive: Path, kind: EventKind) -> int:
    """Count the records of all events of a kind that the archive shows now."""
    blocks = [each for each in scan(archive) if isinstance(each, Block)]
    rows = [row for block in blocks for row in block.rows.to_pylist()]
    return sum(row["record_count"] for row in rows if row["kind"] == kind)


def is_alive(pid: int) -> bool:
    """Tell whether a process of ours still runs (a zombie does not)."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("told", "events"),
    [
        ("gateway.answer_released:9", ["starting", "failpoint_armed"]),
        ("nonsense", ["starting", "recording_stopped", "stopped"]),
    ],
)
def test_a_failpoint_in_the_environment_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch, told: str, events: list[str]
) -> None:
    """Before anything dies of it: nobody should look for another killer."""
    monkeypatch.setenv(VARIABLE, told)
    with running(file) as gateway:
        gateway.wait_for(events[-1])
        logged = [json.loads(line) for line in gateway.log.read_text().splitlines()]

    assert events == [line["event"] for line in logged[: len(events)]]
    assert VARIABLE in str(logged[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_with_everything_sealed(file: Path, tmp_path: Path, number: int) -> None:
    """SIGTERM and SIGINT drain, seal and exit with 0; the archive holds the whole story."""
    with running(file) as gateway:
        talk(gateway)
        gateway.wait_for("connection_closed")

        assert gateway.stop(number) == 0
        assert gateway.wait_for("stopped")["exit_code"] == 0
    assert kinds_in(tmp_path / "archive") == [
        "recorder_start",
        "session_open",
        "session_authenticated",
        "exchange",
        "session_close",
        "recorder_stop",
    ]
    assert not list((tmp_path / "journal").rglob("*.journal"))


def test_a_service_manager_may_signal_every_process(file: Path, tmp_path: Path) -> None:
    """The sealer ends last although it is told to end first, and nothing is called a failure."""
    with running(file) as gateway:
        sealer = int(str(gateway.wait_for("sealer_started")["pid"]))
        talk(gateway)
        deadline = time.monotonic() + 20
        while not list((tmp_path / "archive").rglob("*.partial")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(sealer, signal.SIGTERM)

        assert gateway.stop() == 0
        assert gateway.lines("sealer_died") == []
    assert kinds_in(tmp_path / "archive")[-1] == "recorder_stop"
    assert not is_alive(sealer)


async def test_what_clients_do_is_on_record_while_it_happens(
    tmp_path: Path, cluster: Cluster
) -> None:
    """Two clients of different make work through the gateway, and the open archive shows it."""
    broker, (node,) = cluster.bootstrap.rpartition(":")[2], cluster.node_ids
    file = write(config_for(tmp_path, upstream=[int(broker)], first_node_id=node), tmp_path)
    topic, archive = f"seen-{secrets.token_hex(4)}", tmp_path / "archive"
    with running(file) as gateway:
        gateway.wait_for("ready")
        bootstrap = f"127.0.0.1:{gateway.port}"
        admin = AdminClient({"bootstrap.servers": bootstrap})
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(10)
        producer = Producer({"bootstrap.servers": bootstrap, "compression.type": "zstd"})
        for number in range(100):
            producer.produce(topic, f"record {number}".encode())
        assert producer.flush(10) == 0
        read = await read_all(bootstrap, topic, 100)
        deadline = time.monotonic() + 20
        while records_in(archive, EventKind.DELIVERED) < 100:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)

        assert gateway.stop() == 0
    assert read == [f"record {number}".encode() for number in range(100)]
    assert records_in(archive, EventKind.PRODUCE) == 100
    assert kinds_in(archive).count("outcome_unknown") == 0


async def read_all(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """Read a topic from its beginning with a client that is not the producer's."""
    partition = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    consumer.assign([partition])
    await consumer.seek_to_beginning(partition)
    try:
        async with asyncio.timeout(20):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


def test_the_policy_is_loaded_again_when_it_changes_and_at_a_signal(tmp_path: Path) -> None:
    """A bad one stays out, and every good one is in the archive under its digest."""
    folder = write_bundle(tmp_path / "policy", rules=NO_CARDS)
    config = config_for(tmp_path, upstream=[1]).model_copy(update={"policy": folder})
    with running(write(config, tmp_path)) as gateway:
        first = gateway.wait_for("policy_loaded")
        write_bundle(folder, rules="rules: 7\n")
        gateway.wait_for("policy_refused")
        write_bundle(folder, rules="rules: []\n")
        second = gateway.wait_for("policy_loaded", times=2)
        gateway.process.send_signal(signal.SIGHUP)
        gateway.wait_for("policy_loaded", times=3)
        assert 0 == gateway.stop()
    bundles = tmp_path / "archive" / config.origin() / "bundles"

    assert first["digest"] == second["previous"]
    assert {first["digest"], second["digest"]} == {path.name for path in bundles.iterdir()}
    assert 4 == kinds_in(tmp_path / "archive").count("policy_loaded")


def test_traffic_waits_for_a_witness_and_stops_without_one(tmp_path: Path) -> None:
    """Told to stop with the witnesses' silence, the gateway does, and goes on when one answers."""
    config = config_for(tmp_path, upstream=[1])
    journal = config.journal_directory()
    key = load_signing(None, journal, config.origin()).signers[0].public
    cosigner = Witness(WITNESS, {key.name: [key]}, Memory(tmp_path / "memory"))
    with served(cosigner) as url:
        servers = (WitnessServer(url=url, key=WITNESS.public.vkey),)
        silence = {"witnesses": servers, "witness_silence": "stop", "witness_silence_minutes": 2}
        file = write(config.model_copy(update=silence), tmp_path)
        with running(file) as gateway:
            gateway.wait_for("listening")
            with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
                assert b"" == client.recv(100)
            assert [] == gateway.lines("connection_opened")
            opening = gateway.wait_for("traffic_level", times=2)
            talk(gateway)
            assert 1 == len(gateway.lines("connection_opened"))
            heard = json.loads((journal / NAME).read_text())
            (journal / NAME).write_text(json.dumps(heard | {"monotonic_ns": 0}))
            closing = gateway.wait_for("traffic_level", times=3)

            assert 0 == gateway.stop()
    assert ("witness", "open", "stopped") == tuple(
        opening[key] for key in ("gate", "traffic", "was")
    )
    assert "stopped" == closing["traffic"]
    assert 3 <= kinds_in(tmp_path / "archive").count("traffic_level")


def test_an_unreachable_cluster_does_not_end_the_gateway(file: Path) -> None:
    """The gateway says so once, and goes on listening."""
    with running(file) as gateway:
        gateway.wait_for("upstream_unreachable")
        talk(gateway)
        talk(gateway)

        assert gateway.process.poll() is None
        assert gateway.lines("ready") == []
        assert len(gateway.lines("upstream_unreachable")) == 1


def test_after_kill_9_nothing_recorded_is_lost(file: Path, tmp_path: Path) -> None:
    """The sealer ends by itself, and the next start goes on with the next sequence number."""
    with running(file) as gateway:
        talk(gateway)
        gateway.wait_for("connection_closed")
        sealer = gateway.wait_for("sealer_started")["pid"]
        gateway.process.kill()
        gateway.process.wait()
        deadline = time.monotonic() + 20
        while is_alive(int(str(sealer))):
            assert time.monotonic() < deadline
            time.sleep(0.05)

        assert kinds_in(tmp_path / "archive").count("session_close") == 1
    with running(file) as gateway:
        gateway.wait_for("listening", times=2)

        assert gateway.wait_for("recovered", times=2)["next_sequence"] == 5
        assert gateway.stop() == 0
    assert kinds_in(tmp_path / "archive")[-2:] == ["recorder_start", "recorder_stop"]


def test_a_killed_sealer_is_replaced(file: Path, tmp_path: Path) -> None:
    """The gateway serves on while the sealer is started again, and everything is sealed."""
    with running(file) as gateway:
        talk(gateway)
        os.kill(int(str(gateway.wait_for("sealer_started")["pid"])), signal.SIGKILL)
        gateway.wait_for("sealer_started", times=2)
        talk(gateway)
        gateway.wait_for("connection_closed", times=2)

        assert gateway.stop() == 0
        assert gateway.wait_for("sealer_died")["exit_code"] == -signal.SIGKILL
    assert kinds_in(tmp_path / "archive").count("session_close") == 2


def test_a_taken_port_ends_with_exit_code_1(file: Path) -> None:
    """A start that cannot bind says which port, and leaves the journal to the next start."""
    with running(file) as first:
        first.wait_for("listening")
        other = file.with_name("other.yaml")
        text = file.read_text().replace('"instance":"test"', '"instance":"other"')
        other.write_text(text)
        with running(other) as second:
            assert second.process.wait(30) == 1
            assert "in use" in str(second.wait_for("bind_failed")["reason"])


def test_a_second_gateway_on_one_journal_is_refused(file: Path) -> None:
    """Two gateways with one name would write one evidence: the second does not start."""
    with running(file) as first:
        first.wait_for("listening")
        again = file.with_name("again.yaml")
        again.write_text(file.read_text())
        with running(again) as second:
            assert second.process.wait(30) == 1
            assert "stop it first" in str(second.wait_for("recording_stopped")["reason"])
        assert first.process.poll() is None


def test_a_journal_that_cannot_be_written_ends_with_exit_code_1(file: Path, tmp_path: Path) -> None:
    """Without a place to record there is no gateway."""
    (tmp_path / "journal").write_text("a file where a folder should be")
    with running(file) as gateway:
        assert gateway.process.wait(30) == 1
        assert gateway.lines("listening") == []
        assert gateway.wait_for("recording_stopped")["final"] is True


def test_a_key_folder_that_cannot_be_made_ends_with_exit_code_1(file: Path, tmp_path: Path) -> None:
    """A gateway that is to encrypt serves nobody while it cannot keep keys."""
    (tmp_path / "keys").write_text("a file where a folder should be")
    encrypt(file, tmp_path)
    with running(file) as gateway:
        assert gateway.process.wait(30) == 1
        assert gateway.lines("listening") == []
        assert "keys" in str(gateway.wait_for("recording_stopped")["reason"])


@pytest.mark.parametrize("durability", ["written", "strict", "bounded"])
async def test_what_clients_do_is_encrypted_however_durable(
    tmp_path: Path, cluster: Cluster, durability: str
) -> None:
    """The journal of every mode seals what it is given, and the session's key opens it."""
    broker, (node,) = cluster.bootstrap.rpartition(":")[2], cluster.node_ids
    file = write(config_for(tmp_path, upstream=[int(broker)], first_node_id=node), tmp_path)
    recipient = encrypt(file, tmp_path, durability=durability)
    topic = f"sealed-{secrets.token_hex(4)}"
    with running(file) as gateway:
        gateway.wait_for("ready")
        producer = Producer({"bootstrap.servers": f"127.0.0.1:{gateway.port}"})
        producer.produce(topic, b"a record in clear")
        assert producer.flush(10) == 0
        assert gateway.stop() == 0
    rows = [
        row
        for block in scan(tmp_path / "archive")
        if isinstance(block, Block)
        for row in block.rows.to_pylist()
    ]
    (sent,) = [row for row in rows if row["kind"] == EventKind.PRODUCE]
    (batch,) = sent["batches"]
    assert json.loads(rows[0]["detail"])["recipients"] == [recipient]
    assert b"a record in clear" not in batch["payload"]
    key = KeyFolder(tmp_path / "keys").unwrap(sent["session"], load_identity(tmp_path / "identity"))
    assert b"a record in clear" in key.unseal(batch["payload"])


def encrypt(file: Path, folder: Path, **more: object) -> str:
    """Let a configuration encrypt for an identity that is made for it; return the recipient."""
    recipient = create_identity(folder / "identity")
    section = {"keys": str(folder / "keys"), "recipients": [recipient]}
    file.write_text(json.dumps(json.loads(file.read_text()) | {"encryption": section} | more))
    return recipient
