"""Which batches an event sent or delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from gateway.evidence.event import EventKind
from tests.gateway.wire.records.test_legacy import make_message, wrap
from tests.workbench.archive.recording import (
    Client,
    Place,
    Recording,
    batch,
    control,
    opened,
    segment_files,
    spoil,
)
from workbench.archive import open_archive
from workbench.archive.batches import LOST, Opened
from workbench.archive.detail import AbortedTransaction, Told
from workbench.archive.references import hidden_batches

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Client(session="s1")

PLAIN = Opened(state="records", record_count=1)
OF_FIVE = Opened(state="records", record_count=1, producer_id=5)
OF_SIX = Opened(state="records", record_count=1, producer_id=6)
ABORT_FIVE = Opened(state="control", producer_id=5, is_abort=True)
COMMIT_FIVE = Opened(state="control", producer_id=5)
UNDECODABLE = Opened(state="undecodable")
CUT = Opened(state="cut")


def committed(*aborted: tuple[int, int]) -> Told:
    """Tell a read_committed answer with these aborted transactions."""
    transactions = tuple(AbortedTransaction(*each) for each in aborted)
    return Told(isolation_level=1, aborted=transactions)


@pytest.mark.parametrize(
    ("told", "delivered", "hidden"),
    [
        (committed(), [OF_FIVE], [False]),
        (Told(isolation_level=1), [OF_FIVE], [False]),
        (committed((5, 0)), [OF_FIVE, PLAIN, OF_SIX], [True, False, False]),
        (Told(isolation_level=0, aborted=(AbortedTransaction(5, 0),)), [OF_FIVE], [False]),
        # The transaction begins with a later batch, and ends with its marker.
        (committed((5, 1)), [OF_FIVE, OF_FIVE, ABORT_FIVE, OF_FIVE], [False, True, False, False]),
        # It began before the range that was asked for.
        (committed((5, -10)), [OF_FIVE, ABORT_FIVE, OF_FIVE], [True, False, False]),
        # Two in a row, listed in any order.
        (
            committed((5, 2), (5, 0)),
            [OF_FIVE, ABORT_FIVE, OF_FIVE, ABORT_FIVE, OF_FIVE],
            [True, False, True, False, False],
        ),
        (committed((5, 0)), [COMMIT_FIVE, OF_FIVE], [False, True]),
        (
            committed((5, 0), (6, 1)),
            [OF_FIVE, OF_SIX, ABORT_FIVE, OF_SIX],
            [True, True, False, True],
        ),
        # What cannot be read could be the marker.
        (committed((5, 0)), [OF_FIVE, LOST, OF_FIVE], [True, False, False]),
        (committed((5, 0)), [OF_FIVE, UNDECODABLE, OF_FIVE], [True, False, False]),
        (committed((5, 0), (5, 2)), [OF_FIVE, LOST, OF_FIVE], [True, False, True]),
    ],
)
def test_a_read_committed_consumer_hides_aborted_batches(
    told: Told, delivered: list[Opened], hidden: list[bool]
) -> None:
    """From a transaction's first offset to its producer's marker, and nothing in doubt."""
    assert hidden == hidden_batches(told, list(enumerate(delivered)))


def test_a_cut_batch_ends_no_transaction() -> None:
    """Bytes without an offset say nothing about transactions."""
    told = committed((5, 0))

    assert [True, False] == hidden_batches(told, [(0, OF_FIVE), (None, CUT)])


def batches_of(folder: Path, recording: Recording) -> list[list[dict[str, object]] | None]:
    """Give the column of batches of a recording's events."""
    rows: list[list[dict[str, object]] | None] = (
        opened(folder, recording)._frames.events.collect()["batches"].to_list()
    )
    return rows


def test_batches_say_what_became_of_them(tmp_path: Path) -> None:
    """Each has its state, its number in the segment, and its place in the event."""
    good = batch(b"a", b"b")
    bad = good[:-1] + bytes([good[-1] ^ 1])
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, ALICE)
    marker = control(4, 1, is_abort=False)
    recording.deliver(ALICE, Place(), good, bad, marker, batch(b"c", first=5), good[:30])

    no_batches, batches, *_ = batches_of(tmp_path, recording)

    assert no_batches is None
    columns = ("state", "number", "first_offset", "record_count", "records_before")
    assert [
        ("records", 0, 0, 2, 0),
        ("undecodable", 1, 0, 2, 2),
        ("control", 2, 4, 1, 4),
        ("records", 3, 5, 1, 4),
        ("cut", 4, None, 0, 5),
    ] == [tuple(each[name] for name in columns) for each in batches or []]


def test_an_answer_without_whole_batches_is_no_fault(tmp_path: Path) -> None:
    """Where not even a header was sent, one row of information for each topic-partition."""
    stored = batch(b"a")
    recording = Recording()
    recording.deliver(ALICE, Place(), stored, stored[:20])
    recording.deliver(ALICE, Place(), stored, stored[:21])
    recording.deliver(ALICE, Place(partition=1), stored[:20])

    gaps = opened(tmp_path, recording).gaps.collect()

    columns = ["kind", "partition", "first_sequence", "last_sequence", "is_information"]
    assert [("cut_batch", 0, 0, 2, True), ("cut_batch", 1, 4, 4, True)] == gaps.select(
        columns
    ).rows()
    assert "in 2 events" in gaps["message"][0]


