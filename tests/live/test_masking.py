"""Masked topics are read and written by real clients, and no clear value is kept anywhere."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from typing import TYPE_CHECKING

import polars as pl
import pytest
from confluent_kafka import KafkaError, KafkaException

from tests.kafka.clients.aio import Aiokafka
from tests.kafka.clients.confluent import Confluent
from tests.kafka.clients.java import Java
from tests.kafka.evidence import Evidence
from tests.kafka.gateway import Options, running_gateway
from tests.kafka.records import CODECS, Codec, Reading, Record, Sending, Transaction
from tests.kafka.truth import DIRECT, create_topic, whole_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kafka.clients.client import Client
    from tests.kafka.cluster import Cluster
    from tests.kafka.gateway import Gateway

CANARY = "c4n4ry"
FIELDS = [
    {"path": "$.card.number", "method": "partial", "keep_last": 4},
    {"path": "$.customer", "method": "pseudonym", "key": "customers"},
    {"part": "header", "name": "x-email", "method": "redact"},
]
BUNDLE = {
    "rules": [
        {
            "id": "mask-reads",
            "effect": "mask",
            "apis": ["FETCH", "SHARE_FETCH"],
            "topics": ["*-read"],
            "fields": FIELDS,
        },
        {
            "id": "mask-writes",
            "effect": "mask",
            "apis": ["PRODUCE"],
            "topics": ["*-write"],
            "fields": FIELDS,
        },
    ]
}


@pytest.fixture
def masking(kafka: Cluster, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway that masks what is read of some topics, and what is written to others."""
    bundle = tmp_path / "policy"
    bundle.mkdir()
    (bundle / "masks.yaml").write_text(json.dumps(BUNDLE))
    (tmp_path / "customers").write_text(f"1 {b64encode(bytes(32)).decode()}\n")
    access = {
        "policy": str(bundle),
        "masking": {"keys": {"customers": str(tmp_path / "customers")}},
    }
    with running_gateway(tmp_path / "gateway", kafka, Options(access=access)) as gateway:
        yield gateway


def _clear(count: int) -> list[Record]:
    """Make records with a canary in each masked field; one has a null, one none of the fields."""
    values = [
        f'{{ "card":{{"number":"{CANARY}{n:010}"}},"n":{n}.50, "customer":"{CANARY}-{n}"}}'
        for n in range(count - 2)
    ]
    values += ['{"card": {"number": null}}', '{"n":1e400}']
    headers = (("x-email", CANARY.encode()), ("h", b"1"), ("x-email", b""))
    return [
        Record(key=f"k{n}".encode(), value=value.encode(), headers=headers)
        for n, value in enumerate(values)
    ]


def _is_masked(clear: Record, read: Record) -> bool:
    """Say whether a record differs from what was sent in its masked spans alone."""
    assert clear.value is not None
    expected, sent, got = clear.value, json.loads(clear.value), json.loads(read.value or b"{}")
    if "customer" in sent:
        number = sent["card"]["number"]
        hidden = "*" * (len(number) - 4) + number[-4:]
        assert got["customer"].startswith("p1-")
        for old, new in ((number, hidden), (sent["customer"], got["customer"])):
            expected = expected.replace(old.encode(), new.encode())
    headers = (("x-email", b"[redacted]"), ("h", b"1"), ("x-email", b"[redacted]"))
    return (clear.key, expected, headers) == (read.key, read.value, read.headers)


def _files_with_canary(folder: Path) -> list[str]:
    """Name the files in which a clear value stands, segments and journals opened."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".zst" for path in found), "there is evidence to look through"
    return [str(path) for path in found if CANARY.encode() in _content(path)]


def _content(path: Path) -> bytes:
    if path.suffix != ".zst":
        return path.read_bytes()
    return subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True).stdout


def _records_kept(gateway: Gateway) -> str:
    """Give all records of the evidence, out of their compressed batches."""
    records = Evidence(gateway.archive).tables.records.select("key", "value", "headers")
    return str(records.collect().rows())


@pytest.mark.parametrize("client", [Java(), Confluent(), Aiokafka()], ids=lambda each: each.name)
@pytest.mark.parametrize("codec", CODECS)
def test_consumers_read_masked_records(
    client: Client, codec: Codec, masking: Gateway, kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    """In every codec, idempotent too: all but the masked spans is what was sent."""
    topic = f"{prefix}-read"
    create_topic(kafka.bootstrap, topic)
    clear = _clear(20)
    DIRECT.produce(kafka.bootstrap, topic, clear, Sending(codec=codec, is_idempotent=True))

    read = client.consume(masking.bootstrap, topic, Reading(count=20, start={0: 0}))

    masking.stop()
    payloads = Evidence(masking.archive).tables.delivered.collect()
    assert all(map(_is_masked, clear, sorted(read, key=lambda each: each.offset or 0)))
    assert _files_with_canary(tmp_path / "gateway") == []
    assert CANARY not in _records_kept(masking)
    assert set(payloads["decision"]) == {"mask"}
    counted = payloads.explode("masked").unnest("masked").group_by("field").agg(pl.sum("count"))
    counts = dict(counted.iter_rows())
    assert counts["$.card.number"] * 18 == counts["$.customer"] * 19 > 0


@pytest.mark.parametrize("client", [Java(), Confluent(), Aiokafka()], ids=lambda each: each.name)
def test_producers_store_masked_records(
    client: Client, masking: Gateway, kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    """The cluster holds no clear value, and the record neither."""
    topic = f"{prefix}-write"
    create_topic(kafka.bootstrap, topic)
    clear = _clear(20)
    client.produce(masking.bootstrap, topic, clear, Sending(codec="gzip"))

    stored = whole_log(kafka.bootstrap, topic)

    masking.stop()
    assert all(map(_is_masked, clear, stored))
    assert len(stored) == 20
    assert CANARY not in _records_kept(masking)
    assert _files_with_canary(tmp_path / "gateway") == []


def test_transactions_are_masked_and_stay_transactions(
    masking: Gateway, kafka: Cluster, prefix: str
) -> None:
    """What was aborted is not shown, and control batches pass."""
    topic = f"{prefix}-read"
    create_topic(kafka.bootstrap, topic)
    aborted, committed = _clear(5)[:3], _clear(7)[:4]
    transactions = [
        Transaction(records=tuple(aborted), is_committed=False),
        Transaction(records=tuple(committed), is_committed=True),
    ]
    DIRECT.transact(kafka.bootstrap, topic, transactions)

    how = Reading(count=4, start={0: 0}, is_committed_only=True)
    read = DIRECT.consume(masking.bootstrap, topic, how)

    assert all(map(_is_masked, committed, read))
    assert len(read) == 4


def test_a_producer_is_told_of_what_cannot_be_masked(
    masking: Gateway, kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    """The error is final, nothing is stored, and nothing of it is kept."""
    topic = f"{prefix}-write"
    create_topic(kafka.bootstrap, topic)

    with pytest.raises((AssertionError, KafkaException)) as refused:
        DIRECT.produce(masking.bootstrap, topic, [Record(value=CANARY.encode())], Sending())

    masking.stop()
    assert KafkaError(KafkaError.INVALID_RECORD).name() in str(refused.value)
    assert whole_log(kafka.bootstrap, topic) == []
    assert _files_with_canary(tmp_path / "gateway") == []
