"""The normal services: each reads, works and writes in a thread of its own until told to stop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from workbench.demo import payloads
from workbench.demo.cast import FRAUD_SCORING, LEDGER, PAYMENTS
from workbench.demo.clients import (
    HEARTBEAT_MS,
    POLL_SECONDS,
    SESSION_TIMEOUT_MS,
    Writer,
    aiokafka_settings,
    batches,
    group_consumer,
    sighting,
)
from workbench.demo.truth import Sighting, fingerprint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from concurrent.futures import Future

    from aiokafka import ConsumerRecord

    from workbench.demo.cast import Accounts, Login, Topics
    from workbench.demo.truth import GroundTruth


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What everybody on it shares."""

    bootstrap: str
    accounts: Accounts
    topics: Topics
    truth: GroundTruth
    stop: Event = field(default_factory=Event)

    def login(self, subject: str, client_id: str) -> Login:
        """Give a client the credential of an account at the gateway."""
        return self.accounts.login(subject, client_id, self.bootstrap)


@contextmanager
def running_services(stage: Stage) -> Iterator[list[Future[None]]]:
    """Run all services; on leaving, tell them to stop and wait until they have left Kafka."""
    work: list[Callable[[Stage], None]] = [pay_orders, score_payments, keep_ledger]
    with ThreadPoolExecutor(len(work), thread_name_prefix="service") as threads:
        services = [threads.submit(each, stage) for each in work]
        try:
            yield services
        finally:
            stage.stop.set()
    for service in services:
        service.result()


def pay_orders(stage: Stage) -> None:
    """Read orders and write their payments, with confluent-kafka."""
    login = stage.login(PAYMENTS, "payments-1")
    writer = Writer(login, stage.truth.sent)
    consumer = group_consumer(login, stage.topics.group(PAYMENTS), stage.topics.orders)
    for messages in batches(consumer, stage.stop):
        for message in messages:
            stage.truth.received.append(sighting(login, message))
            value = payloads.encode(payloads.payment(payloads.decode(message.value())))
            writer.send(stage.topics.payments, value, message.key())
        writer.flush()
        consumer.commit(asynchronous=False)


def score_payments(stage: Stage) -> None:
    """Read payments and write their scores, with aiokafka."""
    asyncio.run(_score_payments(stage))


def keep_ledger(stage: Stage) -> None:
    """Read payments and book them, with aiokafka."""
    asyncio.run(_keep_ledger(stage))


async def _score_payments(stage: Stage) -> None:
    login = stage.login(FRAUD_SCORING, "fraud-scoring-1")
    async with AIOKafkaProducer(**aiokafka_settings(login), acks="all") as producer:
        async for records in _payments(stage, login):
            values = [payloads.encode(payloads.score(payloads.decode(r.value))) for r in records]
            sends = [
                await producer.send(stage.topics.scores, value, key=record.key)
                for value, record in zip(values, records, strict=True)
            ]
            for place, value, record in zip(
                await asyncio.gather(*sends), values, records, strict=True
            ):
                stage.truth.sent.append(
                    _sighting(login, (*place[:2], place.offset), record.key, value)
                )


async def _keep_ledger(stage: Stage) -> None:
    login = stage.login(LEDGER, "ledger-1")
    async for _ in _payments(stage, login):
        # Booking a payment is no business of Kafka's.
        pass


async def _payments(stage: Stage, login: Login) -> AsyncIterator[list[ConsumerRecord]]:
    """Read the payments in a group until told to stop, and commit what was worked on."""
    consumer = AIOKafkaConsumer(
        stage.topics.payments,
        **aiokafka_settings(login),
        group_id=stage.topics.group(login.subject),
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
    )
    async with consumer:
        while not stage.stop.is_set():
            fetched = await consumer.getmany(timeout_ms=int(POLL_SECONDS * 1000))
            records = [record for part in fetched.values() for record in part]
            for record in records:
                place = (record.topic, record.partition, record.offset)
                stage.truth.received.append(_sighting(login, place, record.key, record.value))
            if records:
                yield records
                await consumer.commit()


def _sighting(
    login: Login, place: tuple[str, int, int], key: bytes | None, value: bytes | None
) -> Sighting:
    """Write down a record as an aiokafka client sees it."""
    topic, partition, offset = place
    return Sighting(
        subject=login.subject,
        client_id=login.client_id,
        topic=topic,
        partition=partition,
        offset=offset,
        key=key.decode() if key is not None else None,
        value_sha256=fingerprint(value),
    )
