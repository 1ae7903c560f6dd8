"""Payloads are measured by their batch headers."""

from __future__ import annotations

from gateway.apis.payload import Measured, delivered_row, measure
from gateway.apis.topics import TopicDirectory, reference
from gateway.evidence.event import Event, EventKind, Extent
from tests.gateway.session.conversation import batch


def test_whole_batches_give_offsets_and_counts() -> None:
    """From the first batch's first to the last batch's last offset."""
    first, second = batch(10, 3), batch(20, 2)

    assert Measured(
        extents=(Extent(10, 12, 3, len(first)), Extent(20, 21, 2, len(second))),
        first_offset=10,
        last_offset=21,
        record_count=5,
    ) == measure(memoryview(first + second))


def test_a_cut_tail_counts_as_bytes_only() -> None:
    """Records that did not come whole were not delivered."""
    whole, cut = batch(10, 3), batch(13, 9)[:50]
    measured = measure(memoryview(whole + cut))

    assert Extent(None, None, 0, 50) == measured.extents[-1]
    assert (10, 12, 3) == (measured.first_offset, measured.last_offset, measured.record_count)


def test_extents_fill_the_payload() -> None:
    """Whatever the bytes are, none is left out."""
    for payload in (b"", b"x", batch(0, 1)[:30], batch(0, 1) + b"\0" * 100, b"\xff" * 200):
        measured = measure(memoryview(payload))

        assert len(payload) == sum(extent.byte_count for extent in measured.extents)


def test_nonsense_is_one_extent_without_offsets() -> None:
    """It is kept, not judged."""
    assert Measured(
        extents=(Extent(None, None, 0, 100),),
        first_offset=None,
        last_offset=None,
        record_count=0,
    ) == measure(memoryview(b"\0" * 100))


def test_offsets_beyond_kafkas_own_are_nonsense() -> None:
    """A client may write any base offset; the row must still fit a segment."""
    last, beyond = batch(2**63 - 3, 3), batch(2**63 - 2, 3)
    measured = measure(memoryview(last + beyond))

    assert (Extent(2**63 - 3, 2**63 - 1, 3, len(last)), Extent(None, None, 0, len(beyond))) == (
        measured.extents
    )
    assert (2**63 - 3, 2**63 - 1, 3) == (
        measured.first_offset,
        measured.last_offset,
        measured.record_count,
    )


def test_a_delivery_is_its_template_with_the_partition_and_its_bytes() -> None:
    """Whoever it is made for: offsets and counts are those of the bytes."""
    template = Event(kind=EventKind.EXCHANGE, wall_ns=1, monotonic_ns=2, session="s", exchange=4)
    records = memoryview(batch(10, 3))
    named = reference({"topic": "orders"}, TopicDirectory())
    partition = {"partition_index": 2, "error_code": 0, "records": records}

    assert Event(
        kind=EventKind.DELIVERED,
        wall_ns=1,
        monotonic_ns=2,
        session="s",
        exchange=4,
        topic="orders",
        partition=2,
        requested_offset=9,
        first_offset=10,
        last_offset=12,
        record_count=3,
        byte_count=len(records),
        error_code=0,
        detail='{"seen":true}',
        extents=(Extent(10, 12, 3, len(records)),),
        payload=records,
    ) == delivered_row(template, named, partition, {"seen": True}, 9)
