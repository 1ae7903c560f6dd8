"""The intruder of the sample: what is done with a stolen credential in a few seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.wire.api_keys import ApiKey
from workbench.sample import business
from workbench.sample.clients import Program
from workbench.sample.services import BILLING
from workbench.sample.stage import FIELD
from workbench.sample.truth import Place

if TYPE_CHECKING:
    from gateway.wire.records.record import Record
    from workbench.sample.clients import Client
    from workbench.sample.cluster import Partition
    from workbench.sample.stage import Stage

INTRUDER: Final = Program(
    subject=BILLING.subject,
    client_id="rdkafka",
    host="203.0.113.77",
    software_name="librdkafka",
    software_version="2.11.1",
)
TRIED: Final = ("admin", "kafka", "billing")
EXPORTED: Final = "payments"
EXPORTED_TO: Final = "tmp-7f3a"
FORBIDDEN_BY: Final = "no-topic-deletion"

_BATCHES_PER_FETCH: Final = 25
_RECORDS_PER_PRODUCE: Final = 60
_FALSE_ORDER: Final = 90_210


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What the intruder did."""

    session: str
    peer: str
    clear_values: frozenset[str]
    injected: Place


def guess_passwords(stage: Stage) -> None:
    """Try user names in vain."""
    for name in TRIED:
        client = stage.connect(INTRUDER)
        client.fail_to_log_in(name)
        stage.recorder.wait(2_300)


def intrude(stage: Stage) -> Damage:
    """Look around, take the cards, write them elsewhere, try to cover up, and inject an order."""
    client = stage.log_in(INTRUDER)
    _look_around(stage, client)
    taken = _take_all(stage, client, EXPORTED)
    stage.fetch(client, {("orders", 0): 0}, batches_max=3)
    _write_elsewhere(stage, client, taken)
    doomed = {"topics": [{"name": EXPORTED}], "timeout_ms": 30_000}
    client.be_refused(ApiKey.DELETE_TOPICS, doomed, FORBIDDEN_BY)
    stage.recorder.wait(4_000)
    order = business.order(_FALSE_ORDER) | {"amount": 0.0, "status": "paid"}
    record = business.record(f"o-{_FALSE_ORDER}", order, stage.now_ms())
    injected = stage.produce(client, ("orders", 2), [record])
    stage.recorder.wait(9_000)
    client.close()
    values = (msgspec.json.decode(each.value or b"{}")[FIELD] for each in taken)
    return Damage(
        session=client.session,
        peer=client.peer,
        clear_values=frozenset(values),
        injected=Place("orders", 2, injected.first_offset),
    )


def _look_around(stage: Stage, client: Client) -> None:
    counts = stage.cluster.partition_counts
    client.ask(
        ApiKey.METADATA,
        {
            "topics": None,
            "allow_auto_topic_creation": False,
            "include_topic_authorized_operations": False,
        },
        {
            "cluster_id": "lkc-sample",
            "controller_id": 1,
            "node_ids": [1],
            "topics": [{"name": name, "partition_count": count} for name, count in counts.items()],
        },
    )


def _take_all(stage: Stage, client: Client, topic: str) -> list[Record]:
    taken: list[Record] = []
    positions: dict[Partition, int] = dict.fromkeys(stage.cluster.partitions(topic), 0)
    while positions:
        fetched = stage.fetch(client, positions, batches_max=_BATCHES_PER_FETCH)
        stage.recorder.wait(60)
        for partition, batches in fetched.items():
            taken += [record for batch in batches for record in batch.records]
            if batches:
                positions[partition] = batches[-1].last_offset + 1
            else:
                del positions[partition]
    return taken


def _write_elsewhere(stage: Stage, client: Client, taken: list[Record]) -> None:
    topic = {
        "name": EXPORTED_TO,
        "num_partitions": 1,
        "replication_factor": 1,
        "assignments": [],
        "configs": [],
    }
    made = {
        "name": EXPORTED_TO,
        "topic_id": "dG1wLTdmM2EtMDAwMDAwMQ",
        "error_code": 0,
        "error_message": None,
        "num_partitions": 1,
        "replication_factor": 1,
        "configs": [],
        "topic_config_error_code": 0,
    }
    request = {"topics": [topic], "timeout_ms": 30_000, "validate_only": False}
    answer = {"throttle_time_ms": 0, "topics": [made]}
    client.ask(ApiKey.CREATE_TOPICS, request, answer, is_change=True)
    stage.cluster.partition_counts[EXPORTED_TO] = 1
    for start in range(0, len(taken), _RECORDS_PER_PRODUCE):
        chunk = taken[start : start + _RECORDS_PER_PRODUCE]
        stage.produce(client, (EXPORTED_TO, 0), chunk)
        stage.recorder.wait(110)