def test_a_batch_that_lacks_its_end_tells_its_offsets(tmp_path: Path) -> None:
    """Its first records may be whole, so each such answer is told by itself."""
    stored = batch(b"a", b"b", b"c", first=7)
    recording = Recording()
    recording.deliver(ALICE, Place(), stored[:-1])
    recording.deliver(ALICE, Place(), stored[:61])
    recording.deliver(ALICE, Place(), stored[:60])

    gaps = opened(tmp_path, recording).gaps.collect()

    columns = ["kind", "first_sequence", "first_offset", "last_offset", "is_information"]
    assert [
        ("cut_batch", 0, 7, 9, True),
        ("cut_batch", 2, 7, 9, True),
        ("cut_batch", 4, None, None, True),
    ] == sorted(gaps.select(columns).rows())


def test_a_cut_message_set_may_hold_every_offset_since_the_batch_before(tmp_path: Path) -> None:
    """It tells its last one alone; where it is the first of an answer, nothing bounds it."""
    cut = wrap(make_message(b"a", offset=0) + make_message(b"b", offset=1), offset=9)[:-1]
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"a", first=4), cut)
    recording.deliver(ALICE, Place(partition=1), cut)
    recording.deliver(ALICE, Place(partition=2), batch(b"a", first=40), cut)

    gaps = opened(tmp_path, recording).gaps.sort("partition").collect()

    assert [(5, 9), (0, 9), (9, 9)] == gaps.select("first_offset", "last_offset").rows()


def test_a_cut_batch_whose_offsets_cannot_be_is_undecodable(tmp_path: Path) -> None:
    """Whoever wrote it, the rest of the archive is read."""
    stored = (2**63 - 1).to_bytes(8, "big") + batch(b"a", b"b")[8:-1]
    recording = Recording()
    recording.deliver(ALICE, Place(), stored)

    gaps = opened(tmp_path, recording).gaps.collect()

    assert [("undecodable", None, None)] == gaps.select(
        "kind", "first_offset", "last_offset"
    ).rows()
    assert "beyond 64 bits" in gaps["message"][0]


def test_an_empty_request_to_produce_is_no_gap(tmp_path: Path) -> None:
    """A producer may send a topic-partition without records."""
    recording = Recording()
    recording.add(EventKind.PRODUCE, ALICE, exchange=0, **Place().columns, payload=memoryview(b""))

    archive = opened(tmp_path, recording)

    assert (0, 0) == (archive.gaps.collect().height, archive.records.collect().height)


def test_an_undecodable_batch_is_one_gap_for_all_that_refer_to_it(tmp_path: Path) -> None:
    """A batch that a consumer stumbles over again and again fills no table."""
    good = batch(b"a", first=7)
    bad = good[:-1] + bytes([good[-1] ^ 1])
    recording = Recording()
    for _ in range(3):
        recording.deliver(ALICE, Place(), bad)

    gaps = opened(tmp_path, recording).gaps.collect()

    columns = ["kind", "topic", "first_offset", "last_offset", "first_sequence", "last_sequence"]
    assert [("undecodable", "orders", 7, 7, 0, 4)] == gaps.select(columns).rows()
    assert not gaps["is_information"][0]


def test_a_batch_whose_bytes_are_lost_is_a_gap(tmp_path: Path) -> None:
    """Later deliveries of it refer to a block that is damaged."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"v", first=3))
    recording.end_block()
    recording.deliver(ALICE, Place(), batch(b"v", first=3))
    recording.write(tmp_path / "archive")
    spoil(segment_files(tmp_path)[0], 0)

    gaps = open_archive(tmp_path / "archive", cache=tmp_path / "cache").gaps

    columns = ["first_sequence", "first_offset", "last_offset"]
    lost = gaps.filter(kind="undecodable")
    assert [(2, 3, 3)] == lost.select(columns).collect().rows()
    assert "damaged block" in lost.collect()["message"].item()


@pytest.mark.parametrize("magic", [3, 0x7F, 0x80, 0xFC, 0xFD, 0xFF])
def test_what_is_no_batch_at_all_is_a_gap_without_offsets(tmp_path: Path, magic: int) -> None:
    """Nonsense in place of records has no range; the delivery itself is still told.

    Any client may send it, and must not keep an archive from being read.
    """
    nonsense = bytes(11) + b"\x40" + bytes(4) + bytes([magic]) + bytes(71 - 12)
    recording = Recording()
    recording.deliver(ALICE, Place(), nonsense)

    archive = opened(tmp_path, recording)

    assert [("undecodable", None)] == archive.gaps.select("kind", "first_offset").collect().rows()
    assert (1, 0) == (archive.delivered.collect().height, archive.reads.collect().height)
    assert f"magic {magic}" in archive.gaps.collect()["message"].item()


def test_other_events_may_carry_bytes(tmp_path: Path) -> None:
    """The payload of a torn event is no batch."""
    recording = Recording()
    recording.add(EventKind.TORN, byte_count=3, payload=memoryview(b"abc"))

    kinds = opened(tmp_path, recording).gaps.select(pl.col("kind")).collect()["kind"].to_list()

    assert ["torn"] == kinds
