"""What the cluster itself says, asked directly by one client that is not under test."""

from __future__ import annotations

import base64
import time
import uuid
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from gateway.wire.api_keys import ApiKey
from tests.kafka.clients.confluent import END, Confluent, ask_one, connection, to_record
from tests.kafka.raw import RawClient, batch_headers, fetch_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kafka.records import Record

DIRECT = Confluent()
SETTLE_SECONDS = 40
# The last version that names topics.
FETCH_VERSION = 12


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until the cluster is as it should be; it tells of changes with a little delay."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the cluster did not settle"
        time.sleep(0.05)


def create_topic(bootstrap: str, topic: str, partitions: int = 1) -> None:
    """Create a topic that keeps records of any age, and wait until it can be written."""
    new = NewTopic(topic, partitions, config={"retention.ms": "-1"})
    ask_one(bootstrap, "create_topics", [new])
    wait_for(lambda: _is_led(bootstrap, topic, partitions))


def delete_topic(bootstrap: str, topic: str) -> None:
    """Delete a topic, and wait until it is gone."""
    ask_one(bootstrap, "delete_topics", [topic])
    wait_for(lambda: partition_count(bootstrap, topic) == 0)


def _is_led(bootstrap: str, topic: str, partitions: int) -> bool:
    # Metadata names a leader before the leader knows that it is one.
    try:
        for partition in range(partitions):
            place = TopicPartition(topic, partition)
            ask_one(bootstrap, "list_offsets", {place: OffsetSpec.for_timestamp(END)})
    except KafkaException:
        return False
    return True


def whole_log(
    bootstrap: str, topic: str, partition: int = 0, *, is_committed_only: bool = False
) -> list[Record]:
    """Read all that a partition holds."""
    consumer = Consumer(
        connection(bootstrap)
        | {
            "group.id": f"{topic}-whole-log",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,
            "isolation.level": "read_committed" if is_committed_only else "read_uncommitted",
        }
    )
    # An offset below the log's beginning would be an error, so the beginning is asked for.
    first, _ = consumer.get_watermark_offsets(TopicPartition(topic, partition), SETTLE_SECONDS)
    consumer.assign([TopicPartition(topic, partition, first)])
    records: list[Record] = []
    try:
        while True:
            message = consumer.poll(SETTLE_SECONDS)
            assert message is not None, f"{topic}-{partition} has no end"
            error = message.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                return records
            records.append(to_record(message))
    finally:
        consumer.close()


def codecs(bootstrap: str, topic: str) -> set[str]:
    """Tell how the batches in partition 0 are compressed, those of control records left out."""
    with RawClient(leader_address(bootstrap, topic)) as client:
        answer = client.ask(ApiKey.FETCH, FETCH_VERSION, fetch_fields(topic, 0))
    return {header.codec for header in batch_headers([answer]) if not header.is_control}


def partition_count(bootstrap: str, topic: str) -> int:
    """Tell how many partitions a topic has: 0 when it does not exist."""
    topics = AdminClient(connection(bootstrap)).list_topics(timeout=SETTLE_SECONDS).topics
    return len(topics[topic].partitions) if topic in topics else 0


def leaders(bootstrap: str, topic: str) -> dict[int, int]:
    """Tell which node leads each partition of a topic."""
    found = AdminClient(connection(bootstrap)).list_topics(topic, timeout=SETTLE_SECONDS)
    return {each.id: each.leader for each in found.topics[topic].partitions.values()}


def is_in_sync(bootstrap: str, topic: str, node: int) -> bool:
    """Tell whether a node has all that its partitions of a topic hold."""
    found = AdminClient(connection(bootstrap)).list_topics(topic, timeout=SETTLE_SECONDS)
    return all(node in each.isrs for each in found.topics[topic].partitions.values())


def leader_address(bootstrap: str, topic: str) -> tuple[str, int]:
    """Tell where the leader of a topic's partition 0 listens."""
    found = AdminClient(connection(bootstrap)).list_topics(topic, timeout=SETTLE_SECONDS)
    leader = found.brokers[found.topics[topic].partitions[0].leader]
    return str(leader.host), leader.port


def set_group_config(bootstrap: str, group: str, key: str, value: str) -> None:
    """Set one configuration of a group."""
    entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.GROUP, group, incremental_configs=[entry])
    ask_one(bootstrap, "incremental_alter_configs", [resource])


def id_bytes(topic_id: str) -> bytes:
    """Read a topic id in whatever form a client prints it: hexadecimal, or either base64."""
    try:
        return uuid.UUID(topic_id).bytes
    except ValueError:
        return base64.urlsafe_b64decode(topic_id + "==")
