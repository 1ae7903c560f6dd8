"""The stage keeps the truth: who was given what, masked or not, hidden or not."""

from __future__ import annotations

from gateway.evidence.event import EventKind
from gateway.wire.records.decode import decode_batch
from gateway.wire.records.record import Record
from workbench.sample.cluster import Cluster
from workbench.sample.recorder import Recorder
from workbench.sample.services import ANALYTICS, BILLING, REPORTING
from workbench.sample.stage import Stage, principal
from workbench.sample.truth import Place

PAYMENTS = ("payments", 0)
CARD = Record(0, 0, b"k", b'{"card_number":"4111111111111111"}')


def stage_with_payments() -> Stage:
    """Set a stage with two payments in one batch."""
    stage = Stage(Recorder(), Cluster({"payments": 1}))
    stage.cluster.append(PAYMENTS, [CARD, CARD])
    return stage


def test_what_a_client_was_given_is_kept() -> None:
    """Also what lies below the offset that it asked for."""
    stage = stage_with_payments()
    client = stage.log_in(BILLING)
    stage.fetch(client, {PAYMENTS: 1})

    assert [(0, True), (1, False)] == [
        (read.place.offset, read.is_below_requested) for read in stage.reads
    ]
    assert {principal("billing")} == {read.principal for read in stage.reads}


def test_analytics_is_given_masked_cards() -> None:
    """In the bytes, in the event, and in the truth."""
    stage = stage_with_payments()
    client = stage.log_in(ANALYTICS)
    stage.fetch(client, {PAYMENTS: 0})
    (delivered,) = [
        row.event for row in stage.recorder.rows if row.event.kind is EventKind.DELIVERED
    ]
    assert delivered.payload is not None
    records = decode_batch(delivered.payload, decompressed_bytes_max=10_000)

    assert [b'{"card_number":"************1111"}'] * 2 == [record.value for record in records]
    assert [("card_number", 2)] == [(each.field, each.count) for each in delivered.masked]
    assert {("card_number",)} == {read.masked for read in stage.reads}


def test_aborted_records_are_told_to_readers_of_committed_ones_only() -> None:
    """Others are not told, and take them for real."""
    stage = stage_with_payments()
    stage.cluster.append(PAYMENTS, [CARD], is_aborted=True)
    stage.aborted.append((PAYMENTS, 7, 2))
    client = stage.log_in(REPORTING)
    stage.fetch(client, {PAYMENTS: 2}, isolation_level=1)
    stage.fetch(client, {PAYMENTS: 2})

    assert [(Place("payments", 0, 2), True), (Place("payments", 0, 2), False)] == [
        (read.place, read.is_aborted) for read in stage.reads
    ]


def test_every_connection_has_its_own_session_and_port() -> None:
    """Two of one program can be told apart."""
    stage = stage_with_payments()
    first, second = stage.log_in(BILLING), stage.log_in(BILLING)

    assert first.session != second.session
    assert first.peer != second.peer
