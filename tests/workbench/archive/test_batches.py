"""Opening the batches of a segment."""

from __future__ import annotations

import hashlib
import struct
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.records.batch import Codec, with_crc
from gateway.wire.records.encode import BatchOptions, encode_batch
from gateway.wire.records.record import Record
from tests.gateway.wire.records.test_legacy import make_message
from tests.workbench.archive.recording import TIMESTAMP_MS, batch, control
from workbench.archive import batches
from workbench.archive.batches import LOST, Batches, Opened
from workbench.archive.files import SCHEMAS, RowGroups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Reader:
    """Batches, and what they wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = RowGroups(path, SCHEMAS["records"])
        self.batches = Batches(self.file, 77)

    def open(self, stored: bytes) -> Opened:
        """Open a batch whose bytes are there."""
        return self.batches.take(hashlib.sha256(stored).digest(), memoryview(stored))

    def rows(self) -> list[dict[str, object]]:
        """Give the rows that were written."""
        self.file.close()
        rows: list[dict[str, object]] = pq.read_table(self.path).to_pylist()
        return rows


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """Make a reader with a file of its own."""
    reader = Reader(tmp_path / "records.parquet")
    yield reader
    reader.file.close()


def message(magic: int, value: bytes, *, offset: int = 0, codec: int = 0) -> bytes:
    """Make a message of an old format."""
    body = struct.pack(">bb", magic, codec) + (struct.pack(">q", 1_000) if magic else b"")
    body += struct.pack(">i", -1) + struct.pack(">i", len(value)) + value
    body = struct.pack(">I", zlib.crc32(body)) + body
    return struct.pack(">qi", offset, len(body)) + body


def test_records_go_to_the_file_under_the_batch(reader: Reader) -> None:
    """A batch is known by its segment and number, a record by its position in it."""
    reader.open(batch(b"x"))
    opened = reader.open(batch(b"a", b"b", first=5))

    rows = reader.rows()[1:]

    expected_batch = Opened(state="records", number=1, record_count=2, head=opened.head)
    assert expected_batch == opened
    columns = ("store", "number", "position", "offset", "value", "codec", "producer_id")
    expected = [(77, 1, 0, 5, b"a", "none", -1), (77, 1, 1, 6, b"b", "none", -1)]
    assert expected == [tuple(row[name] for name in columns) for row in rows]


def test_a_batch_and_what_was_cut_off_it_have_the_same_head(reader: Reader) -> None:
    """Whatever the leader's epoch; not what was written at its offsets later, or was masked."""
    whole = batch(b"a", b"b", first=5)
    led_anew = whole[:12] + bytes([0, 0, 0, 9]) + whole[16:]
    others = [batch(b"a", b"c", first=5), batch(b"a", b"b", first=6), control(5, 1, is_abort=True)]
    heads = [reader.open(each).head for each in others]
    cut = reader.open(whole[:-1])

    assert ("cut", (5, 6)) == (cut.state, cut.cut_offsets)
    assert reader.open(whole).head == reader.open(led_anew).head == cut.head
    assert 3 == len({*heads} - {None, cut.head})
    assert reader.open(whole[:60]).head is None


@pytest.mark.parametrize(("attributes", "first"), [(0, 9), (1, None)])
def test_a_cut_message_that_may_hold_others_does_not_tell_its_first_offset(
    reader: Reader, attributes: int, first: int | None
) -> None:
    """Of a compressed one of the older formats the outer offset is that of the last."""
    message = make_message(b"abc", offset=9, attributes=attributes)
    cut = reader.open(message[:-1])

    assert ("cut", (first, 9)) == (cut.state, cut.cut_offsets)


def test_batches_are_known_in_the_order_of_their_first_appearance(reader: Reader) -> None:
    """Their numbers are that order, whatever became of them."""
    stored = [batch(b"a"), b"\xff" * 30, batch(b"b"), batch(b"a")]
    for each in stored:
        reader.open(each)

    digests = [hashlib.sha256(each).digest() for each in stored[:3]]
    assert digests == list(reader.batches.opened)
    assert [0, 1, 2] == [each.number for each in reader.batches.opened.values()]


def test_a_batch_is_opened_once(reader: Reader) -> None:
    """Later it is known by its digest, with or without its bytes."""
    stored = batch(b"a")
    first = reader.open(stored)

    assert first is reader.open(stored)
    assert first is reader.batches.take(hashlib.sha256(stored).digest(), None)
    assert 1 == len(reader.rows())


def test_a_batch_without_bytes_is_lost_until_they_come(reader: Reader) -> None:
    """What stood in a damaged block is not there; the same bytes may still follow."""
    stored = batch(b"a")

    assert LOST == reader.batches.take(hashlib.sha256(stored).digest(), None)
    assert "records" == reader.open(stored).state


def test_a_transaction_is_told_by_its_producer(reader: Reader) -> None:
    """Only a producer within a transaction counts, and the marker says how it ended."""
    options = BatchOptions(producer_id=9, is_transactional=True)
    plain = BatchOptions(producer_id=9)

    assert 9 == reader.open(batch(b"a", options=options)).producer_id
    assert reader.open(batch(b"a", options=plain)).producer_id is None
    for is_abort in (True, False):
        opened = reader.open(control(1, 9, is_abort=is_abort))
        told = (opened.state, opened.producer_id, opened.is_abort, opened.record_count)
        assert ("control", 9, is_abort, 0) == told


