"""What the sample's messages say fits what they carry."""

from __future__ import annotations

import json

from gateway.evidence.event import Masked
from gateway.wire.records.record import Record
from workbench.sample.cluster import Cluster
from workbench.sample.messages import (
    Delivery,
    commit_exchange,
    delivered_columns,
    fetch_request,
    place_columns,
)
from workbench.sample.recorder import to_json

ORDERS = ("orders", 1)


def delivery(masked: tuple[Masked, ...] = (), isolation_level: int = 0) -> Delivery:
    """Deliver two batches of two records from the second record on."""
    cluster = Cluster({"orders": 2})
    for _ in range(2):
        cluster.append(ORDERS, [Record(0, 0, None, b"{}")] * 2)
    return Delivery(
        partition=ORDERS,
        requested_offset=1,
        batches=cluster.fetch(ORDERS, 0, 2),
        high_watermark=4,
        masked=masked,
        isolation_level=isolation_level,
    )


def test_a_delivery_counts_its_batches() -> None:
    """Offsets, records and bytes are those of what is delivered, not of what was asked for."""
    columns = delivered_columns(delivery())
    visibility = json.loads(str(columns["detail"]))

    assert (0, 3, 4, 1) == tuple(
        columns[name]
        for name in ("first_offset", "last_offset", "record_count", "requested_offset")
    )
    assert 4 == visibility["high_watermark"]
    assert "masked" not in columns


def test_a_masked_delivery_says_by_which_rule() -> None:
    """And how often."""
    columns = delivered_columns(delivery(masked=(Masked("card_number", "partial", 4),)))

    assert ("mask", ("mask-cards",)) == (columns["decision"], columns["rule_ids"])


def test_a_fetch_asks_for_each_partition() -> None:
    """With the strictest isolation level among them."""
    request = fetch_request([delivery(), delivery(isolation_level=1)])

    assert 1 == request["isolation_level"]
    assert [
        {
            "topic": "orders",
            "partitions": [{"partition": 1, "fetch_offset": 1, "partition_max_bytes": 1_048_576}],
        }
    ] * 2 == request["topics"]


def test_a_commit_names_each_partition_in_both_directions() -> None:
    """What was asked is what is answered."""
    request, answer = commit_exchange("g", "m", {ORDERS: 4})
    asked, answered = json.loads(to_json(request)), json.loads(to_json(answer))
    named = [
        [(topic["name"], topic["partitions"][0]["partition_index"]) for topic in body["topics"]]
        for body in (asked, answered)
    ]

    assert {"topic": "orders", "partition": 1} == place_columns(ORDERS)
    assert [[("orders", 1)]] * 2 == named
    assert "g" == asked["group_id"]
