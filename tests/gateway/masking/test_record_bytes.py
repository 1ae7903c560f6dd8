"""A rewritten record differs in its masked parts alone."""

from __future__ import annotations

import pytest

from gateway.masking.errors import UndecodableError
from gateway.masking.methods import Null, Redact
from gateway.masking.plan import Mask, Plan, Undecodable, compile_plan
from gateway.masking.record_bytes import REDACTED_WHOLE, RecordMasker
from gateway.wire.records.batch import V2_HEADER_BYTES, read_header
from gateway.wire.records.decode import decode_batch
from gateway.wire.records.encode import encode_batch, rewrite_batch
from gateway.wire.records.record import Headers, Record

HEADERS: Headers = (("h", b"1"), ("x", b"secret"), ("h", None), ("x", b""), ("x", None), ("", b"2"))


def _plan(*masks: Mask, way: Undecodable = Undecodable.BLOCK) -> Plan:
    return compile_plan(masks, [way])


VALUE = Mask(method=Redact(), path="$.a")
KEY = Mask(method=Redact(), part="key", path="$.a")
HEADER = Mask(method=Redact(), part="header", header="x", is_text=True)


def _masked(records: list[Record], masker: RecordMasker) -> list[Record]:
    batch = encode_batch(records)
    body = masker.rewrite(batch[V2_HEADER_BYTES:], len(records))
    rewritten = rewrite_batch(read_header(batch), records)[:V2_HEADER_BYTES] + body
    sized = rewritten[:8] + (len(rewritten) - 12).to_bytes(4) + rewritten[12:]
    return decode_batch(sized, decompressed_bytes_max=1_000_000)


def test_all_else_in_a_record_stays() -> None:
    """Offsets, times, keys, headers in their order and with equal names, null beside empty."""
    records = [
        Record(10, 1_000, b'{"a":1}', b'{"a":1}', HEADERS),
        Record(12, 999, None, None, HEADERS),
        Record(90, 5_000, b"", b'{"b":"' + b"x" * 200 + b'"}', ()),
    ]
    headers: Headers = (("h", b"1"), ("x", b"[redacted]"), ("h", None), ("x", b"[redacted]"))
    headers += (("x", None), ("", b"2"))
    masker = RecordMasker(_plan(VALUE, HEADER))

    expected = [
        Record(10, 1_000, b'{"a":1}', b'{"a":0}', headers),
        Record(12, 999, None, None, headers),
        records[2],
    ]

    assert expected == _masked(records, masker)
    assert [("$.a", "redact", 1), ("header:x:$", "redact", 4)] == masker.items()


def test_a_key_is_masked_where_that_is_asked() -> None:
    """And a key that is null stays null, as a tombstone stays one."""
    records = [Record(0, 0, b'{"a":"k"}', None), Record(1, 0, None, b"{}")]
    masker = RecordMasker(_plan(KEY))

    assert [b'{"a":"[redacted]"}', None] == [each.key for each in _masked(records, masker)]


def test_a_header_can_become_null() -> None:
    """Kafka's headers may have no value."""
    mask = Mask(method=Null(), part="header", header="x", is_text=True)
    (record,) = _masked([Record(0, 0, None, b"", HEADERS)], RecordMasker(_plan(mask)))

    assert [None, None, None] == [value for name, value in record.headers if name == "x"]


@pytest.mark.parametrize("content", [b"4111", b"\xff", b'{"a":1,"a":2}', b'{"x":'])
def test_what_cannot_be_read(content: bytes) -> None:
    """It blocks, gives way as a whole, or passes, as the plan says; what is no object is read."""
    records = [Record(0, 0, None, content), Record(1, 0, None, b'{"a":1}')]
    is_read = content == b"4111"
    whole = RecordMasker(_plan(VALUE, way=Undecodable.REDACT_WHOLE))
    passing = RecordMasker(_plan(VALUE, way=Undecodable.PASS_RECORDED))

    expected = content if is_read else REDACTED_WHOLE
    assert [expected, b'{"a":0}'] == [each.value for each in _masked(records, whole)]
    assert [content, b'{"a":0}'] == [each.value for each in _masked(records, passing)]
    assert (not is_read, not is_read) == (bool(whole.redacted_count), bool(passing.passed_count))
    assert (("$", "redact_whole", 1) in whole.items()) is not is_read


def test_what_may_not_pass_stops_all() -> None:
    """A batch is refused as a whole: none of its records can be left out."""
    with pytest.raises(UndecodableError):
        _masked([Record(0, 0, None, b"{")], RecordMasker(_plan(VALUE)))


@pytest.mark.parametrize(
    "body",
    [
        b"\x01",  # a length of -1
        b"\x7e" + bytes(7),  # longer than its batch
        bytes.fromhex("0e 00 00 00 01 01 00 00 00"),  # a byte behind the last record
        bytes.fromhex("0c 00 00 00 7e 01 00"),  # a key beyond its record
        bytes.fromhex("0c 00 00 00 01 01 7e"),  # headers beyond it
        bytes.fromhex("0e 00 00 00 01 01 00 00"),  # a byte behind no headers
    ],
)
def test_records_that_do_not_fit_are_refused(body: bytes) -> None:
    """Who reads them another way would find what was not masked."""
    masker = RecordMasker(_plan(VALUE, HEADER, way=Undecodable.PASS_RECORDED))

    with pytest.raises(UndecodableError):
        masker.rewrite(body, 1)