@pytest.mark.parametrize("stored", [b"", batch(b"a")[:-1], b"\x00" * 10])
def test_the_cut_end_of_an_answer_is_no_batch(reader: Reader, stored: bytes) -> None:
    """Nothing is wrong with it, and nothing can be read of it."""
    assert "cut" == reader.open(stored).state


def test_bytes_that_belie_their_digest_are_not_believed(reader: Reader) -> None:
    """Somebody exchanged the payload: whatever it says, it is not what was recorded."""
    opened = reader.batches.take(bytes(32), memoryview(batch(b"a")))

    assert "undecodable" == opened.state
    assert "SHA-256" in (opened.problem or "")


def _flipped(stored: bytes) -> bytes:
    return stored[:-1] + bytes([stored[-1] ^ 1])


def _with_codec(stored: bytes, codec: int) -> bytes:
    changed = bytearray(stored)
    changed[22] = codec
    return with_crc(changed)


def _with_count(stored: bytes, count: int) -> bytes:
    changed = bytearray(stored)
    struct.pack_into(">i", changed, 57, count)
    return with_crc(changed)


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        (_flipped(batch(b"a")), "checksum"),
        (_with_codec(batch(b"a"), 7), "codec 7"),
        (_with_codec(batch(b"a"), 2), "snappy"),
        (_with_count(batch(b"a"), 2), ""),
        (_with_count(batch(b"a"), 2_000_000), "the limit is"),
        (batch(b"a") + batch(b"b"), "more than one"),
        (b"\xff" * 100, "magic"),
        (_flipped(control(0, 1, is_abort=True)), "checksum"),
    ],
    ids=["crc", "codec", "compression", "count", "count limit", "two", "nonsense", "control"],
)
def test_what_cannot_be_read_says_why(reader: Reader, stored: bytes, problem: str) -> None:
    """A bad batch is a value with a reason, never an exception, and writes no row."""
    opened = reader.open(stored)

    assert "undecodable" == opened.state
    assert problem in (opened.problem or "")
    assert [] == reader.rows()


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_a_bomb_is_not_expanded(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, codec: Codec
) -> None:
    """A batch that expands beyond the limit is undecodable."""
    monkeypatch.setattr(batches, "DECOMPRESSED_BYTES_MAX", 100_000)
    opened = reader.open(batch(b"0" * 1_000_000, options=BatchOptions(codec=codec)))

    assert "undecodable" == opened.state
    assert "100,000" in (opened.problem or "")


@pytest.mark.parametrize("magic", [0, 1])
def test_old_messages_are_read(reader: Reader, magic: int) -> None:
    """Format 0 has no time; format 1 has one, of the producer unless the broker set it."""
    reader.open(message(magic, b"old", offset=4))

    (row,) = reader.rows()

    time = datetime.fromtimestamp(1, UTC) if magic else None
    expected = (4, b"old", "create" if magic else None, time)
    columns = ("offset", "value", "timestamp_type", "timestamp")
    assert expected == tuple(row[name] for name in columns)


def test_old_message_sets_have_a_limit_of_their_own(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many messages one holds is not known beforehand, so its size is bounded more closely."""
    monkeypatch.setattr(batches, "LEGACY_BYTES_MAX", 10)
    packed = zlib.compressobj(wbits=31)
    inner = packed.compress(message(1, b"old")) + packed.flush()

    assert "undecodable" == reader.open(message(1, inner, codec=1)).state


@pytest.mark.parametrize(
    ("timestamp_ms", "year"),
    [(-1, None), (0, 1970), (253_402_300_799_999, 9999), (253_402_300_800_000, None)],
)
def test_times_that_no_date_can_hold_are_null(
    reader: Reader, timestamp_ms: int, year: int | None
) -> None:
    """A record's time is what its producer wrote; -1 is none, and some are beyond all years."""
    reader.open(encode_batch([Record(0, timestamp_ms, b"k", b"v")]))

    (row,) = reader.rows()

    time = row["timestamp"]
    assert year == (time.year if isinstance(time, datetime) else None)


def test_the_time_of_the_broker_is_told_as_such(reader: Reader) -> None:
    """With log append time the broker's clock counts."""
    reader.open(batch(b"a", options=BatchOptions(is_log_append_time=True)))

    assert ["append"] == [row["timestamp_type"] for row in reader.rows()]


def test_header_names_that_are_no_text_come_as_escapes(reader: Reader) -> None:
    """Nothing that a client sent stops the reader or vanishes."""
    name = b"na\xffme".decode(errors="surrogateescape")
    record = Record(0, TIMESTAMP_MS, b"k", b"v", ((name, b"1"),))
    reader.open(encode_batch([record]))

    (row,) = reader.rows()

    assert [{"name": "na\\xffme", "value": b"1"}] == row["headers"]


@given(st.binary(max_size=200), st.integers(0, 80))
def test_any_bytes_are_opened_without_an_exception(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, keep: int
) -> None:
    """Whatever a client sent or a broker answered, the reader goes on."""
    reader = Reader(tmp_path_factory.mktemp("noise") / "records.parquet")
    stored = bytearray(batch(b"a", b"b")[:keep] + noise)
    if len(stored) > 61:
        with_crc(stored)

    opened = reader.open(bytes(stored))
    reader.file.close()

    assert opened.state in {"records", "control", "undecodable", "cut"}
