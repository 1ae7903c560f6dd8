"""What clients change beyond records is recorded: topics, configurations, groups' offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.kafka.clients.aio import Aiokafka
from tests.kafka.clients.confluent import Confluent
from tests.kafka.clients.java import Java
from tests.kafka.clients.kafka_python import KafkaPython
from tests.kafka.evidence import wait_until_sealed
from tests.kafka.features import COUNT as SEEDED
from tests.kafka.records import Reading, Sending, numbered
from tests.kafka.truth import DIRECT, partition_count, wait_for

if TYPE_CHECKING:
    from tests.kafka.clients.client import Client
    from tests.kafka.features import Place
    from tests.kafka.gateway import Gateway
    from tests.kafka.records import Protocol

SENT = 20


@pytest.mark.parametrize("client", [Confluent(), KafkaPython()], ids=lambda each: each.name)
def test_changes_of_a_topic_are_recorded_in_order(
    client: Client, through: Place, standing_gateway: Gateway
) -> None:
    """Each change is a row that names the topic and says that the broker carried it out."""
    topic = f"{through.prefix}-changed"
    client.create_topic(through.bootstrap, topic, 1)
    wait_for(lambda: partition_count(through.direct, topic) == 1)
    DIRECT.produce(through.direct, topic, numbered(SENT), Sending())
    client.set_config(through.bootstrap, topic, "retention.ms", "123456789")
    client.grow_topic(through.bootstrap, topic, 2)
    client.delete_records(through.bootstrap, topic, SENT // 2)
    client.delete_topic(through.bootstrap, topic)

    admin = wait_until_sealed(standing_gateway).tables.admin
    rows = admin.filter(pl.col("targets").list.contains(topic) & pl.col("is_change")).collect()

    assert rows.sort("sequence")["api"].to_list() == [
        "CREATE_TOPICS",
        "INCREMENTAL_ALTER_CONFIGS",
        "CREATE_PARTITIONS",
        "DELETE_RECORDS",
        "DELETE_TOPICS",
    ]
    assert set(rows["outcome"]) == {"answered"}
    assert set(rows["error_code"]) == {0}


@pytest.mark.parametrize(
    ("client", "protocol"),
    [
        (Java(), "classic"),
        (Java(), "consumer"),
        (Confluent(), "classic"),
        (Confluent(), "consumer"),
        (Aiokafka(), "classic"),
        (KafkaPython(), "classic"),
    ],
    ids=lambda each: each if isinstance(each, str) else each.name,
)
def test_commits_prove_what_was_taken(
    client: Client, protocol: Protocol, through: Place, standing_gateway: Gateway
) -> None:
    """The recorded commits end where the group's offsets stand, and lift the reads before them."""
    topic = through.seeded(partitions=2)
    group = f"{through.prefix}-group"
    reading = Reading(count=SEEDED, group=group, protocol=protocol)

    client.consume(through.bootstrap, topic, reading)

    tables = wait_until_sealed(standing_gateway).tables
    commits = tables.commits.filter(pl.col("group_id") == group).sort("sequence").collect()
    newest = {row["partition"]: row["committed_offset"] for row in commits.to_dicts()}
    reads = tables.reads.filter(pl.col("topic") == topic).collect()
    assert newest == DIRECT.committed(through.direct, group, topic)
    assert set(commits["topic"]) == {topic}
    assert set(reads["proof_level"]) == {"L3"}
