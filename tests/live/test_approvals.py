"""Held requests of real clients: they come again by themselves, and find the decision."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from gateway.approval.asked import Person
from gateway.approval.state import State
from gateway.approval.vote import Reviewer, Verdict
from gateway.approvals.migrate import open_engine
from gateway.approvals.store import Ballot, Store
from gateway.evidence.event import EventKind
from tests.kafka.clients.aio import Aiokafka
from tests.kafka.clients.confluent import Confluent
from tests.kafka.clients.java import Java
from tests.kafka.distribution import ToolError
from tests.kafka.evidence import Evidence
from tests.kafka.gateway import Options, running_gateway
from tests.kafka.ports import free_ports
from tests.kafka.records import Reading, Sending, numbered
from tests.kafka.truth import DIRECT, create_topic, whole_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kafka.clients.client import Client
    from tests.kafka.cluster import Cluster
    from tests.kafka.gateway import Gateway

WAIT_SECONDS = 30
CLIENTS = [Aiokafka(), Confluent(), Java()]
RULES = """
rules:
  - id: bulk
    effect: hold
    apis: [FETCH, PRODUCE]
    topics: ["*-held"]
    approval: {reviewers: 1, wait_seconds: 1, grant: {kind: time_box, minutes: 5}}
  - id: gone
    effect: hold
    apis: [DELETE_TOPICS]
    topics: ["*-held"]
    approval: {reviewers: 1, wait_seconds: 1}
"""


class Reviewers:
    """Somebody who votes at the table itself, as at another gateway."""

    def __init__(self, database: str) -> None:
        self._database = database

    def approve(self, api: str) -> str:
        """Wait for the next request of an API, let some tries of it pass, and approve it."""
        return asyncio.run(self._approve(api))

    async def _approve(self, api: str) -> str:
        store = Store(open_engine(self._database))
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not (row := await self._pending(store, api)):
                    await asyncio.sleep(0.1)
                # The first try is answered that nobody has decided.
                await asyncio.sleep(2)
            ballot = Ballot(request_id=row["id"], digest=row["digest"], verdict=Verdict.APPROVE)
            person = Person(issuer="https://id.example", subject="ben")
            await store.vote(ballot, Reviewer(person=person), time.time_ns())
            return str(row["id"])
        finally:
            await store.close()

    async def _pending(self, store: Store, api: str) -> dict[str, Any] | None:
        rows = await store.listed([State.PENDING])
        return next((row for row in rows if row["api"] == api), None)


@pytest.fixture
def reviewers(tmp_path: Path) -> Reviewers:
    """Somebody who votes."""
    return Reviewers(f"sqlite:///{tmp_path / 'approvals.db'}")


@pytest.fixture
def holding(kafka: Cluster, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway that holds what is about topics whose names end in held."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "rules.yaml").write_text(RULES)
    section = {
        "port": free_ports(1),
        "database": f"sqlite:///{tmp_path / 'approvals.db'}",
        "reviewers": {
            "issuer": "https://id.example",
            "audience": "approvals",
            "jwks": "https://id.example/jwks",
            "reviewer_groups": ["security"],
        },
    }
    more = {"policy": str(tmp_path / "policy"), "approvals": section}
    with running_gateway(tmp_path / "gateway", kafka, Options(access=more)) as gateway:
        yield gateway


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_held_consumer_gets_its_records_once_they_are_approved(
    client: Client, holding: Gateway, reviewers: Reviewers, kafka: Cluster, prefix: str
) -> None:
    """It sees no error that it would not get over by itself."""
    topic = f"{prefix}-held"
    create_topic(kafka.bootstrap, topic)
    DIRECT.produce(kafka.bootstrap, topic, numbered(5), Sending())

    with ThreadPoolExecutor() as pool:
        reading = pool.submit(
            client.consume, holding.bootstrap, topic, Reading(count=5, start={0: 0})
        )
        reviewers.approve("FETCH")
        read = reading.result(WAIT_SECONDS)

    assert sorted(record.value or b"" for record in read) == sorted(
        record.value or b"" for record in whole_log(kafka.bootstrap, topic)
    )


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_held_producer_gets_through_once_it_is_approved(
    client: Client, holding: Gateway, reviewers: Reviewers, kafka: Cluster, prefix: str
) -> None:
    """Each record once, in its order."""
    topic = f"{prefix}-held"
    create_topic(kafka.bootstrap, topic)

    with ThreadPoolExecutor() as pool:
        sending = pool.submit(client.produce, holding.bootstrap, topic, numbered(5), Sending())
        reviewers.approve("PRODUCE")
        sending.result(WAIT_SECONDS)

    assert [record.value for record in numbered(5)] == [
        record.value for record in whole_log(kafka.bootstrap, topic)
    ]


def test_an_administrator_reads_the_id_and_comes_again(
    holding: Gateway, reviewers: Reviewers, kafka: Cluster, prefix: str
) -> None:
    """The second try finds the decision, and the evidence tells all of it."""
    topic = f"{prefix}-held"
    create_topic(kafka.bootstrap, topic)
    with pytest.raises(ToolError, match=r"Waiting for approval [0-9a-f]{24}"):
        Java().delete_topic(holding.bootstrap, topic)
    request_id = reviewers.approve("DELETE_TOPICS")
    Java().delete_topic(holding.bootstrap, topic)
    holding.stop()

    evidence = Evidence(holding.archive)
    exchanges = evidence.tables.exchanges.filter(pl.col("api") == "DELETE_TOPICS").collect()

    assert ["hold", "hold"] == exchanges["decision"].to_list()
    assert [44, 0] == exchanges["error_code"].to_list()
    assert 2 == evidence.kinds()[EventKind.APPROVAL], "asked and consumed; the vote was elsewhere"
    assert [] == evidence.faults()
    assert request_id
