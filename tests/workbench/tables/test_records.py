"""The table of records."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from gateway.wire.records.batch import CODECS, Codec
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
)
from workbench.tables.content import content_digest
from workbench.tables.schemas import RECORDS

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Client(session="s1")
BOB = Client(session="s2", subject="bob")
TOPIC_IDS = ("AAAAAAAAAAAAAAAAAAAAAQ", "AAAAAAAAAAAAAAAAAAAAAg")


def test_a_record_is_told_as_it_stands_in_its_batch(tmp_path: Path) -> None:
    """A row has the record's parts, its place, and where it was recorded first."""
    headers = (("trace", b"1"), ("trace", None))
    record = Record(7, TIMESTAMP_MS, b"key", b"value", headers)
    options = BatchOptions(codec="zstd", producer_id=3, is_transactional=True)
    stored = encode_batch([record], options)
    recording = Recording()
    recording.deliver(ALICE, Place(), stored)

    frame = opened(tmp_path, recording).records.collect()

    assert [
        {
            "direction": "delivered",
            "topic": "orders",
            "topic_id": None,
            "partition": 0,
            "offset": 7,
            "timestamp": datetime.fromtimestamp(TIMESTAMP_MS / 1000, UTC),
            "timestamp_type": "create",
            "key": b"key",
            "value": b"value",
            "headers": [{"name": "trace", "value": b"1"}, {"name": "trace", "value": None}],
            "content": content_digest(b"key", b"value", headers),
            "codec": "zstd",
            "producer_id": 3,
            "is_transactional": True,
            "batch": hashlib.sha256(stored).digest(),
            "position": 0,
            "origin": "gw",
            "sequence": 0,
            "at": at(0),
        }
    ] == frame.to_dicts()
    assert RECORDS.schema == frame.schema


@pytest.mark.parametrize("codec", CODECS)
def test_batches_of_every_codec_are_opened(tmp_path: Path, codec: Codec) -> None:
    """Compression hides no record."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"one", b"two", options=BatchOptions(codec=codec)))

    frame = opened(tmp_path, recording).records.collect()

    assert [(codec, b"one"), (codec, b"two")] == frame.select("codec", "value").rows()


def test_null_and_empty_stay_apart(tmp_path: Path) -> None:
    """A tombstone is no empty value, and no key is no empty key."""
    recording = Recording()
    stored = encode_batch([Record(0, TIMESTAMP_MS, None, b""), Record(1, TIMESTAMP_MS, b"", None)])
    recording.deliver(ALICE, Place(), stored)

    frame = opened(tmp_path, recording).records.collect()

    assert [(None, b""), (b"", None)] == frame.select("key", "value").rows()


def test_produced_records_have_the_offsets_that_the_broker_gave(tmp_path: Path) -> None:
    """A request numbers its records from 0; several batches follow each other in the log."""
    recording = Recording()
    recording.produce(ALICE, Place(first=40), batch(b"a", b"b"), batch(b"c"))

    frame = opened(tmp_path, recording).records.collect()

    expected = [("produced", 40, b"a"), ("produced", 41, b"b"), ("produced", 42, b"c")]
    assert expected == frame.select("direction", "offset", "value").rows()


def test_a_produced_record_without_answer_has_no_offset(tmp_path: Path) -> None:
    """An offset is never invented."""
    recording = Recording()
    recording.produce(ALICE, Place(), batch(b"v"), acks=0)

    assert [None] == opened(tmp_path, recording).records.collect()["offset"].to_list()


def test_a_batch_is_told_once_for_all_its_readers(tmp_path: Path) -> None:
    """Records are told once, in however many segments their batch was delivered."""
    recording = Recording()
    for client in (ALICE, BOB, ALICE):
        recording.deliver(client, Place(first=4), batch(b"v", first=4))
        recording.end_segment()

    frame = opened(tmp_path, recording).records.collect()

    assert [(4, 0)] == frame.select("offset", "sequence").rows()


def test_a_batch_is_told_for_each_topic_partition_and_direction(tmp_path: Path) -> None:
    """The same bytes in two partitions are records of both."""
    stored = batch(b"v")
    recording = Recording()
    recording.produce(ALICE, Place(first=0), stored)
    recording.deliver(ALICE, Place(partition=0), stored)
    recording.deliver(ALICE, Place(partition=1), stored)
    recording.deliver(ALICE, Place(topic="other"), stored)

    frame = opened(tmp_path, recording).records.collect()

    assert {
        ("produced", "orders", 0),
        ("delivered", "orders", 0),
        ("delivered", "orders", 1),
        ("delivered", "other", 0),
    } == set(frame.select("direction", "topic", "partition").rows())
    assert 4 == frame.height


def test_the_same_bytes_sent_twice_are_records_at_both_offsets(tmp_path: Path) -> None:
    """A producer that repeats itself wrote two records."""
    recording = Recording()
    recording.produce(ALICE, Place(first=3), batch(b"v"))
    recording.produce(ALICE, Place(first=4), batch(b"v"))

    assert [3, 4] == opened(tmp_path, recording).records.collect()["offset"].sort().to_list()


@pytest.mark.parametrize(
    ("asked_by", "told"),
    [
        ((None, TOPIC_IDS[0]), [TOPIC_IDS[0]]),
        (TOPIC_IDS, list(TOPIC_IDS)),
        ((None, None), [None]),
    ],
)
def test_fetches_by_name_and_by_id_are_of_one_topic(
    tmp_path: Path, asked_by: tuple[str | None, str | None], told: list[str | None]
) -> None:
    """A batch is told once for each id of its topic, and without id only where none is known."""
    recording = Recording()
    for topic_id in asked_by:
        recording.deliver(ALICE, Place(topic_id=topic_id), batch(b"v"))

    assert told == opened(tmp_path, recording).records.collect()["topic_id"].to_list()


def test_control_records_are_left_out(tmp_path: Path) -> None:
    """The end of a transaction is no record of an application."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"v"), control(1, 5, is_abort=False))

    assert [b"v"] == opened(tmp_path, recording).records.collect()["value"].to_list()
