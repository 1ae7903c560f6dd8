"""What a rule forbids comes back to each client as its own authorization error."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

import polars as pl
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError as AiokafkaRefusal
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from kafka import KafkaProducer
from kafka.errors import TopicAuthorizationFailedError as KafkaPythonRefusal

from tests.kafka.clients.confluent import ask_one, connection
from tests.kafka.distribution import ToolError, run_tool
from tests.kafka.evidence import Evidence
from tests.kafka.gateway import Options, running_gateway
from tests.kafka.records import Reading, Sending, numbered
from tests.kafka.truth import DIRECT, create_topic, partition_count, whole_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.kafka.cluster import Cluster
    from tests.kafka.gateway import Gateway

SECONDS = 20


@pytest.fixture
def ruled(kafka: Cluster, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway that keeps clients from topics whose names end in secret or hidden."""
    closed = ["PRODUCE", "FETCH", "DELETE_TOPICS", "DELETE_RECORDS", "DESCRIBE_CONFIGS"]
    rules = (
        {"id": "closed", "apis": closed, "topics": ["*secret"]},
        {"id": "hidden", "apis": ["METADATA"], "topics": ["*hidden"]},
    )
    with running_gateway(tmp_path / "gateway", kafka, Options(forbid=rules)) as gateway:
        yield gateway


def by_java(bootstrap: str, topic: str) -> None:
    """Send with the console producer."""
    arguments = ("--bootstrap-server", bootstrap, "--topic", topic, "--sync")
    with pytest.raises(ToolError, match="TopicAuthorizationException"):
        run_tool("ConsoleProducer", *arguments, text="0\n")


def by_confluent(bootstrap: str, topic: str) -> None:
    """Send with librdkafka."""
    with pytest.raises(AssertionError, match="TOPIC_AUTHORIZATION_FAILED"):
        DIRECT.produce(bootstrap, topic, numbered(1), Sending())


def by_aiokafka(bootstrap: str, topic: str) -> None:
    """Send with aiokafka."""

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
        await producer.start()
        try:
            await producer.send_and_wait(topic, b"0")
        finally:
            await producer.stop()

    with pytest.raises(AiokafkaRefusal):
        asyncio.run(send())


def by_kafka_python(bootstrap: str, topic: str) -> None:
    """Send with kafka-python."""
    with closing(KafkaProducer(bootstrap_servers=bootstrap)) as producer:
        future = producer.send(topic, b"0")
        with pytest.raises(KafkaPythonRefusal):
            future.get(SECONDS)


@pytest.mark.parametrize("send", [by_java, by_confluent, by_aiokafka, by_kafka_python])
def test_a_forbidden_produce_is_refused_as_kafka_does(
    send: Callable[[str, str], None], ruled: Gateway, kafka: Cluster, prefix: str
) -> None:
    """The client gets an error of its own kind, the broker nothing, and the record the rule."""
    topic = f"{prefix}-secret"
    create_topic(kafka.bootstrap, topic)

    send(ruled.bootstrap, topic)

    ruled.stop()
    exchanges = Evidence(ruled.archive).tables.exchanges.collect()
    by_rule = exchanges.filter(pl.col("rule_ids").list.contains("closed"))
    assert whole_log(kafka.bootstrap, topic) == []
    assert set(by_rule["api"]) == {"PRODUCE"}
    assert set(by_rule["decision"]) == {"deny"}


def test_a_forbidden_fetch_delivers_nothing(ruled: Gateway, kafka: Cluster, prefix: str) -> None:
    """The consumer gets an authorization error, and nothing counts as read."""
    topic = f"{prefix}-secret"
    create_topic(kafka.bootstrap, topic)
    DIRECT.produce(kafka.bootstrap, topic, numbered(5), Sending())

    with pytest.raises(KafkaException) as refused:
        DIRECT.consume(ruled.bootstrap, topic, Reading(count=5, start={0: 0}))

    assert refused.value.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    ruled.stop()
    assert Evidence(ruled.archive).reads(topic) == []


def test_a_forbidden_deletion_leaves_the_topic(ruled: Gateway, kafka: Cluster, prefix: str) -> None:
    """One forbidden topic is named in the error; the others of the request are refused with it."""
    topic = f"{prefix}-secret"
    create_topic(kafka.bootstrap, topic)

    with pytest.raises(KafkaException) as refused:
        ask_one(ruled.bootstrap, "delete_topics", [topic])

    assert refused.value.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert partition_count(kafka.bootstrap, topic) == 1


def test_a_hidden_topic_is_not_listed(ruled: Gateway, kafka: Cluster, prefix: str) -> None:
    """A list of all topics leaves out what the rule hides."""
    for name in ("hidden", "shown"):
        create_topic(kafka.bootstrap, f"{prefix}-{name}")

    listed = AdminClient(connection(ruled.bootstrap)).list_topics(timeout=SECONDS).topics

    assert {f"{prefix}-shown"} == {name for name in listed if name.startswith(prefix)}
