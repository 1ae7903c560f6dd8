"""The intruder: a stolen service credential, another client, and what is done with it."""

from __future__ import annotations

import secrets
from contextlib import closing
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from workbench.demo import payloads
from workbench.demo.cast import ADMINISTRATOR, INTRUDER_CLIENT_ID, STOLEN_ACCOUNT, Login
from workbench.demo.clients import (
    BATCH_RECORDS,
    POLL_SECONDS,
    Writer,
    confluent_settings,
    login_fails,
    sighting,
)
from workbench.demo.errors import DemoError
from workbench.demo.topics import REQUEST_SECONDS, create_topics, delete_topics

if TYPE_CHECKING:
    from confluent_kafka import Message

    from workbench.demo.services import Stage
    from workbench.demo.truth import Sighting

# Names that are tried everywhere; one of them exists.
GUESSED_ACCOUNTS = ("admin", ADMINISTRATOR, "kafka")
GUESS_SECONDS = 10.0


def guess_passwords(stage: Stage) -> None:
    """Try to log in under names that often exist; every try fails."""
    for name in GUESSED_ACCOUNTS:
        login = Login(
            bootstrap=stage.bootstrap,
            client_id=INTRUDER_CLIENT_ID,
            subject=name,
            password=secrets.token_urlsafe(6),
        )
        if not login_fails(login, seconds=GUESS_SECONDS):
            raise DemoError(f"the gateway did not refuse a wrong password for {name}")
        stage.truth.failed_logins.append(name)


def steal_payments(stage: Stage) -> None:
    """List the topics, read every payment from the beginning, and write all to a drop topic."""
    login = stage.login(STOLEN_ACCOUNT, INTRUDER_CLIENT_ID)
    stolen = _read_everything(stage, login)
    create_topics(stage.truth, login, [stage.topics.drop])
    writer = Writer(login, stage.truth.sent)
    for message in stolen:
        writer.send(stage.topics.drop, message.value(), message.key())
    writer.flush()


def inject_refund(stage: Stage) -> None:
    """Write a refund that nobody asked for among the payments."""
    login = stage.login(STOLEN_ACCOUNT, INTRUDER_CLIENT_ID)
    acknowledged: list[Sighting] = []
    writer = Writer(login, acknowledged)
    refund = payloads.fake_refund()
    writer.send(stage.topics.payments, payloads.encode(refund), payloads.key(refund))
    writer.flush()
    stage.truth.sent.extend(acknowledged)
    stage.truth.injected.extend(acknowledged)


def cover_tracks(stage: Stage) -> None:
    """Try to delete the payments; a rule of the gateway refuses it."""
    login = stage.login(STOLEN_ACCOUNT, INTRUDER_CLIENT_ID)
    try:
        delete_topics(stage.truth, login, [stage.topics.payments])
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_AUTHORIZATION_FAILED:
            raise
    else:
        raise DemoError("the gateway let the payments be deleted, against its rule")


def _read_everything(stage: Stage, login: Login) -> list[Message]:
    """Read one topic from offset 0 to its end, outside every group."""
    settings = confluent_settings(login) | {
        "group.id": "unused",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
    }
    topic = stage.topics.payments
    messages: list[Message] = []
    with closing(Consumer(settings)) as consumer:
        unread = set(consumer.list_topics(timeout=REQUEST_SECONDS).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, number, 0) for number in unread])
        while unread:
            for message in consumer.consume(BATCH_RECORDS, POLL_SECONDS):
                error = message.error()
                if error is None:
                    messages.append(message)
                    stage.truth.received.append(sighting(login, message))
                elif error.name() == "_PARTITION_EOF":
                    unread.discard(message.partition())
                else:
                    raise KafkaException(error)
    return messages
