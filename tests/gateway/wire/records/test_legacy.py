"""Message sets v0 and v1: what old segments hold is read as Kafka reads it."""

from __future__ import annotations

import struct
import zlib

import lz4.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.errors import LimitError, MalformedError, WireError
from gateway.wire.records.batch import CODECS, Codec
from gateway.wire.records.compression import compress
from gateway.wire.records.legacy import decode_message
from gateway.wire.records.record import Record
from tests.gateway.wire.records.written_by_kafka import BATCHES

LIMIT = 1 << 20


def optional(value: bytes | None) -> bytes:
    """Write bytes with their length."""
    return struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value


def make_message(
    value: bytes | None,
    *,
    key: bytes | None = None,
    offset: int = 9,
    magic: int = 1,
    attributes: int = 0,
) -> bytes:
    """Make a message; its time, where the format has one, is 1000 + offset."""
    time = struct.pack(">q", 1_000 + offset) if magic else b""
    body = struct.pack(">bb", magic, attributes) + time + optional(key) + optional(value)
    content = struct.pack(">I", zlib.crc32(body)) + body
    return struct.pack(">qi", offset, len(content)) + content


def wrap(message_set: bytes, *, offset: int = 9, magic: int = 1, attributes: int = 1) -> bytes:
    """Make a message that holds others, compressed."""
    value = compress(CODECS[attributes & 7], message_set)
    return make_message(value, offset=offset, magic=magic, attributes=attributes)


def decode(message: bytes | memoryview) -> list[Record]:
    """Decode one outer message."""
    return decode_message(message, decompressed_bytes_max=LIMIT)


PLAIN = make_message(b"one", offset=0) + make_message(None, key=b"k", offset=2)


@pytest.mark.parametrize("magic", [0, 1])
@pytest.mark.parametrize(
    ("key", "value"), [(b"k", b"v"), (b"", b""), (None, b"v"), (b"k", None), (None, None)]
)
@pytest.mark.parametrize("kind", [bytes, memoryview])
def test_a_plain_message_is_one_record(
    magic: int, key: bytes | None, value: bytes | None, kind: type[bytes | memoryview]
) -> None:
    """Null is not empty; v0 has no time."""
    message = make_message(value, key=key, magic=magic)

    assert [Record(9, 1_009 if magic else -1, key, value)] == decode(kind(message))


@pytest.mark.parametrize("codec", CODECS[1:])
def test_offsets_in_a_set_of_v1_are_relative(codec: Codec) -> None:
    """The outer offset is that of the last message (KIP-31)."""
    outer = wrap(PLAIN, offset=100, attributes=CODECS.index(codec))

    assert [Record(98, 1_000, None, b"one"), Record(100, 1_002, b"k", None)] == decode(outer)


def test_offsets_in_a_set_that_old_librdkafka_wrote_are_absolute() -> None:
    """It left the outer offset at 0."""
    assert [0, 2] == [record.offset for record in decode(wrap(PLAIN, offset=0))]


def test_offsets_in_a_set_of_v0_are_absolute() -> None:
    """The broker wrote each of them."""
    inner = make_message(b"a", offset=7, magic=0) + make_message(b"b", offset=9, magic=0)

    assert [7, 9] == [record.offset for record in decode(wrap(inner, magic=0))]


def test_append_time_holds_for_all_messages_of_a_set() -> None:
    """That of the outer message; what has no time of its own keeps none."""
    mixed = PLAIN + make_message(b"old", offset=3, magic=0)

    assert [1_009, 1_009, -1] == [each.timestamp_ms for each in decode(wrap(mixed, attributes=9))]


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4"])
def test_a_set_of_v0_is_read_as_kafka_wrote_it(codec: str) -> None:
    """Also its lz4 frames, whose header has a wrong checksum (KAFKA-3160)."""
    batch = BATCHES["v0", codec]
    first = batch if codec != "none" else batch[:30]

    assert decode(first)[0] == Record(7, -1, b"k", b"one")


