"""Decoding: the records that Kafka's clients read from a batch, or one kind of error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.errors import LimitError, MalformedError, WireError
from gateway.wire.records.batch import CODECS, Codec, walk
from gateway.wire.records.compression import compress
from gateway.wire.records.decode import control_type, decode_batch
from gateway.wire.records.encode import BatchOptions, encode_batch
from gateway.wire.records.record import Record
from tests.gateway.wire.records.handmade import INT64_MIN, ODD_RECORDS, make_batch, make_record
from tests.gateway.wire.records.strategies import record_lists
from tests.gateway.wire.records.written_by_kafka import BATCHES, RECORDS, records_of

LIMIT = 1 << 20


def decode(batch: bytes | memoryview) -> list[Record]:
    """Decode one batch."""
    return decode_batch(batch, decompressed_bytes_max=LIMIT)


@pytest.mark.parametrize(("version", "codec"), BATCHES)
@pytest.mark.parametrize("kind", [bytes, memoryview])
def test_what_kafka_wrote_is_read(version: str, codec: str, kind: type[bytes | memoryview]) -> None:
    """In every format, with every codec."""
    payload = kind(BATCHES[version, codec])
    records = [each for span in walk(payload) for each in decode(payload[span.start : span.end])]

    assert records_of(version) == records


@pytest.mark.parametrize("codec", CODECS)
@given(records=record_lists())
def test_what_was_encoded_is_decoded(codec: Codec, records: list[Record]) -> None:
    """Offsets with gaps, null and empty, headers in their order and more than once."""
    batch = encode_batch(records, BatchOptions(codec=codec))

    assert records == decode(batch)
    assert records == decode(memoryview(b"-" + batch)[1:])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("00 00 00 01 02 61 00", Record(0, 1_000, None, b"a")),
        ("00 00 00 00 01 00", Record(0, 1_000, b"", None)),
        ("00 0a 0e 02 6b 00 00", Record(7, 1_005, b"k", b"")),
        ("00 01 00 01 01 00", Record(0, 999, None, None)),
        ("00 00 00 01 01 02 02 68 01", Record(0, 1_000, None, None, (("h", None),))),
        (
            "00 00 00 01 01 04 02 68 02 31 02 68 00",
            Record(0, 1_000, None, None, (("h", b"1"), ("h", b""))),
        ),
        ("00 00 00 01 01 02 00 02 31", Record(0, 1_000, None, None, (("", b"1"),))),
    ],
)
def test_a_record_is_read(fields: str, expected: Record) -> None:
    """Null is not empty, in keys, values and headers."""
    assert [expected] == decode(make_batch(make_record(fields)))


@pytest.mark.parametrize(("fields", "expected"), ODD_RECORDS.values(), ids=ODD_RECORDS)
def test_an_odd_record_is_read_as_kafkas_clients_read_it(fields: str, expected: Record) -> None:
    """A record cannot be hidden from an investigation by writing it oddly."""
    assert [expected] == decode(make_batch(make_record(fields)))


def test_an_offset_that_overflows_is_read_as_kafkas_clients_read_it() -> None:
    """Nobody can have written it in good faith, and nothing breaks."""
    batch = make_batch(make_record("00 00 02 01 02 61 00"), base_offset=-INT64_MIN - 1)

    assert decode(batch)[0].offset == INT64_MIN


def test_append_time_holds_for_all_records() -> None:
    """The broker's time stands in the header alone."""
    batch = make_batch(make_record("00 0a 00 01 01 00") * 2, count=2, attributes=0x08)

    assert [record.timestamp_ms for record in decode(batch)] == [7_777, 7_777]


def test_a_header_name_that_is_no_text_is_kept() -> None:
    """It is neither lost nor does it stop the reader."""
    (record,) = decode(make_batch(make_record("00 00 00 01 01 02 04 ff68 01")))

    assert record.headers[0][0].encode(errors="surrogateescape") == b"\xffh"


def test_a_batch_may_hold_no_record() -> None:
    """Compaction may have removed them all."""
    assert decode(make_batch(b"", count=0)) == []


