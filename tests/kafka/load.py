"""Clients that work without a pause and keep a log of what they were promised and what they got.

They run in a process of their own (`python -m tests.kafka.load BOOTSTRAP TOPIC`) until its
standard input ends, and log one line for each record: `acknowledged` or `received`, partition,
offset, value.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError as AiokafkaError
from confluent_kafka import Consumer, KafkaException, Producer
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from tests.kafka.clients.confluent import connection, to_record

if TYPE_CHECKING:
    from collections.abc import Callable

Place = tuple[int, int, bytes]
"""A record's partition, offset and value; values are unique."""

ROOT = Path(__file__).parents[2]
PAUSE_SECONDS = 0.003
PARTITIONS = 2
END_SECONDS = 60
ACKNOWLEDGED, RECEIVED = "acknowledged", "received"


class Load:
    """Producers and consumers of one topic, at work until the block ends."""

    def __init__(self, bootstrap: str, topic: str, log: Path) -> None:
        self._log = log
        self._errors = log.with_suffix(".errors")
        self._command = [sys.executable, "-m", "tests.kafka.load", bootstrap, topic]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start all clients."""
        with self._log.open("wb") as log, self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=errors
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all clients; fails if any of them met what it did not expect."""
        assert self._process is not None
        try:
            self._process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.returncode == 0, self._errors.read_text()[-5000:]

    def logged(self, word: str) -> list[Place]:
        """Return what clients have logged so far under a word."""
        lines = self._log.read_text().splitlines(keepends=True)
        found = [line.split() for line in lines if line.endswith("\n")]
        return [
            (int(partition), int(offset), value.encode())
            for kind, partition, offset, value in found
            if kind == word
        ]

    def wait_for_progress(self) -> None:
        """Wait until clients have been promised and have got something new."""
        counts = {word: len(self.logged(word)) for word in (ACKNOWLEDGED, RECEIVED)}
        deadline = time.monotonic() + END_SECONDS
        while any(len(self.logged(word)) <= count for word, count in counts.items()):
            assert time.monotonic() < deadline, "the clients do not get on"
            assert self._process is not None
            assert self._process.poll() is None, self._errors.read_text()[-5000:]
            time.sleep(0.1)


class Work(Protocol):
    """One client's loop; it returns soon after `stop` is set."""

    def __call__(self, log: Note, stop: threading.Event, /) -> None:
        """Work, and log."""


class Metadata(Protocol):
    """What kafka-python tells of a record that was acknowledged."""

    partition: int
    offset: int


class Note(Protocol):
    """What one client logs."""

    def __call__(self, partition: int, offset: int, value: bytes, /) -> None:
        """Log one record."""


def main(bootstrap: str, topic: str) -> None:
    """Work until standard input ends; any failure of a client ends the process with exit code 1."""
    stop = threading.Event()
    failed = threading.Event()

    def run(work: Work, note: Note) -> None:
        try:
            work(note, stop)
        except BaseException:
            failed.set()
            raise

    threads = [
        threading.Thread(target=run, args=(work(bootstrap, topic), _note(word)))
        for word, works in ((ACKNOWLEDGED, PRODUCERS), (RECEIVED, CONSUMERS))
        for work in works
    ]
    for thread in threads:
        thread.start()
    sys.stdin.buffer.read()
    stop.set()
    for thread in threads:
        thread.join()
    sys.exit(1 if failed.is_set() else 0)


def _note(word: str) -> Note:
    def note(partition: int, offset: int, value: bytes) -> None:
        # One write for a line: threads do not mix, and a killed process has logged what it said.
        os.write(1, b"%b %d %d %b\n" % (word.encode(), partition, offset, value))

    return note


def _confluent_producer(bootstrap: str, topic: str) -> Work:
    def work(note: Note, stop: threading.Event) -> None:
        producer = Producer(
            connection(bootstrap)
            | {"enable.idempotence": True, "compression.type": "lz4", "linger.ms": 5}
        )

        def report(error: object, message: object) -> None:
            if error is None:
                note(*_place(message))

        n = 0
        while not stop.is_set():
            value, partition = b"librdkafka-%d" % n, n % PARTITIONS
            producer.produce(topic, value=value, partition=partition, on_delivery=report)
            producer.poll(PAUSE_SECONDS)
            n += 1
        producer.flush(END_SECONDS)

    return work


def _place(message: object) -> Place:
    record = to_record(message)
    assert record.offset is not None
    assert record.value is not None
    return record.partition, record.offset, record.value


def _aiokafka_producer(bootstrap: str, topic: str) -> Work:
    async def work(note: Note, stop: threading.Event) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, acks="all", compression_type="gzip"
        )
        await producer.start()
        n = 0
        while not stop.is_set():
            value, partition = b"aiokafka-%d" % n, n % PARTITIONS
            n += 1
            try:
                done = await producer.send_and_wait(topic, value, partition=partition)
            except AiokafkaError:
                continue  # not acknowledged, so nothing is claimed
            note(done.partition, done.offset, value)
            await asyncio.sleep(PAUSE_SECONDS)
        await producer.stop()

    return lambda note, stop: asyncio.run(work(note, stop))


def _kafka_python_producer(bootstrap: str, topic: str) -> Work:
    def work(note: Note, stop: threading.Event) -> None:
        def report(value: bytes) -> Callable[[Metadata], None]:
            return lambda done: note(done.partition, done.offset, value)

        with closing(KafkaProducer(bootstrap_servers=bootstrap, linger_ms=5)) as producer:
            n = 0
            while not stop.is_set():
                value, partition = b"kafka-python-%d" % n, n % PARTITIONS
                n += 1
                producer.send(topic, value, partition=partition).add_callback(report(value))
                time.sleep(PAUSE_SECONDS)
            producer.flush(END_SECONDS)

    return work


def _confluent_consumer(bootstrap: str, topic: str) -> Work:
    def work(note: Note, stop: threading.Event) -> None:
        consumer = Consumer(
            connection(bootstrap) | {"group.id": f"{topic}-group", "auto.offset.reset": "earliest"}
        )
        consumer.subscribe([topic])
        while not stop.is_set():
            message = consumer.poll(0.1)
            if message is None:
                continue
            try:
                note(*_place(message))
            except KafkaException:
                continue  # a lost connection; the client goes on by itself
        consumer.close()

    return work


def _kafka_python_consumer(bootstrap: str, topic: str) -> Work:
    def work(note: Note, stop: threading.Event) -> None:
        consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
        consumer.assign([TopicPartition(topic, partition) for partition in range(PARTITIONS)])
        with closing(consumer):
            while not stop.is_set():
                try:
                    found = consumer.poll(timeout_ms=100)
                except KafkaError:
                    continue  # as above
                for messages in found.values():
                    for each in messages:
                        note(each.partition, each.offset, each.value)

    return work


PRODUCERS = (_confluent_producer, _aiokafka_producer, _kafka_python_producer)
CONSUMERS = (_confluent_consumer, _kafka_python_consumer)


if __name__ == "__main__":
    main(*sys.argv[1:])
