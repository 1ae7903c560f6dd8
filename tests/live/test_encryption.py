"""Encryption at rest: nothing in clear on disk, the same evidence with keys, and proofs without."""

from __future__ import annotations

import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import polars as pl
import pytest
from confluent_kafka import Consumer, TopicPartition

import workbench as wb
from gateway.evidence.archive import scan
from gateway.evidence.encryption.recipients import create_identity
from gateway.evidence.reader import Block
from gateway.wire.api_keys import ApiKey
from tests.kafka.clients.confluent import Confluent, connection
from tests.kafka.evidence import Evidence, wait_until_sealed
from tests.kafka.gateway import STREAMWITNESS, Gateway, Options, running_gateway
from tests.kafka.raw import RawClient, fetch_fields
from tests.kafka.records import Reading, Record, Sending, Transaction
from tests.kafka.truth import create_topic, whole_log
from workbench.questions.verdict import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kafka.cluster import Cluster

MARKER = b"MARKER-of-a-secret"
METADATA = "MARKER-of-metadata"
FETCH_VERSION = 12


class Encrypting:
    """A running gateway that encrypts, and where its keys and its identity lie."""

    def __init__(self, folder: Path) -> None:
        self.identity = folder / "identity"
        self.keys = folder / "keys"
        recipient = create_identity(self.identity)
        self.options = Options(encryption={"keys": str(self.keys), "recipients": [recipient]})

    def open(self, gateway: Gateway) -> Evidence:
        """Open the archive with the keys."""
        return Evidence(gateway.archive, keys=self.keys, identity=self.identity)


@pytest.fixture
def encrypting(tmp_path: Path) -> Encrypting:
    """Make an identity and a place for keys."""
    return Encrypting(tmp_path)


@pytest.fixture
def gateway(kafka: Cluster, tmp_path: Path, encrypting: Encrypting) -> Iterator[Gateway]:
    """Run a gateway that encrypts."""
    with running_gateway(tmp_path / "encrypting", kafka, encrypting.options) as gateway:
        yield gateway


def secrets(count: int) -> list[Record]:
    """Make records with the marker in key, value and headers."""
    header = (("h", MARKER),)
    return [Record(key=MARKER, value=b"%s-%d" % (MARKER, n), headers=header) for n in range(count)]


def play(gateway: Gateway, topic: str) -> None:
    """Write in several ways, read some of it twice and a part of a batch, commit with metadata."""
    client = Confluent()
    client.produce(gateway.bootstrap, topic, secrets(50), Sending())
    transactions = [
        Transaction(records=tuple(secrets(2)), is_committed=is_committed)
        for is_committed in (True, False)
    ]
    client.transact(gateway.bootstrap, topic, transactions)
    client.produce(gateway.bootstrap, topic, secrets(50), Sending())
    read(gateway, topic)
    consumer = Consumer(connection(gateway.bootstrap) | {"group.id": f"{topic}-group"})
    place = TopicPartition(topic, 0, 7, METADATA)
    consumer.commit(offsets=[place], asynchronous=False)
    consumer.close()


def read(gateway: Gateway, topic: str) -> None:
    """Read everything twice, and a part that ends within a batch."""
    reading = Reading(count=102, start={0: 0}, is_committed_only=True)
    for _ in range(2):
        assert 102 == len(Confluent().consume(gateway.bootstrap, topic, reading))
    (address,) = {*gateway.nodes.values()} & {leader(gateway, topic)}
    with RawClient(address) as client:
        whole = client.ask(ApiKey.FETCH, FETCH_VERSION, fetch_fields(topic, 0))
        size = len(whole["responses"][0]["partitions"][0]["records"])
        client.ask(ApiKey.FETCH, FETCH_VERSION, fetch_fields(topic, 0, max_bytes=size - 100))


def leader(gateway: Gateway, topic: str) -> tuple[str, int]:
    """Return where the topic's partition is, as clients are told."""
    consumer = Consumer(connection(gateway.bootstrap) | {"group.id": "nobody"})
    metadata = consumer.list_topics(topic, 10)
    consumer.close()
    broker = metadata.brokers[metadata.topics[topic].partitions[0].leader]
    return broker.host, broker.port


def on_disk(gateway: Gateway) -> bytes:
    """Return every byte of journal and archive, the archive's decompressed as well."""
    found = [path.read_bytes() for path in _files(gateway.journal)]
    found += [path.read_bytes() for path in _files(gateway.archive)]
    blocks = [each for each in scan(gateway.archive) if isinstance(each, Block)]
    found += [buffer for block in blocks for buffer in _buffers(block)]
    return b"\n".join(found)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _buffers(block: Block) -> list[bytes]:
    buffers = [buffer for column in block.rows.columns for buffer in column.buffers()]
    return [buffer.to_pybytes() for buffer in buffers if buffer is not None]


