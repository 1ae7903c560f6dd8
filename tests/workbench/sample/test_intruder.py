"""The intruder takes every card there is, and leaves a false order."""

from __future__ import annotations

import json

from gateway.evidence.event import EventKind
from workbench.sample.cluster import Cluster
from workbench.sample.intruder import EXPORTED_TO, TRIED, guess_passwords, intrude
from workbench.sample.recorder import Recorder
from workbench.sample.services import SHOP, TOPICS, Shop
from workbench.sample.stage import Stage


def stage_of_three_minutes() -> Stage:
    """Set a stage on which a shop has been at work."""
    stage = Stage(Recorder(), Cluster(dict(TOPICS)))
    shop = Shop(stage, stage.log_in(SHOP))
    for minute in range(3):
        shop.tick(minute)
    return stage


def test_every_card_is_taken_and_written_again() -> None:
    """Each payment once, with the same content."""
    stage = stage_of_three_minutes()
    damage = intrude(stage)
    payments = [
        record.value
        for partition in stage.cluster.partitions("payments")
        for batch in stage.cluster.logs[partition]
        for record in batch.records
    ]
    copies = [
        record.value for batch in stage.cluster.logs[EXPORTED_TO, 0] for record in batch.records
    ]

    assert sorted(filter(None, payments)) == sorted(filter(None, copies))
    assert {json.loads(value or b"")["card_number"] for value in payments} == damage.clear_values


def test_the_false_order_lies_where_the_truth_says() -> None:
    """Paid, and for nothing."""
    stage = stage_of_three_minutes()
    place = intrude(stage).injected
    (batch,) = stage.cluster.fetch((place.topic, place.partition), place.offset, 1)
    order = json.loads(batch.records[0].value or b"")

    assert ("paid", 0.0) == (order["status"], order["amount"])


def test_each_guess_is_a_connection_of_its_own() -> None:
    """It ends with the wrong password."""
    stage = stage_of_three_minutes()
    guess_passwords(stage)
    rejected = [
        json.loads(row.event.detail or "")["claimed"]
        for row in stage.recorder.rows
        if row.event.kind is EventKind.SESSION_REJECTED
    ]

    assert list(TRIED) == rejected
