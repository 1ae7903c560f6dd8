"""The breach happens as it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.demo.cast import FORGOTTEN_CLIENT_ID, INTRUDER_CLIENT_ID, STOLEN_ACCOUNT
from workbench.demo.scenario import ORDERS_AFTER, ORDERS_BEFORE, SIGHTINGS_EXPECTED

if TYPE_CHECKING:
    from tests.workbench.demo.conftest import Demo
    from workbench.demo.truth import GroundTruth


def test_all_that_was_announced_happens(truth: GroundTruth) -> None:
    """The progress bar ends at its end, because every record is sent and received."""
    assert SIGHTINGS_EXPECTED == len(truth.sent) + len(truth.received)


def test_every_order_is_paid_and_scored_once(demo: Demo, truth: GroundTruth) -> None:
    """Also the order that bypassed the gateway; the false refund is scored too."""
    orders = ORDERS_BEFORE + ORDERS_AFTER + 1
    keys = [each.key for each in truth.sent if each.topic == demo.topics.payments]

    assert orders == truth.written(demo.topics.orders)
    assert orders == len(set(keys))
    assert orders + 1 == len(keys) == truth.written(demo.topics.scores)


def test_one_record_bypasses_the_gateway(demo: Demo, truth: GroundTruth) -> None:
    """It is written by a job without an account, and a service reads it all the same."""
    (record,) = truth.bypassing

    assert (FORGOTTEN_CLIENT_ID, "", demo.topics.orders) == (
        record.client_id,
        record.subject,
        record.topic,
    )
    assert record.key in {each.key for each in truth.received if each.client_id == "payments-1"}


def test_the_intruder_acts_between_the_services(demo: Demo, truth: GroundTruth) -> None:
    """What was written after the theft is not stolen."""
    stolen = [each for each in truth.received if each.client_id == INTRUDER_CLIENT_ID]

    assert ORDERS_BEFORE == len(stolen)
    assert {(STOLEN_ACCOUNT, demo.topics.payments)} == {
        (each.subject, each.topic) for each in stolen
    }
