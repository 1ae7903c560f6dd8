"""The sample's log gives offsets and batches as a broker does."""

from __future__ import annotations

from gateway.wire.records.batch import read_header
from gateway.wire.records.decode import control_type, decode_batch
from gateway.wire.records.record import Record
from workbench.sample.cluster import Cluster, as_sent

ORDERS = ("orders", 0)
RECORDS = [Record(0, 1_000, b"k", b"v"), Record(0, 1_001, None, None)]


def test_offsets_follow_each_other() -> None:
    """Whatever offsets the records came with."""
    cluster = Cluster({"orders": 1})
    first, second = cluster.append(ORDERS, RECORDS), cluster.append(ORDERS, RECORDS)

    assert (0, 1, 2, 3) == (
        first.first_offset,
        first.last_offset,
        second.first_offset,
        second.last_offset,
    )
    assert 4 == cluster.end(ORDERS)
    assert list(second.records) == decode_batch(second.content, decompressed_bytes_max=10_000)


def test_what_a_producer_sends_begins_at_0() -> None:
    """The broker gives the offsets."""
    sent = decode_batch(as_sent(RECORDS), decompressed_bytes_max=10_000)

    assert [0, 1] == [record.offset for record in sent]


def test_a_marker_takes_an_offset_and_holds_no_record() -> None:
    """As the end of a transaction does."""
    cluster = Cluster({"orders": 1})
    cluster.append(ORDERS, RECORDS)
    committed = cluster.end_transaction(ORDERS, 7, 1_002, committed=True)
    cluster.end_transaction(ORDERS, 7, 1_003, committed=False)
    *_, commit, abort = cluster.logs[ORDERS]

    assert (2, 4) == (committed, cluster.end(ORDERS))
    assert ("commit", "abort") == (control_type(commit.content), control_type(abort.content))
    assert read_header(commit.content).is_control
    assert () == commit.records


def test_a_fetch_begins_with_the_batch_that_holds_the_offset() -> None:
    """So records below it come along."""
    cluster = Cluster({"orders": 1})
    for _ in range(3):
        cluster.append(ORDERS, RECORDS)

    assert [0, 2] == [batch.first_offset for batch in cluster.fetch(ORDERS, 1, 2)]
    assert [] == cluster.fetch(ORDERS, 6, 2)


def test_a_topic_has_its_partitions() -> None:
    """Numbered from 0."""
    assert [("orders", 0), ("orders", 1)] == Cluster({"orders": 2}).partitions("orders")
