"""kafka-python: the client written in Python alone."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from tests.kafka.clients.client import CLIENT_SECONDS, Client
from tests.kafka.records import Offsets, Record, in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.kafka.clients.client import Untyped
    from tests.kafka.records import Reading, Sending, Transaction

FIRST, END = -2, -1
"""The times that ListOffsets takes for a partition's ends."""


class KafkaPython(Client):
    """kafka-python's clients."""

    name = "kafka-python"

    def produce(
        self, bootstrap: str, topic: str, records: Sequence[Record], how: Sending
    ) -> list[Record]:
        """Send records; the futures give the offsets."""
        producer = KafkaProducer(
            bootstrap_servers=bootstrap,
            acks={"0": 0, "1": 1, "all": "all"}[how.acks],
            compression_type=None if how.codec == "none" else how.codec,
            enable_idempotence=how.is_idempotent,
            linger_ms=50,
        )
        with closing(producer):
            sent = [(record, _send(producer, topic, record)) for record in records]
            producer.flush(CLIENT_SECONDS)
            reported = [_reported(record, future.get(CLIENT_SECONDS)) for record, future in sent]
        if how.acks != "0":
            return reported
        # Nobody has told it the offsets; it counts from -1.
        return [replace(each, offset=None) for each in reported]

    def transact(self, bootstrap: str, topic: str, transactions: Sequence[Transaction]) -> None:
        """Run transactions one after the other under one transactional id."""
        producer = KafkaProducer(
            bootstrap_servers=bootstrap, transactional_id=f"{topic}-kafka-python"
        )
        with closing(producer):
            producer.init_transactions()
            for transaction in transactions:
                producer.begin_transaction()
                for record in transaction.records:
                    _send(producer, topic, record).get(CLIENT_SECONDS)
                if transaction.is_committed:
                    producer.commit_transaction()
                else:
                    producer.abort_transaction()

    def consume(self, bootstrap: str, topic: str, how: Reading) -> list[Record]:
        """Read to the wanted count."""
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=how.group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            isolation_level="read_committed" if how.is_committed_only else "read_uncommitted",
            fetch_max_wait_ms=100,
        )
        with closing(consumer):
            if how.group is None:
                consumer.assign([TopicPartition(topic, partition) for partition in how.start])
                for partition, offset in how.start.items():
                    consumer.seek(TopicPartition(topic, partition), offset)
            else:
                # A group that is joined before the topic is known may stay without partitions.
                consumer.partitions_for_topic(topic)
                consumer.subscribe([topic])
            received = _poll(consumer, how.count)
            if how.group is not None:
                consumer.commit()
        return in_order(received)

    def create_topic(self, bootstrap: str, topic: str, partitions: int) -> None:
        """Create a topic."""
        _ask(bootstrap, "create_topics", {topic: {"num_partitions": partitions}})

    def delete_topic(self, bootstrap: str, topic: str) -> None:
        """Delete a topic."""
        _ask(bootstrap, "delete_topics", [topic])

    def topic_id(self, bootstrap: str, topic: str) -> str:
        """Tell a topic's id."""
        (found,) = _ask(bootstrap, "describe_topics", [topic])
        return str(found["topic_id"])

    def grow_topic(self, bootstrap: str, topic: str, partitions: int) -> None:
        """Add partitions."""
        _ask(bootstrap, "create_partitions", {topic: partitions})

    def set_config(self, bootstrap: str, topic: str, key: str, value: str) -> None:
        """Set a configuration."""
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs={key: value})
        _ask(bootstrap, "alter_configs", [resource])

    def get_config(self, bootstrap: str, topic: str, key: str) -> str:
        """Read a configuration."""
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        found = _ask(bootstrap, "describe_configs", [resource])
        return str(found["topic"][topic][key]["value"])

    def offsets(self, bootstrap: str, topic: str, timestamp_ms: int) -> Offsets:
        """Ask with ListOffsets three times."""
        place = TopicPartition(topic, 0)
        first, end, at_time = (
            _ask(bootstrap, "list_partition_offsets", {place: when})[place].offset
            for when in (FIRST, END, timestamp_ms)
        )
        return Offsets(first=first, end=end, at_time=at_time)

    def delete_records(self, bootstrap: str, topic: str, before: int) -> None:
        """Delete records."""
        _ask(bootstrap, "delete_records", {TopicPartition(topic, 0): before})

    def cluster(self, bootstrap: str) -> dict[int, tuple[str, int]]:
        """Describe the cluster."""
        brokers = _ask(bootstrap, "describe_cluster")["brokers"]
        return {each["broker_id"]: (each["host"], each["port"]) for each in brokers}

    def cluster_id(self, bootstrap: str) -> str:
        """Tell the cluster's id."""
        return str(_ask(bootstrap, "describe_cluster")["cluster_id"])

    def groups(self, bootstrap: str) -> set[str]:
        """List groups."""
        return {each["group_id"] for each in _ask(bootstrap, "list_groups")}

    def group_state(self, bootstrap: str, group: str) -> str:
        """Describe a group."""
        found = _ask(bootstrap, "describe_groups", [group])[group]
        return str(found.get("group_state", found.get("state"))).lower()

    def committed(self, bootstrap: str, group: str, topic: str) -> dict[int, int]:
        """Tell committed offsets."""
        found = _ask(bootstrap, "list_group_offsets", {group: None})[group]
        return {place.partition: at.offset for place, at in found.items() if place.topic == topic}

    def delete_group(self, bootstrap: str, group: str) -> None:
        """Delete a group."""
        _ask(bootstrap, "delete_groups", [group])


def _send(producer: KafkaProducer, topic: str, record: Record) -> Untyped:
    return producer.send(
        topic,
        value=record.value,
        key=record.key,
        partition=record.partition,
        timestamp_ms=record.timestamp_ms,
        headers=list(record.headers),
    )


def _reported(record: Record, metadata: Untyped) -> Record:
    return Record(
        partition=metadata.partition,
        offset=metadata.offset,
        key=record.key,
        value=record.value,
        headers=record.headers,
        timestamp_ms=metadata.timestamp,
    )


def _poll(consumer: KafkaConsumer, count: int) -> list[Record]:
    received: list[Record] = []
    deadline = time.monotonic() + CLIENT_SECONDS
    while len(received) < count:
        assert time.monotonic() < deadline, f"{len(received)} of {count} records came"
        for messages in consumer.poll(timeout_ms=200, max_records=count - len(received)).values():
            received += [_record(message) for message in messages]
    return received


def _record(message: Untyped) -> Record:
    return Record(
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
        headers=tuple(message.headers),
        timestamp_ms=message.timestamp,
    )


def _ask(bootstrap: str, verb: str, *arguments: object) -> Untyped:
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        return getattr(admin, verb)(*arguments)
