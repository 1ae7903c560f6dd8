"""confluent-kafka: librdkafka behind Python."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaException,
    Producer,
    ShareConsumer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewPartitions, NewTopic

from tests.kafka.clients.client import CLIENT_SECONDS, Client
from tests.kafka.records import Offsets, Record, in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.kafka.clients.client import Untyped
    from tests.kafka.records import Reading, Sending, Transaction

QUIET = {"log_level": 0}
NOW = 0
FIRST, END = -2, -1
"""The times that ListOffsets takes for a partition's ends."""


def connection(bootstrap: str) -> dict[str, Any]:
    """Return the configuration that every client needs."""
    return {"bootstrap.servers": bootstrap, "client.id": "confluent", **QUIET}


class Confluent(Client):
    """confluent-kafka's clients."""

    name = "confluent-kafka"

    def produce(
        self, bootstrap: str, topic: str, records: Sequence[Record], how: Sending
    ) -> list[Record]:
        """Send records; delivery reports give the offsets."""
        producer = Producer(
            connection(bootstrap)
            | {
                "acks": how.acks,
                "compression.type": how.codec,
                "enable.idempotence": how.is_idempotent,
                # Only the flush sends: a batch of one record, as a slow test would make it, grows
                # under snappy, and librdkafka then sends it without compression.
                "linger.ms": 10_000,
            }
        )
        # Records that wait for metadata come to their partition one by one while the flush sends.
        producer.list_topics(topic, CLIENT_SECONDS)
        reported: list[Record] = []
        for record in records:
            send(producer, topic, record, _reporter(record, reported))
        assert producer.flush(CLIENT_SECONDS) == 0
        return reported

    def transact(self, bootstrap: str, topic: str, transactions: Sequence[Transaction]) -> None:
        """Run transactions one after the other under one transactional id."""
        producer = Producer(connection(bootstrap) | {"transactional.id": f"{topic}-confluent"})
        producer.init_transactions(CLIENT_SECONDS)
        for transaction in transactions:
            producer.begin_transaction()
            for record in transaction.records:
                send(producer, topic, record)
            # An abort drops what is not sent yet, and the test wants it in the log.
            assert producer.flush(CLIENT_SECONDS) == 0
            if transaction.is_committed:
                producer.commit_transaction(CLIENT_SECONDS)
            else:
                producer.abort_transaction(CLIENT_SECONDS)

    def consume(self, bootstrap: str, topic: str, how: Reading) -> list[Record]:
        """Read to the wanted count."""
        settings = connection(bootstrap) | {
            "group.id": how.group or f"{topic}-nobody",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed" if how.is_committed_only else "read_uncommitted",
            "fetch.wait.max.ms": 100,
        }
        if how.group is not None:
            settings["group.protocol"] = how.protocol
        consumer = Consumer(settings)
        try:
            if how.group is None:
                consumer.assign([TopicPartition(topic, *place) for place in how.start.items()])
            else:
                consumer.subscribe([topic])
            received = _poll(consumer, how.count)
            if how.group is not None:
                consumer.commit(asynchronous=False)
        finally:
            consumer.close()
        return in_order(received)

    def consume_shared(self, bootstrap: str, topic: str, group: str, count: int) -> list[Record]:
        """Read as a member of a share group."""
        consumer = ShareConsumer(connection(bootstrap) | {"group.id": group})
        try:
            consumer.subscribe([topic])
            received: list[Record] = []
            deadline = time.monotonic() + CLIENT_SECONDS
            while len(received) < count:
                assert time.monotonic() < deadline, f"{len(received)} of {count} records came"
                received += [to_record(each) for each in consumer.poll(1.0)]
            consumer.commit_sync()
        finally:
            consumer.close()
        return in_order(received)

    def create_topic(self, bootstrap: str, topic: str, partitions: int) -> None:
        """Create a topic."""
        ask_one(bootstrap, "create_topics", [NewTopic(topic, partitions)])

    def delete_topic(self, bootstrap: str, topic: str) -> None:
        """Delete a topic."""
        ask_one(bootstrap, "delete_topics", [topic])

    def topic_id(self, bootstrap: str, topic: str) -> str:
        """Tell a topic's id, as Kafka writes it: this client writes plain base64."""
        described = ask_one(bootstrap, "describe_topics", TopicCollection([topic]))
        return str(described.topic_id).translate(str.maketrans("+/", "-_"))

    def grow_topic(self, bootstrap: str, topic: str, partitions: int) -> None:
        """Add partitions."""
        ask_one(bootstrap, "create_partitions", [NewPartitions(topic, partitions)])

    def set_config(self, bootstrap: str, topic: str, key: str, value: str) -> None:
        """Set a configuration."""
        entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
        ask_one(bootstrap, "incremental_alter_configs", [resource])

    def get_config(self, bootstrap: str, topic: str, key: str) -> str:
        """Read a configuration."""
        resource = ConfigResource(ResourceType.TOPIC, topic)
        return str(ask_one(bootstrap, "describe_configs", [resource])[key].value)

    def offsets(self, bootstrap: str, topic: str, timestamp_ms: int) -> Offsets:
        """Ask with ListOffsets three times."""
        place = TopicPartition(topic, 0)
        specs = (OffsetSpec.for_timestamp(when) for when in (FIRST, END, timestamp_ms))
        first, end, at_time = (
            ask_one(bootstrap, "list_offsets", {place: spec}).offset for spec in specs
        )
        return Offsets(first=first, end=end, at_time=at_time)

    def delete_records(self, bootstrap: str, topic: str, before: int) -> None:
        """Delete records."""
        ask_one(bootstrap, "delete_records", [TopicPartition(topic, 0, before)])

    def cluster(self, bootstrap: str) -> dict[int, tuple[str, int]]:
        """Describe the cluster."""
        nodes = _ask(bootstrap, "describe_cluster").nodes
        return {node.id: (node.host, node.port) for node in nodes}

    def cluster_id(self, bootstrap: str) -> str:
        """Tell the cluster's id."""
        return str(_ask(bootstrap, "describe_cluster").cluster_id)

    def groups(self, bootstrap: str) -> set[str]:
        """List groups."""
        listed = _ask(bootstrap, "list_consumer_groups")
        return {group.group_id for group in listed.valid}

    def group_state(self, bootstrap: str, group: str) -> str:
        """Describe a group."""
        state: str = ask_one(bootstrap, "describe_consumer_groups", [group]).state.name
        return state.lower()

    def committed(self, bootstrap: str, group: str, topic: str) -> dict[int, int]:
        """Tell committed offsets."""
        asked = [ConsumerGroupTopicPartitions(group)]
        answer = ask_one(bootstrap, "list_consumer_group_offsets", asked)
        return {
            place.partition: place.offset
            for place in answer.topic_partitions
            if place.topic == topic
        }

    def delete_group(self, bootstrap: str, group: str) -> None:
        """Delete a group."""
        ask_one(bootstrap, "delete_consumer_groups", [group])