def verifies(gateway: Gateway) -> bool:
    """Say whether `streamwitness verify` finds the archive whole, without any key for content."""
    done = subprocess.run([STREAMWITNESS, "verify", gateway.archive], check=False)
    return done.returncode == 0


def test_nothing_is_on_disk_in_clear_at_any_time(
    kafka: Cluster, gateway: Gateway, tmp_path: Path, prefix: str
) -> None:
    """Neither while the gateway runs nor afterwards; without encryption all of it is."""
    with running_gateway(tmp_path / "clear", kafka) as clear:
        for each in (clear, gateway):
            topic = f"{prefix}-{each.archive.parent.name}"
            create_topic(kafka.bootstrap, topic)
            play(each, topic)

            while_it_runs = on_disk(each)
            wait_until_sealed(each)
            each.stop()

            in_clear = each is clear
            for found in (while_it_runs, on_disk(each)):
                assert topic.encode() in found
                assert in_clear == (MARKER in found)
                assert in_clear == (METADATA.encode() in found)


def test_with_keys_the_evidence_is_that_of_a_gateway_in_clear(
    kafka: Cluster, gateway: Gateway, encrypting: Encrypting, tmp_path: Path, prefix: str
) -> None:
    """Two gateways give the same topic to the same clients: the same records, reads and offsets."""
    topic = f"{prefix}-both"
    create_topic(kafka.bootstrap, topic)
    play(gateway, topic)
    with running_gateway(tmp_path / "clear", kafka) as clear:
        read(clear, topic)
        in_clear = wait_until_sealed(clear)
    without_keys = wait_until_sealed(gateway)
    with_keys = encrypting.open(gateway)

    assert [] == with_keys.faults() == without_keys.faults()
    log = whole_log(kafka.bootstrap, topic)
    assert {*log} == {each.record for each in with_keys.reads(topic)}
    seen = [
        Counter((each.record, each.is_visible, each.is_aborted) for each in evidence.reads(topic))
        for evidence in (in_clear, with_keys)
    ]
    assert seen[0] == seen[1]
    values = [{each.value for each in it.produced(topic)} for it in (with_keys, without_keys)]
    assert [{each.value for each in log}, set()] == values
    # Without keys the offsets of the reads are the same, and none of a transaction's markers.
    offsets = [
        Counter(it.tables.reads.filter(topic=topic).collect()["offset"])
        for it in (in_clear, without_keys)
    ]
    assert offsets[0] == offsets[1]


def test_an_erased_session_leaves_every_proof_and_the_rest(
    kafka: Cluster, gateway: Gateway, encrypting: Encrypting, prefix: str
) -> None:
    """The archive verifies as before, and what other sessions carried can be read."""
    erased, other = f"{prefix}-erased", f"{prefix}-other"
    for topic in (erased, other):
        create_topic(kafka.bootstrap, topic)
        Confluent().produce(gateway.bootstrap, topic, secrets(10), Sending())
    gateway.stop()
    before = encrypting.open(gateway)
    sessions = before.tables.produced.filter(topic=erased).collect()["session"].unique()
    assert (10, 10) == (len(before.produced(erased)), len(before.produced(other)))
    assert verifies(gateway)

    subprocess.run(
        [STREAMWITNESS, "erase", encrypting.keys, *sessions, "--reason", "asked for"], check=True
    )

    assert verifies(gateway)
    after = encrypting.open(gateway)
    assert (0, 10) == (len(after.produced(erased)), len(after.produced(other)))
    gap = after.tables.gaps.filter(kind="encrypted").collect()
    assert [erased] == gap["topic"].to_list()
    assert "asked for" in gap["message"].item()
    sent = after.tables.produced.filter(topic=erased).collect()
    assert 10 == sent["record_count"].sum()
    verdict = wb.who_read(after.tables, erased, containing=MARKER)
    assert Answer.UNKNOWN is verdict.answer


def test_a_key_folder_that_cannot_be_written_stops_the_traffic(
    kafka: Cluster, gateway: Gateway, encrypting: Encrypting, prefix: str
) -> None:
    """What could never be read again is not recorded, so it does not pass."""
    topic = f"{prefix}-stopped"
    create_topic(kafka.bootstrap, topic)
    encrypting.keys.rename(encrypting.keys.with_name("away"))
    encrypting.keys.write_text("a file where the folder was")

    with pytest.raises(AssertionError):
        Confluent().produce(gateway.bootstrap, topic, secrets(1), Sending())

    assert gateway.process is not None
    assert 1 == gateway.process.wait(30)
    gateway.process = None
    stopped = gateway.lines("recording_stopped")[-1]
    assert "cannot be kept" in str(stopped["reason"])
    assert [] == whole_log(kafka.bootstrap, topic)
    assert pl.DataFrame(gateway.lines("defect")).is_empty()
