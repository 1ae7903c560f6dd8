"""Topics are made and deleted, and the ground truth knows how that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from confluent_kafka import KafkaException

from workbench.demo.cast import Login
from workbench.demo.cluster import embedded_broker
from workbench.demo.topics import create_topics, delete_topics
from workbench.demo.truth import GroundTruth, Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def login(tmp_path: Path) -> Iterator[Login]:
    """A client at an embedded broker."""
    with embedded_broker(tmp_path / "broker.log") as cluster:
        yield Login(bootstrap=cluster.bootstrap, client_id="admin-cli")


def asked(api: str, *topics: str, is_refused: bool = False) -> Request:
    """Write down what the client asked for."""
    return Request(subject="", client_id="admin-cli", api=api, topics=topics, is_refused=is_refused)


def test_what_was_asked_for_is_noted(login: Login) -> None:
    """One request for several topics is one fact, whatever their order."""
    truth = GroundTruth()
    create_topics(truth, login, ["b", "a"])
    delete_topics(truth, login, ["a"])

    assert [asked("CREATE_TOPICS", "a", "b"), asked("DELETE_TOPICS", "a")] == truth.requests


def test_a_refusal_is_noted_and_raised(login: Login) -> None:
    """The caller decides whether it was expected."""
    truth = GroundTruth()

    with pytest.raises(KafkaException, match="Unknown topic"):
        delete_topics(truth, login, ["nothing"])
    assert [asked("DELETE_TOPICS", "nothing", is_refused=True)] == truth.requests
