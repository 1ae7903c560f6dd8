"""Kafka clients as services use them: confluent-kafka and aiokafka, with what they log elsewhere.

Every client writes into the ground truth what it was told by its own library, and nothing else.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from workbench.demo.errors import DemoError
from workbench.demo.truth import Sighting, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from threading import Event

    from confluent_kafka import Message

    from workbench.demo.cast import Login

LOGGER = "streamwitness.demo.clients"
FLUSH_SECONDS = 60.0
POLL_SECONDS = 0.2
BATCH_RECORDS = 500
# The embedded broker holds a group's first join for half of the session timeout.
SESSION_TIMEOUT_MS = 6_000
HEARTBEAT_MS = 1_000
AUTHENTICATION_FAILED = "_AUTHENTICATION"

Settings = dict[str, Any]


@contextmanager
def logging_to(file: Path) -> Iterator[None]:
    """Send what the client libraries log into a file instead of between the progress bars."""
    destination = logging.FileHandler(file)
    loggers = [logging.getLogger(name) for name in (LOGGER, "aiokafka")]
    for logger in loggers:
        logger.addHandler(destination)
        logger.propagate = False
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(destination)
            logger.propagate = True
        destination.close()


def confluent_settings(login: Login) -> Settings:
    """Write the settings that every confluent-kafka client of a login has."""
    settings: Settings = {
        "bootstrap.servers": login.bootstrap,
        "client.id": login.client_id,
        "logger": logging.getLogger(LOGGER),
    }
    if login.subject:
        settings |= {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.username": login.subject,
            "sasl.password": login.password,
        }
    return settings


def aiokafka_settings(login: Login) -> Settings:
    """Write the settings that every aiokafka client of a login has."""
    return {
        "bootstrap_servers": login.bootstrap,
        "client_id": login.client_id,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": login.subject,
        "sasl_plain_password": login.password,
    }


def group_consumer(login: Login, group: str, topic: str) -> Consumer:
    """Join a consumer group and read a topic from its beginning."""
    consumer = Consumer(
        confluent_settings(login)
        | {
            "group.id": group,
            "error_cb": _raise_if_refused,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": SESSION_TIMEOUT_MS,
            "heartbeat.interval.ms": HEARTBEAT_MS,
        }
    )
    consumer.subscribe([topic])
    return consumer


def _raise_if_refused(error: KafkaError) -> None:
    """Stop whoever polls: the library itself would try the same password again for ever."""
    if error.name() == AUTHENTICATION_FAILED:
        raise KafkaException(error)


def batches(consumer: Consumer, stop: Event) -> Iterator[list[Message]]:
    """Read until told to stop, then leave; raises KafkaException on what will not mend itself."""
    with closing(consumer):
        while not stop.is_set():
            messages = consumer.consume(BATCH_RECORDS, POLL_SECONDS)
            errors = [error for each in messages if (error := each.error()) is not None]
            for error in errors:
                if not error.retriable() and error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise KafkaException(error)
            records = [each for each in messages if each.error() is None]
            if records:
                yield records


class Writer:
    """A confluent-kafka producer that writes down what the broker acknowledged."""

    def __init__(self, login: Login, acknowledged: list[Sighting]) -> None:
        self._login = login
        self._acknowledged = acknowledged
        self._producer = Producer(
            confluent_settings(login)
            | {"acks": "all", "enable.idempotence": True, "error_cb": _raise_if_refused}
        )

    def send(self, topic: str, value: bytes | None, key: bytes | None) -> None:
        """Send a record; it is written down when its acknowledgement comes."""
        self._producer.produce(topic, value=value, key=key, on_delivery=self._note)
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until everything sent is acknowledged; raises DemoError when it is not."""
        left = self._producer.flush(FLUSH_SECONDS)
        if left:
            raise DemoError(f"{left} records of {self._login} were not acknowledged")

    def _note(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            raise KafkaException(error)
        self._acknowledged.append(sighting(self._login, message))


def sighting(login: Login, message: Message) -> Sighting:
    """Write down a record as a confluent-kafka client sees it."""
    key, topic = message.key(), message.topic()
    partition, offset = message.partition(), message.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    return Sighting(
        subject=login.subject,
        client_id=login.client_id,
        topic=topic,
        partition=partition,
        offset=offset,
        key=key.decode() if key is not None else None,
        value_sha256=fingerprint(message.value()),
    )


def login_fails(login: Login, *, seconds: float) -> bool:
    """Try to log in once; tell whether the password was refused."""
    errors: list[KafkaError] = []
    producer = Producer(
        confluent_settings(login)
        # One try: the library would go on with the same wrong password.
        | {"reconnect.backoff.ms": 60_000, "reconnect.backoff.max.ms": 60_000}
        | {"error_cb": errors.append}
    )
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        producer.poll(POLL_SECONDS)
        if any(error.name() == AUTHENTICATION_FAILED for error in errors):
            return True
    return False
