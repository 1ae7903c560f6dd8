"""Masked batches are valid, and say of themselves what they said before."""

from __future__ import annotations

import struct
import zlib

import pytest

from gateway.masking.batches import Masked, mask_batches
from gateway.masking.methods import Redact
from gateway.masking.plan import Mask, Plan, Undecodable, compile_plan
from gateway.wire.records.batch import (
    CODECS,
    V2_HEADER_BYTES,
    Codec,
    crc_is_valid,
    read_header,
    walk,
    with_crc,
)
from gateway.wire.records.decode import decode_batch
from gateway.wire.records.encode import BatchOptions, encode_batch
from gateway.wire.records.record import Record

LIMIT = 1_000_000
RECORDS = [Record(7, 100, b"k", b'{"card":"4111111111111111"}'), Record(9, 99, None, b'{"n":1}')]


def _plan(way: Undecodable = Undecodable.REDACT_WHOLE) -> Plan:
    return compile_plan([Mask(method=Redact(), path="$.card")], [way])


def _batch(records: list[Record] | None = None, codec: Codec = "none") -> bytes:
    return encode_batch(records or RECORDS, BatchOptions(codec=codec))


def _legacy(magic: int, value: bytes) -> bytes:
    times = struct.pack(">q", 1_234) if magic else b""
    content = struct.pack(">bb", magic, 0) + times + struct.pack(">ii", -1, len(value)) + value
    message = struct.pack(">I", zlib.crc32(content)) + content
    return struct.pack(">qi", 41, len(message)) + message


def _mask(
    records: bytes, way: Undecodable = Undecodable.REDACT_WHOLE, *, converts: bool = True
) -> Masked:
    return mask_batches(
        memoryview(records), _plan(way), converts=converts, expanded_bytes_max=LIMIT
    )


@pytest.mark.parametrize("codec", CODECS)
def test_a_masked_batch_keeps_what_it_says(codec: Codec) -> None:
    """Offsets, producer, sequence, epochs, attributes and codec; its checksum is right."""
    options = BatchOptions(
        codec=codec,
        partition_leader_epoch=5,
        producer_id=1 << 40,
        producer_epoch=3,
        base_sequence=77,
        is_transactional=True,
        is_log_append_time=True,
    )
    batch = encode_batch(RECORDS, options)
    masked = _mask(batch)
    before, after = read_header(batch), read_header(masked.records)

    assert crc_is_valid(masked.records)
    assert before[2:4] + before[5:] == after[2:4] + after[5:]
    assert before.base_offset == after.base_offset
    values = [each.value for each in decode_batch(masked.records, decompressed_bytes_max=LIMIT)]
    assert [b'{"card":"[redacted]"}', b'{"n":1}'] == values
    assert {("$.card", "redact"): 1} == masked.counts


def test_a_batch_without_anything_to_mask_is_the_same_bytes() -> None:
    """It is not even compressed anew."""
    batch = _batch([RECORDS[1]], codec="gzip")

    assert batch == _mask(batch).records


def test_control_batches_pass() -> None:
    """They end transactions and hold no data, whatever their bytes."""
    control = encode_batch([Record(3, 0, bytes(4), bytes(6))], BatchOptions(is_control=True))

    assert control == _mask(control, Undecodable.BLOCK).records


def test_a_batch_without_its_end_is_cut_off() -> None:
    """Its bytes may be in clear; alone it leaves nothing."""
    batch = _batch()
    masked = _mask(batch + batch[:-1])

    assert [True] == [span.header is not None for span in walk(masked.records)]
    assert len(batch) - 1 == masked.cut_bytes
    assert b"" == _mask(batch[:-1]).records
    assert b"" == _mask(batch[:5]).records


@pytest.mark.parametrize("magic", [0, 1])
@pytest.mark.parametrize("converts", [True, False])
def test_older_formats_become_the_newest_or_nothing(magic: int, *, converts: bool) -> None:
    """A message of v0 or v1 keeps its offset; where the client may not know v2 it is refused."""
    masked = _mask(_legacy(magic, b'{"card":"4111"}'), converts=converts)

    if not converts:
        assert b"" == masked.records
        assert "not written any more" in (masked.undecodable or "")
        return
    (record,) = decode_batch(masked.records, decompressed_bytes_max=LIMIT)
    assert Record(41, 1_234 if magic else -1, None, b'{"card":"[redacted]"}') == record


def _broken() -> dict[str, bytes]:
    batch = bytearray(_batch(codec="zstd"))
    flipped = bytes(batch[:-1]) + bytes([batch[-1] ^ 1])
    unknown = batch.copy()
    unknown[22] = 7
    short = bytearray(_batch())
    short[57:61] = (9).to_bytes(4)
    bomb = _batch([Record(0, 0, None, bytes(LIMIT + 1))], codec="zstd")
    return {
        "checksum": flipped,
        "codec": with_crc(unknown),
        "count": with_crc(short),
        "bomb": bomb,
    }


@pytest.mark.parametrize("name", _broken())
@pytest.mark.parametrize("way", Undecodable)
def test_a_batch_that_cannot_be_opened_passes_only_where_that_is_allowed(
    name: str, way: Undecodable
) -> None:
    """It has no parts that could give way, so nothing of the run is left."""
    good, broken = _batch(), _broken()[name]
    masked = _mask(good + broken, way)

    if way is Undecodable.PASS_RECORDED:
        assert bytes(masked.records).endswith(broken)
        assert 1 == masked.passed_count
    else:
        assert b"" == masked.records
        assert masked.undecodable
        assert not masked.counts


def test_nonsense_is_refused_without_being_quoted() -> None:
    """No way with what is unreadable lets pass what is no batch."""
    masked = _mask(b"4111111111111111" * 9, Undecodable.PASS_RECORDED)

    assert b"" == masked.records
    assert "4111" not in (masked.undecodable or "4111")


def test_an_unreadable_value_is_counted() -> None:
    """Under a field of its own, the whole."""
    masked = _mask(_batch([Record(0, 0, None, b"4111-1111")]))

    assert {("$", "redact_whole"): 1} == masked.counts
    assert V2_HEADER_BYTES < len(masked.records)
