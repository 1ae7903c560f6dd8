"""The loads: as much as goes, written and read; and a steady rate, timed record by record."""

from __future__ import annotations

import os
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from statistics import quantiles
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, TypeAlias

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from confluent_kafka import KafkaError, Message

    from benchmarks.routes import Route

Settings: TypeAlias = dict[str, Any]

PARTITIONS = 2
REQUEST_SECONDS = 30.0
FLUSH_SECONDS = 120.0
READ_SECONDS = 120.0
# Enough different values that compressing the evidence is as hard as compressing real records.
VALUES = 4096
MEGABYTE = 1e6
# Below errors, librdkafka tells of events that nobody serves any more when a client ends.
QUIET: Settings = {"log_level": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """How much went through in how long."""

    records: int
    record_bytes: int
    seconds: float

    @property
    def records_per_second(self) -> float:
        """Records each second."""
        return self.records / self.seconds

    @property
    def megabytes(self) -> float:
        """The size of the values, in millions of bytes."""
        return self.records * self.record_bytes / MEGABYTE

    @property
    def megabytes_per_second(self) -> float:
        """The values' bytes each second."""
        return self.megabytes / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Percentiles in milliseconds, until the producer had the ack and a consumer the record."""

    ack_p50: float
    ack_p99: float
    read_p50: float
    read_p99: float


@contextmanager
def topic(bootstrap: str, name: str) -> Iterator[str]:
    """Make a topic directly on the cluster, and delete it afterwards."""
    settings: Settings = {"bootstrap.servers": bootstrap}
    admin = AdminClient(settings | QUIET)
    admin.create_topics([NewTopic(name, PARTITIONS, 1)])[name].result(REQUEST_SECONDS)
    try:
        yield name
    finally:
        admin.delete_topics([name])[name].result(REQUEST_SECONDS)


def write_for(route: Route, name: str, record_bytes: int, seconds: float) -> Throughput:
    """Write as fast as it goes for some seconds, and wait for the last acknowledgement."""
    values = make_values(record_bytes)
    producer = Producer(
        _settings(route)
        | {
            "acks": "all",
            "linger.ms": 5,
            "batch.size": 131_072,
            "queue.buffering.max.messages": 200_000,
        }
    )
    began = time.perf_counter()
    records = 0
    while time.perf_counter() - began < seconds:
        for _ in range(1000):
            _produce(producer, name, values[records % VALUES])
            records += 1
    _flush(producer)
    return Throughput(
        records=records, record_bytes=record_bytes, seconds=time.perf_counter() - began
    )


def read_all(route: Route, name: str, written: Throughput) -> Throughput:
    """Read everything that was written, from the beginning."""
    with closing(_reader(route, name, 0)) as consumer:
        deadline = time.monotonic() + READ_SECONDS
        began = time.perf_counter()
        records = 0
        while records < written.records:
            records += len(_records(consumer.consume(10_000, 0.5)))
            assert time.monotonic() < deadline, f"{records} of {written.records} records were read"
        seconds = time.perf_counter() - began
    return Throughput(records=records, record_bytes=written.record_bytes, seconds=seconds)


def time_steady_rate(
    route: Route, name: str, record_bytes: int, rate: int, seconds: float
) -> Latency:
    """Write at a fixed rate and read along; the record's head says when it was written."""
    total = int(rate * seconds)
    read_ms: list[float] = []
    is_reading = Event()
    follower = Thread(target=_follow, args=(route, name, total, read_ms, is_reading), daemon=True)
    follower.start()
    assert is_reading.wait(REQUEST_SECONDS), "the consumer did not start"
    ack_ms = _write_steadily(route, name, record_bytes, rate, total)
    follower.join(READ_SECONDS)
    assert len(read_ms) == total, f"{len(read_ms)} of {total} records were read"
    ack, read = quantiles(ack_ms, n=100), quantiles(read_ms, n=100)
    return Latency(ack_p50=ack[49], ack_p99=ack[98], read_p50=read[49], read_p99=read[98])


def make_values(record_bytes: int) -> Sequence[bytes]:
    """Make values that compress about as well as JSON with identifiers in it does."""
    head = b'{"id":"'
    return [
        (
            head
            + os.urandom(record_bytes // 4).hex().encode()
            + b'","kind":"measure"'
            + b" " * record_bytes
        )[:record_bytes]
        for _ in range(VALUES)
    ]


def _write_steadily(
    route: Route, name: str, record_bytes: int, rate: int, total: int
) -> list[float]:
    ack_ms: list[float] = []
    padding = b" " * (record_bytes - 8)
    producer = Producer(_settings(route) | {"acks": "all", "linger.ms": 0})
    producer.list_topics(name, timeout=REQUEST_SECONDS)
    began = time.perf_counter()
    for number in range(total):
        while (ahead := began + number / rate - time.perf_counter()) > 0:
            producer.poll(ahead)
        sent_ns = time.perf_counter_ns()

        def note(error: KafkaError | None, _message: Message, sent_ns: int = sent_ns) -> None:
            if error is not None:
                raise KafkaException(error)
            ack_ms.append((time.perf_counter_ns() - sent_ns) / 1e6)

        producer.produce(name, sent_ns.to_bytes(8) + padding, partition=0, on_delivery=note)
        producer.poll(0)
    _flush(producer)
    return ack_ms


def _follow(route: Route, name: str, total: int, read_ms: list[float], is_reading: Event) -> None:
    with closing(_reader(route, name, 0)) as consumer:
        consumer.consume(1, 1.0)
        is_reading.set()
        deadline = time.monotonic() + READ_SECONDS
        while len(read_ms) < total and time.monotonic() < deadline:
            messages = _records(consumer.consume(1000, 0.01))
            now = time.perf_counter_ns()
            for message in messages:
                value = message.value()
                assert value is not None
                read_ms.append((now - int.from_bytes(value[:8])) / 1e6)


def _settings(route: Route) -> Settings:
    return {"bootstrap.servers": route.bootstrap, "client.id": "benchmark"} | QUIET


def _reader(route: Route, name: str, offset: int) -> Consumer:
    settings = {"group.id": "unused", "enable.auto.commit": False, "fetch.wait.max.ms": 100}
    consumer = Consumer(_settings(route) | settings)
    consumer.assign([TopicPartition(name, number, offset) for number in range(PARTITIONS)])
    return consumer


def _records(messages: list[Message]) -> list[Message]:
    for message in messages:
        error = message.error()
        if error is not None:
            raise KafkaException(error)
    return messages


def _produce(producer: Producer, name: str, value: bytes) -> None:
    while True:
        try:
            producer.produce(name, value)
        except BufferError:
            producer.poll(0.01)
        else:
            return


def _flush(producer: Producer) -> None:
    left = producer.flush(FLUSH_SECONDS)
    assert left == 0, f"{left} records were not acknowledged"