@pytest.mark.parametrize(
    ("body", "count", "text"),
    [
        (make_record(), 0, "8 bytes follow the last record"),
        (make_record() * 2, 1, "8 bytes follow the last record"),
        (make_record(), 2, "2 records cannot lie in 8 bytes"),
        (make_record(), (1 << 31) - 1, "2147483647 records cannot lie in 8 bytes"),
        (make_record(length=b"\x01"), 1, "the record at byte 1 has a length of -1"),
        (make_record(length=b"\x10"), 1, "the record at byte 1 has a length of 8"),
        (make_record(length=b"\xfe\xff\xff\xff\x0f"), 1, "a length of 2147483647"),
        (make_record(length=b"\x0c"), 1, "the record that ends at byte 7 does not fit"),
        (make_record("00 00 00 01 02 61 00 00"), 1, "the record that ends at byte 9 does not fit"),
        (make_record("00 00 00 08 02 61 00"), 1, "a field of 4 bytes at byte 5 goes beyond"),
        (make_record("00 00 00 01 fe ff ff ff 0f"), 1, "a field of 2147483647 bytes"),
        (make_record("00 00 00 01 01 01 00 00"), 1, "-1 headers cannot lie in 2 bytes"),
        (make_record("00 00 00 01 01 04 00 00"), 1, "2 headers cannot lie in 2 bytes"),
        (make_record("00 00 00 01 01 fe ff ff ff 0f"), 1, "2147483647 headers cannot lie"),
        (make_record("00 00 00 01 01 02 01 01"), 1, "the header before byte 9 has no name"),
        (make_record("00 00 00 01 01 02 02 68"), 1, "a varint does not end by byte 9"),
        (make_record("00 80 80 80 80 80 80"), 1, "a varint does not end by byte 8"),
        (b"\x80" * 300_000, 1, "a varint does not end by byte 5"),
    ],
)
def test_a_record_that_breaks_the_format_is_refused(body: bytes, count: int, text: str) -> None:
    """Lengths, counts and varints are believed only as far as the bytes go."""
    with pytest.raises(MalformedError, match=text):
        decode(make_batch(body, count))


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_cut_anywhere_is_refused(codec: Codec) -> None:
    """Only a whole batch is decoded, whatever its length says."""
    batch = encode_batch(RECORDS, BatchOptions(codec=codec))

    for length in range(len(batch)):
        with pytest.raises(MalformedError):
            decode(batch[:length])
    with pytest.raises(MalformedError):
        decode(batch + b"\x00")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_batch_is_not_expanded_beyond_the_limit(number: int) -> None:
    """What it claims to hold does not matter."""
    body = make_record("00 00 00 01 01 00") * 1_000
    batch = make_batch(compress(CODECS[number], body), 1_000, attributes=number)

    assert len(decode_batch(batch, decompressed_bytes_max=7_000)) == 1_000
    with pytest.raises(LimitError, match="beyond the limit of 6,999 bytes"):
        decode_batch(batch, decompressed_bytes_max=6_999)


def test_an_unknown_codec_is_refused() -> None:
    """Its records cannot be read."""
    with pytest.raises(MalformedError, match="compression codec 7 does not exist"):
        decode(make_batch(make_record(), attributes=7))


@pytest.mark.parametrize(("key", "expected"), [("0000 0000", "abort"), ("0000 0001", "commit")])
def test_a_control_batch_says_how_a_transaction_ended(key: str, expected: str) -> None:
    """As brokers write it: a version and a type in the key."""
    record = make_record(f"00 00 00 08 {key} 0c 000000000000 00")

    assert expected == control_type(make_batch(record, attributes=0x30))
    assert expected == control_type(memoryview(make_batch(record, attributes=0x20)))


@pytest.mark.parametrize(
    ("body", "count", "text"),
    [
        (b"", 0, "a control batch without a control record"),
        (make_record("00 00 00 01 02 61 00"), 1, "a control batch without a control record"),
        (make_record("00 00 00 06 000000 01 00"), 1, "a control batch without a control record"),
        (make_record("00 00 00 08 00000002 01 00"), 1, "control record type 2 is not the end"),
    ],
)
def test_other_control_batches_end_no_transaction(body: bytes, count: int, text: str) -> None:
    """Controllers exchange some among themselves; damaged ones say nothing."""
    with pytest.raises(MalformedError, match=text):
        control_type(make_batch(body, count, attributes=0x20))


@given(
    start=st.sampled_from([make_record(), make_record("00 00 00 01 01 04 02 68 01 02 69 01"), b""]),
    damage=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 2), st.binary(max_size=3))),
    count=st.integers(0, 3),
    attributes=st.integers(0, 0x1F),
)
def test_only_wire_errors_come_out_of_damaged_batches(
    start: bytes, damage: list[tuple[int, int, bytes]], count: int, attributes: int
) -> None:
    """As many records as the header counts, or an error."""
    body = bytearray(start * count)
    for place, length, put in damage:
        body[place : place + length] = put
    try:
        records = decode(make_batch(bytes(body), count, attributes=attributes))
    except WireError:
        return

    assert count == len(records)
