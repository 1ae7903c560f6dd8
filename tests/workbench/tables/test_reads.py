"""The table of reads."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.event import Masked
from gateway.wire.api_keys import ApiKey
from gateway.wire.records.encode import BatchOptions, encode_batch
from gateway.wire.records.record import Record
from tests.workbench.archive.recording import (
    TIMESTAMP_MS,
    Client,
    Place,
    Recording,
    at,
    batch,
    control,
    opened,
    segment_files,
    spoil,
)
from workbench.archive import open_archive
from workbench.tables import reads
from workbench.tables.schemas import READS

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Client(session="s1")
BOB = Client(session="s2", subject="bob")
READ_COMMITTED = {"isolation_level": 1, "aborted": [{"producer_id": 5, "first_offset": 0}]}


def test_a_read_is_one_record_delivered_once(tmp_path: Path) -> None:
    """A row says who was given which record, when, and where it stands."""
    stored = batch(b"one", first=7)
    recording = Recording()
    recording.deliver(ALICE, Place(first=7), stored, masked=(Masked("card", "redact", 1),))

    frame = opened(tmp_path, recording).reads.collect()

    assert [
        {
            "origin": "gw",
            "sequence": 0,
            "session": "s1",
            "exchange": 0,
            "delivered_at": at(0),
            "principal": "alice@idp",
            "issuer": "idp",
            "subject": "alice",
            "client_id": "s1-client",
            "peer": "10.0.0.7:40000",
            "topic": "orders",
            "topic_id": None,
            "partition": 0,
            "offset": 7,
            "timestamp": datetime.fromtimestamp(TIMESTAMP_MS / 1000, UTC),
            "proof_level": "L2",
            "is_below_requested": False,
            "is_aborted": False,
            "is_inferred": False,
            "masked": ["card"],
            "batch": hashlib.sha256(stored).digest(),
            "position": 0,
        }
    ] == frame.to_dicts()
    assert READS.schema == frame.schema


def test_each_delivery_of_a_record_is_a_read(tmp_path: Path) -> None:
    """Who reads twice has two rows, and so has everybody else, also in later segments."""
    recording = Recording()
    for client in (ALICE, BOB, ALICE):
        recording.deliver(client, Place(), batch(b"one", b"two"))
        recording.end_segment()

    frame = opened(tmp_path, recording).reads.sort("sequence", "offset").collect()

    expected = [(subject, offset) for subject in ("alice", "bob", "alice") for offset in (0, 1)]
    assert expected == frame.select("subject", "offset").rows()


def test_records_below_the_requested_offset_are_reads_and_marked(tmp_path: Path) -> None:
    """Brokers send whole batches: what comes before the offset reached the client too."""
    recording = Recording()
    recording.deliver(ALICE, Place(first=5), batch(b"a", b"b", b"c", first=4))

    frame = opened(tmp_path, recording).reads.sort("offset").collect()

    expected = [(4, True), (5, False), (6, False)]
    assert expected == frame.select("offset", "is_below_requested").rows()


def test_gaps_that_compaction_left_are_no_reads(tmp_path: Path) -> None:
    """Offsets come from the records, not from the range of their batch."""
    recording = Recording()
    stored = encode_batch([Record(offset, TIMESTAMP_MS, b"k", b"v") for offset in (3, 7, 20)])
    recording.deliver(ALICE, Place(first=3), stored)

    assert [3, 7, 20] == opened(tmp_path, recording).reads.collect()["offset"].sort().to_list()


def test_records_of_an_aborted_transaction_are_marked(tmp_path: Path) -> None:
    """A read_committed consumer hides them; the bytes reached it all the same."""
    options = BatchOptions(producer_id=5, is_transactional=True)
    recording = Recording()
    recording.deliver(
        ALICE,
        Place(),
        batch(b"a", options=options),
        control(1, 5, is_abort=True),
        batch(b"b", first=2, options=options),
        visibility=READ_COMMITTED,
    )

    frame = opened(tmp_path, recording).reads.sort("offset").collect()

    assert [(0, True), (2, False)] == frame.select("offset", "is_aborted").rows()


def test_deliveries_to_a_share_group_are_reads(tmp_path: Path) -> None:
    """Nobody asked for an offset, so nothing is below it."""
    recording = Recording()
    detail = {"group_id": "workers", "acquired": []}
    recording.deliver(
        ALICE,
        Place(),
        batch(b"a"),
        via=ApiKey.SHARE_FETCH,
        visibility=detail,
        requested_offset=None,
    )

    frame = opened(tmp_path, recording).reads.collect()

    assert [(0, False)] == frame.select("offset", "is_below_requested").rows()


def test_a_batch_that_cannot_be_read_is_inferred_from_its_range(tmp_path: Path) -> None:
    """Exposure does not vanish with a wrong checksum: each offset of the batch is a read."""
    stored = bytearray(batch(b"a", b"b", first=5))
    stored[-1] ^= 1
    recording = Recording()
    recording.deliver(ALICE, Place(first=6), bytes(stored))

    frame = opened(tmp_path, recording).reads.sort("offset").collect()

    columns = ["offset", "is_inferred", "is_below_requested", "timestamp", "position"]
    assert [(5, True, True, None, None), (6, True, False, None, None)] == frame.select(
        columns
    ).rows()


@pytest.mark.parametrize("length", [3, 2])
def test_a_range_beyond_the_limit_stands_in_the_gaps_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    """A batch that claims a huge range makes no huge table; its row of gaps has the range."""
    monkeypatch.setattr(reads, "INFERRED_OFFSETS_MAX", 2)
    stored = bytearray(batch(*[b"v"] * length, first=5))
    stored[-1] ^= 1
    recording = Recording()
    recording.deliver(ALICE, Place(), bytes(stored))

    archive = opened(tmp_path, recording)

    expected = [] if length > 2 else [5, 6]
    assert expected == archive.reads.collect()["offset"].to_list()
    assert [(5, 4 + length)] == archive.gaps.select("first_offset", "last_offset").collect().rows()


def test_payload_in_a_damaged_block_leaves_inferred_reads(tmp_path: Path) -> None:
    """Where the bytes of a batch are lost, later deliveries of it still tell its range."""
    recording = Recording()
    recording.deliver(ALICE, Place(first=4), batch(b"a", b"b", first=4))
    recording.end_block()
    recording.deliver(BOB, Place(first=4), batch(b"a", b"b", first=4))
    recording.write(tmp_path / "archive")
    spoil(segment_files(tmp_path)[0], 0)

    archive = open_archive(tmp_path / "archive", cache=tmp_path / "cache")

    columns = ["subject", "offset", "is_inferred"]
    assert [("bob", 4, True), ("bob", 5, True)] == archive.reads.select(columns).collect().rows()
    assert ["bob"] == archive.delivered.collect()["subject"].to_list()


def test_payload_that_one_segment_lost_is_taken_from_another(tmp_path: Path) -> None:
    """The same bytes in any other segment make the reads certain again."""
    stored = batch(b"a", first=4)
    recording = Recording()
    recording.deliver(ALICE, Place(first=4), stored)
    recording.end_block()
    recording.deliver(BOB, Place(first=4), stored)
    recording.end_segment()
    recording.deliver(ALICE, Place(first=4), stored)
    recording.write(tmp_path / "archive", is_ended=True)
    spoil(segment_files(tmp_path)[0], 0)

    archive = open_archive(tmp_path / "archive", cache=tmp_path / "cache")

    columns = ["subject", "offset", "is_inferred", "position"]
    rows = archive.reads.select(columns).sort("subject").collect().rows()
    assert [("alice", 4, False, 0), ("bob", 4, False, 0)] == rows
    assert ["frame"] == archive.gaps.collect()["kind"].to_list()


def test_a_cut_batch_is_no_read(tmp_path: Path) -> None:
    """A record counts as read once all of it was delivered."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"a"), batch(b"b", first=1)[:-3])

    assert [0] == opened(tmp_path, recording).reads.collect()["offset"].to_list()
