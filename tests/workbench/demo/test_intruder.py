"""The intruder does what breaches are made of, and what is refused stays undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.demo.cast import INTRUDER_CLIENT_ID
from workbench.demo.intruder import GUESSED_ACCOUNTS

if TYPE_CHECKING:
    from tests.workbench.demo.conftest import Demo
    from workbench.demo.truth import GroundTruth


def test_passwords_are_guessed_in_vain(truth: GroundTruth) -> None:
    """Each name is tried once, one that exists among them."""
    assert list(GUESSED_ACCOUNTS) == truth.failed_logins


def test_everything_stolen_is_written_elsewhere(demo: Demo, truth: GroundTruth) -> None:
    """Key and value are copied as they are, which proves the copy later."""
    stolen = [each for each in truth.received if each.client_id == INTRUDER_CLIENT_ID]
    copied = [each for each in truth.sent if each.topic == demo.topics.drop]

    assert sorted((each.key or "", each.value_sha256) for each in stolen) == sorted(
        (each.key or "", each.value_sha256) for each in copied
    )


def test_services_take_the_false_refund_for_real(demo: Demo, truth: GroundTruth) -> None:
    """It is one record among the payments, and both readers of payments get it."""
    (refund,) = truth.injected
    readers = {
        each.client_id
        for each in truth.received
        if (each.topic, each.partition, each.offset)
        == (refund.topic, refund.partition, refund.offset)
    }

    assert demo.topics.payments == refund.topic
    assert {"fraud-scoring-1", "ledger-1"} == readers


def test_the_tracks_stay(demo: Demo, truth: GroundTruth) -> None:
    """Making a topic is allowed, deleting one is not."""
    asked = [
        (each.api, each.topics, each.is_refused)
        for each in truth.requests
        if each.client_id == INTRUDER_CLIENT_ID
    ]

    assert [
        ("CREATE_TOPICS", (demo.topics.drop,), False),
        ("DELETE_TOPICS", (demo.topics.payments,), True),
    ] == asked