def send(
    producer: Producer, topic: str, record: Record, report: Callable[..., None] | None = None
) -> None:
    """Hand one record to a producer."""
    producer.produce(
        topic,
        value=record.value,
        key=record.key,
        partition=record.partition,
        headers=list(record.headers),
        on_delivery=report,
        timestamp=record.timestamp_ms or NOW,
    )
    producer.poll(0)


def to_record(message: Untyped) -> Record:
    """Turn a message into a record; raises KafkaException for an error in its place."""
    if message.error() is not None:
        raise KafkaException(message.error())
    return Record(
        partition=message.partition(),
        offset=message.offset(),
        key=message.key(),
        value=message.value(),
        headers=tuple(message.headers() or ()),
        timestamp_ms=message.timestamp()[1],
    )


def _reporter(record: Record, reported: list[Record]) -> Callable[..., None]:
    def report(error: object, message: Untyped) -> None:
        assert error is None, error
        offset = message.offset()
        reported.append(
            Record(
                partition=message.partition(),
                offset=None if offset is None or offset < 0 else offset,
                key=record.key,
                value=record.value,
                headers=record.headers,
                timestamp_ms=message.timestamp()[1],
            )
        )

    return report


def _poll(consumer: Consumer, count: int) -> list[Record]:
    received: list[Record] = []
    deadline = time.monotonic() + CLIENT_SECONDS
    while len(received) < count:
        assert time.monotonic() < deadline, f"{len(received)} of {count} records came"
        message = consumer.poll(1.0)
        if message is not None:
            received.append(to_record(message))
    return received


def ask_one(bootstrap: str, verb: str, *arguments: object) -> Untyped:
    """Ask about one thing and return the answer; raises KafkaException."""
    # The client must live until the answer is there.
    admin = AdminClient(connection(bootstrap))
    (future,) = getattr(admin, verb)(*arguments).values()
    return future.result(CLIENT_SECONDS)


def _ask(bootstrap: str, verb: str) -> Untyped:
    admin = AdminClient(connection(bootstrap))
    return getattr(admin, verb)().result(CLIENT_SECONDS)