@pytest.mark.parametrize("has_size", [False, True])
@pytest.mark.parametrize("change", [0, 1, 0xFF])
def test_the_checksum_of_an_lz4_header_counts_from_v1_on(change: int, *, has_size: bool) -> None:
    """Right or wrong, a frame of v0 is read; in v1 it has to be right."""
    inner = make_message(b"a", offset=9)
    frame = bytearray(lz4.frame.compress(inner, block_linked=False, store_size=has_size))
    frame[14 if has_size else 6] ^= change
    v0 = make_message(bytes(frame), magic=0, attributes=3)
    v1 = make_message(bytes(frame), magic=1, attributes=3)

    assert [Record(9, 1_009, None, b"a")] == decode(v0)
    if change:
        with pytest.raises(MalformedError, match="lz4 cannot read the batch"):
            decode(v1)
    else:
        assert [Record(9, 1_009, None, b"a")] == decode(v1)


def test_a_message_that_is_cut_off_within_a_set_is_left_out() -> None:
    """Kafka's clients do not see it either."""
    assert [Record(9, 1_000, None, b"one")] == decode(wrap(PLAIN[:-1], offset=9))


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (make_message(None, attributes=1), "a compressed message without a value"),
        (make_message(b"plain", attributes=1), "gzip cannot read the batch"),
        (make_message(b"plain", attributes=7), "compression codec 7 does not exist"),
        (make_message(b"no frame", magic=0, attributes=3), "the lz4 frame has no header"),
        (make_message(b"", magic=0, attributes=3), "the lz4 frame has no header"),
        (wrap(b""), "a compressed message holds no message"),
        (wrap(PLAIN[:20]), "a compressed message holds no message"),
        (wrap(wrap(PLAIN)), "holds something else than plain messages"),
        (wrap(BATCHES["v2", "none"]), "holds something else than plain messages"),
        (wrap(bytes(17)), "the batch at byte 0 has 0 bytes, below 14"),
    ],
)
def test_a_message_that_breaks_the_format_is_refused(message: bytes, text: str) -> None:
    """Sets do not nest, and hold something."""
    with pytest.raises(MalformedError, match=text):
        decode(message)


@pytest.mark.parametrize(
    ("lengths", "text"),
    [
        ((0, 9), "a field of 9 bytes goes beyond its message"),
        ((9, 0), "a field of 9 bytes goes beyond its message"),
        ((3, 0), "the message ends within a length"),
        (((1 << 31) - 1, 0), "a field of 2147483647 bytes goes beyond its message"),
    ],
)
def test_lengths_in_a_message_are_believed_as_far_as_it_goes(
    lengths: tuple[int, int], text: str
) -> None:
    """No allocation follows a lie."""
    message = bytearray(make_message(b""))
    struct.pack_into(">ii", message, 26, *lengths)

    with pytest.raises(MalformedError, match=text):
        decode(bytes(message))


@pytest.mark.parametrize("length", [-2, -(1 << 31)])
def test_any_negative_length_is_null(length: int) -> None:
    """As Kafka's clients read it."""
    message = bytearray(make_message(b""))
    struct.pack_into(">ii", message, 26, length, length)

    assert [Record(9, 1_009, None, None)] == decode(bytes(message))


def test_a_set_is_not_expanded_beyond_the_limit() -> None:
    """What fits is read, one byte more is refused."""
    outer = wrap(PLAIN)

    assert len(decode_message(outer, decompressed_bytes_max=len(PLAIN))) == 2
    with pytest.raises(LimitError):
        decode_message(outer, decompressed_bytes_max=len(PLAIN) - 1)


@given(
    damage=st.lists(st.tuples(st.integers(17, 90), st.integers(0, 2), st.binary(max_size=3))),
    magic=st.integers(0, 1),
    attributes=st.integers(0, 4),
)
def test_only_wire_errors_come_out_of_damaged_sets(
    damage: list[tuple[int, int, bytes]], magic: int, attributes: int
) -> None:
    """Records or an error."""
    message = bytearray(wrap(PLAIN, magic=magic, attributes=attributes))
    for place, length, put in damage:
        message[place : place + length] = put
    struct.pack_into(">i", message, 8, len(message) - 12)
    try:
        records = decode(bytes(message))
    except WireError:
        return

    assert records
