"""The demo's clients note what their libraries tell them, and give up when these do."""

from __future__ import annotations

import logging
import secrets
from threading import Event
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import KafkaException

from workbench.demo.cast import ORDERS, PAYMENTS, Accounts, Login
from workbench.demo.clients import (
    LOGGER,
    Writer,
    batches,
    group_consumer,
    logging_to,
    login_fails,
    sighting,
)
from workbench.demo.cluster import embedded_broker
from workbench.demo.errors import DemoError
from workbench.demo.folder import open_folder
from workbench.demo.gateway import recording_gateway
from workbench.demo.processes import LOOPBACK, free_ports
from workbench.demo.topics import create_topics
from workbench.demo.truth import GroundTruth, Sighting, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def accounts() -> Accounts:
    """The passwords of this module's gateway."""
    return Accounts.create()


@pytest.fixture(scope="module")
def bootstrap(accounts: Accounts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway in front of an embedded broker."""
    folder = open_folder(tmp_path_factory.mktemp("clients") / "out")
    with (
        embedded_broker(folder.log("broker")) as cluster,
        recording_gateway(cluster, accounts, folder) as address,
    ):
        yield address


@pytest.fixture
def topic(bootstrap: str, accounts: Accounts) -> str:
    """A topic of the test's own."""
    name = f"t{secrets.token_hex(4)}"
    create_topics(GroundTruth(), accounts.login(ORDERS, "orders-1", bootstrap), [name])
    return name


def test_what_is_sent_is_noted_with_its_place(
    bootstrap: str, accounts: Accounts, topic: str
) -> None:
    """The place is the one that the broker acknowledged, and the reader finds it there."""
    sent: list[Sighting] = []
    writer = Writer(accounts.login(ORDERS, "orders-1", bootstrap), sent)
    for number in range(20):
        writer.send(topic, b"value %d" % number, b"key %d" % number)
    writer.flush()
    reader = accounts.login(PAYMENTS, "payments-1", bootstrap)
    received: list[Sighting] = []
    stop = Event()
    for messages in batches(group_consumer(reader, topic, topic), stop):
        received += [sighting(reader, message) for message in messages]
        if len(received) == len(sent):
            stop.set()

    assert {fingerprint(b"value %d" % number) for number in range(20)} == {
        each.value_sha256 for each in sent
    }
    assert {(ORDERS, "orders-1")} == {(each.subject, each.client_id) for each in sent}
    assert {(PAYMENTS, "payments-1")} == {(each.subject, each.client_id) for each in received}
    assert sorted((e.partition, e.offset, e.key or "", e.value_sha256) for e in sent) == sorted(
        (e.partition, e.offset, e.key or "", e.value_sha256) for e in received
    )


def test_a_wrong_password_is_told_from_a_right_one(bootstrap: str, accounts: Accounts) -> None:
    """One try each."""
    right = accounts.login(ORDERS, "rdkafka", bootstrap)
    wrong = Login(
        bootstrap=bootstrap, client_id="rdkafka", subject=ORDERS, password=secrets.token_hex()
    )

    assert login_fails(wrong, seconds=20)
    assert not login_fails(right, seconds=1)


def test_a_consumer_that_cannot_log_in_gives_up(bootstrap: str, topic: str) -> None:
    """A service must not wait for ever for what will not come."""
    login = Login(
        bootstrap=bootstrap, client_id="x", subject=PAYMENTS, password=secrets.token_hex()
    )

    with pytest.raises(KafkaException, match="Authentication"):
        list(batches(group_consumer(login, topic, topic), Event()))


def test_records_that_nobody_takes_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent and not acknowledged must not be taken for written."""
    monkeypatch.setattr("workbench.demo.clients.FLUSH_SECONDS", 0.5)
    nowhere = Login(bootstrap=f"{LOOPBACK}:{free_ports(1)}", client_id="x")
    writer = Writer(nowhere, [])
    writer.send("topic", b"value", None)

    with pytest.raises(DemoError, match=r"1 records of .* were not acknowledged"):
        writer.flush()


def test_what_libraries_log_goes_into_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing of it stands between the progress bars, and afterwards all is as before."""
    before = list(logging.getLogger(LOGGER).handlers)
    with logging_to(tmp_path / "clients.log"):
        logging.getLogger(LOGGER).warning("a broker went away")
        logging.getLogger("aiokafka.conn").warning("another too")

    assert (tmp_path / "clients.log").read_text() == "a broker went away\nanother too\n"
    assert capsys.readouterr().err == ""
    assert before == logging.getLogger(LOGGER).handlers
