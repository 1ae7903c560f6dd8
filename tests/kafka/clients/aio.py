"""aiokafka: the asyncio client."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from tests.kafka.clients.client import CLIENT_SECONDS, Client
from tests.kafka.records import Offsets, Record, in_order

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Sequence
    from typing import TypeVar

    from tests.kafka.clients.client import Untyped
    from tests.kafka.records import Reading, Sending, Transaction

    T = TypeVar("T")


class Aiokafka(Client):
    """aiokafka's clients, each call in an event loop of its own."""

    name = "aiokafka"

    def produce(
        self, bootstrap: str, topic: str, records: Sequence[Record], how: Sending
    ) -> list[Record]:
        """Send records; the futures give the offsets."""
        return _run(_produce(bootstrap, topic, records, how))

    def transact(self, bootstrap: str, topic: str, transactions: Sequence[Transaction]) -> None:
        """Run transactions one after the other under one transactional id."""
        _run(_transact(bootstrap, topic, transactions))

    def consume(self, bootstrap: str, topic: str, how: Reading) -> list[Record]:
        """Read to the wanted count."""
        return in_order(_run(_consume(bootstrap, topic, how)))

    def create_topic(self, bootstrap: str, topic: str, partitions: int) -> None:
        """Create a topic."""
        new = NewTopic(name=topic, num_partitions=partitions, replication_factor=1)
        answer = _ask(bootstrap, "create_topics", [new])
        _succeeded(answer.topic_errors)

    def delete_topic(self, bootstrap: str, topic: str) -> None:
        """Delete a topic."""
        _succeeded(_ask(bootstrap, "delete_topics", [topic]).topic_error_codes)

    def grow_topic(self, bootstrap: str, topic: str, partitions: int) -> None:
        """Add partitions."""
        answer = _ask(bootstrap, "create_partitions", {topic: NewPartitions(partitions)})
        _succeeded(answer.topic_errors)

    def set_config(self, bootstrap: str, topic: str, key: str, value: str) -> None:
        """Set a configuration."""
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs={key: value})
        for answer in _ask(bootstrap, "alter_configs", [resource]):
            _succeeded([(each[3], each[0]) for each in answer.resources])

    def get_config(self, bootstrap: str, topic: str, key: str) -> str:
        """Read a configuration."""
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        (answer,) = _ask(bootstrap, "describe_configs", [resource])
        ((_, _, _, _, entries),) = answer.resources
        return str({entry[0]: entry[1] for entry in entries}[key])

    def offsets(self, bootstrap: str, topic: str, timestamp_ms: int) -> Offsets:
        """Ask with ListOffsets three times."""
        return _run(_offsets(bootstrap, topic, timestamp_ms))

    def delete_records(self, bootstrap: str, topic: str, before: int) -> None:
        """Delete records."""
        _ask(bootstrap, "delete_records", {TopicPartition(topic, 0): RecordsToDelete(before)})

    def cluster(self, bootstrap: str) -> dict[int, tuple[str, int]]:
        """Describe the cluster."""
        brokers = _ask(bootstrap, "describe_cluster")["brokers"]
        return {each["node_id"]: (each["host"], each["port"]) for each in brokers}

    def cluster_id(self, bootstrap: str) -> str:
        """Tell the cluster's id."""
        return str(_ask(bootstrap, "describe_cluster")["cluster_id"])

    def groups(self, bootstrap: str) -> set[str]:
        """List groups."""
        return {name for name, _ in _ask(bootstrap, "list_consumer_groups")}

    def group_state(self, bootstrap: str, group: str) -> str:
        """Describe a group."""
        (answer,) = _ask(bootstrap, "describe_consumer_groups", [group])
        return str(answer.groups[0][2]).lower()

    def committed(self, bootstrap: str, group: str, topic: str) -> dict[int, int]:
        """Tell committed offsets."""
        answer = _ask(bootstrap, "list_consumer_group_offsets", group)
        return {place.partition: at.offset for place, at in answer.items() if place.topic == topic}


async def _produce(
    bootstrap: str, topic: str, records: Sequence[Record], how: Sending
) -> list[Record]:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks={"0": 0, "1": 1, "all": "all"}[how.acks],
        compression_type=None if how.codec == "none" else how.codec,
        enable_idempotence=how.is_idempotent,
        linger_ms=50,
    )
    await producer.start()
    try:
        sent = [(record, await _send(producer, topic, record)) for record in records]
        return [_reported(record, await future) for record, future in sent]
    finally:
        await producer.stop()


async def _send(producer: AIOKafkaProducer, topic: str, record: Record) -> asyncio.Future[Untyped]:
    future: asyncio.Future[Untyped] = await producer.send(
        topic,
        value=record.value,
        key=record.key,
        partition=record.partition,
        timestamp_ms=record.timestamp_ms,
        headers=list(record.headers),
    )
    return future


def _reported(record: Record, metadata: Untyped) -> Record:
    # With acks=0 there is no metadata.
    return Record(
        partition=record.partition,
        offset=None if metadata is None else metadata.offset,
        key=record.key,
        value=record.value,
        headers=record.headers,
        # What it reports as a record's time is that of the first of its batch.
        timestamp_ms=record.timestamp_ms,
    )


async def _transact(bootstrap: str, topic: str, transactions: Sequence[Transaction]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"{topic}-aiokafka")
    await producer.start()
    try:
        for transaction in transactions:
            await producer.begin_transaction()
            for record in transaction.records:
                await (await _send(producer, topic, record))
            if transaction.is_committed:
                await producer.commit_transaction()
            else:
                await producer.abort_transaction()
    finally:
        await producer.stop()


async def _consume(bootstrap: str, topic: str, how: Reading) -> list[Record]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=how.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed" if how.is_committed_only else "read_uncommitted",
        fetch_max_wait_ms=100,
    )
    if how.group is not None:
        consumer.subscribe([topic])
    await consumer.start()
    try:
        if how.group is None:
            consumer.assign([TopicPartition(topic, partition) for partition in how.start])
        for partition, offset in how.start.items():
            consumer.seek(TopicPartition(topic, partition), offset)
        received = [_record(await consumer.getone()) for _ in range(how.count)]
        if how.group is not None:
            await consumer.commit()
    finally:
        await consumer.stop()
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


async def _offsets(bootstrap: str, topic: str, timestamp_ms: int) -> Offsets:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        place = TopicPartition(topic, 0)
        first = (await consumer.beginning_offsets([place]))[place]
        end = (await consumer.end_offsets([place]))[place]
        found = (await consumer.offsets_for_times({place: timestamp_ms}))[place]
    finally:
        await consumer.stop()
    return Offsets(first=first, end=end, at_time=-1 if found is None else found.offset)


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


def _ask(bootstrap: str, verb: str, *arguments: object) -> Untyped:
    async def ask() -> object:
        async with _admin(bootstrap) as admin:
            return await getattr(admin, verb)(*arguments)

    return _run(ask())


def _succeeded(errors: Sequence[Sequence[object]]) -> None:
    assert [each[:2] for each in errors if each[1] != 0] == []


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(coroutine, CLIENT_SECONDS))
