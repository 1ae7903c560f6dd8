"""The services of the sample do each minute what shops do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from workbench.sample.cluster import Cluster
from workbench.sample.recorder import Recorder
from workbench.sample.services import (
    ACCOUNTING,
    BILLING,
    FULFILMENT,
    ORDERS_PER_MINUTE,
    SHOP,
    TOPICS,
    Accounting,
    Consumer,
    Shop,
    ship,
)
from workbench.sample.stage import Stage
from workbench.sample.truth import Place

if TYPE_CHECKING:
    from workbench.sample.clients import Client


def new_stage() -> tuple[Stage, Client]:
    """Set a stage on which the shop is connected."""
    stage = Stage(Recorder(), Cluster(dict(TOPICS)))
    return stage, stage.log_in(SHOP)


def test_every_order_is_paid() -> None:
    """As many payments as orders, and clicks now and then."""
    stage, client = new_stage()
    shop = Shop(stage, client)
    shop.tick(0)
    shop.tick(1)
    counts = {
        topic: sum(stage.cluster.end(partition) for partition in stage.cluster.partitions(topic))
        for topic in TOPICS
    }

    assert 2 * ORDERS_PER_MINUTE == counts["orders"] == counts["payments"]
    assert [Place("clicks", 0, offset) for offset in range(3)] == shop.acks_none


def test_a_consumer_gets_each_record_once() -> None:
    """What it was given before it is not given again."""
    stage, client = new_stage()
    shop = Shop(stage, client)
    consumer = Consumer(stage, stage.log_in(BILLING), ("payments",))
    shop.tick(0)
    first = consumer.tick()
    shop.tick(1)

    assert (ORDERS_PER_MINUTE,) * 2 == (len(first), len(consumer.tick()))
    assert [] == consumer.tick()


def test_a_consumer_that_steps_back_is_given_records_again() -> None:
    """The whole batch, though its library shows only what was asked for."""
    stage, client = new_stage()
    Shop(stage, client).tick(0)
    consumer = Consumer(stage, stage.log_in(BILLING), ("payments",))
    consumer.tick()
    before = len(stage.reads)
    consumer.reconnect(back=1)
    shown = consumer.tick()

    assert 2 == len(shown)
    assert ORDERS_PER_MINUTE == len(stage.reads) - before


def test_each_order_is_shipped() -> None:
    """A shipment names its order; without orders nothing is written."""
    stage, client = new_stage()
    Shop(stage, client).tick(0)
    fulfilment = Consumer(stage, stage.log_in(FULFILMENT), ("orders",))
    orders = fulfilment.tick()
    ship(stage, fulfilment.client, orders)
    ship(stage, fulfilment.client, [])
    (batch,) = stage.cluster.logs["shipments", 0]

    assert [json.loads(order.value or b"")["order_id"] for order in orders] == [
        json.loads(record.value or b"")["order_id"] for record in batch.records
    ]


def test_the_fifth_transaction_is_aborted() -> None:
    """Each ends with a marker that takes an offset."""
    stage, _ = new_stage()
    accounting = Accounting(stage, stage.log_in(ACCOUNTING))
    for minute in range(60):
        accounting.tick(minute)

    assert [3, 7, 11, 15, 19] == [place.offset for place in accounting.control]
    assert [(("invoices", 0), 4001, 16)] == stage.aborted
