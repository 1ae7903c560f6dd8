"""Services leave when they are told to, and what stops one stops the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from confluent_kafka import KafkaException

from workbench.demo.cast import FRAUD_SCORING, PAYMENTS, Accounts, Topics
from workbench.demo.cluster import embedded_broker
from workbench.demo.folder import open_folder
from workbench.demo.gateway import recording_gateway
from workbench.demo.scenario import ORDERS_AFTER, ORDERS_BEFORE
from workbench.demo.services import Stage, running_services
from workbench.demo.topics import create_topics
from workbench.demo.truth import GroundTruth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.workbench.demo.conftest import Demo


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage with its topics, and nobody on it."""
    accounts, folder, topics = Accounts.create(), open_folder(tmp_path / "out"), Topics()
    with (
        embedded_broker(folder.log("broker")) as cluster,
        recording_gateway(cluster, accounts, folder) as bootstrap,
    ):
        stage = Stage(bootstrap=bootstrap, accounts=accounts, topics=topics, truth=GroundTruth())
        create_topics(stage.truth, stage.login(PAYMENTS, "test"), list(topics.services))
        yield stage


def test_services_leave_when_told(stage: Stage) -> None:
    """None is working after the block, and none ended by an error."""
    with running_services(stage) as services:
        assert not any(service.done() for service in services)

    assert [None, None, None] == [service.result(0) for service in services]


def test_the_error_of_a_service_is_raised(stage: Stage) -> None:
    """A service that cannot log in ends the block with its own error."""
    stage.accounts.passwords[PAYMENTS] = "wrong"

    with (
        pytest.raises(KafkaException, match="Authentication"),
        running_services(stage) as services,
    ):
        services[0].exception(60)
    assert all(service.done() for service in services)


def test_services_read_all_and_write_what_they_should(demo: Demo, truth: GroundTruth) -> None:
    """Each service is in its place of the chain from orders to scores."""
    orders = ORDERS_BEFORE + ORDERS_AFTER + 1
    payments = orders + len(truth.injected)

    assert orders == truth.received_by("payments-1", demo.topics.orders)
    assert payments == truth.received_by("fraud-scoring-1", demo.topics.payments)
    assert payments == truth.received_by("ledger-1", demo.topics.payments)
    assert {FRAUD_SCORING} == {
        each.subject for each in truth.sent if each.topic == demo.topics.scores
    }
