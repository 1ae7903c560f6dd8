"""Codecs: what Kafka's clients write is read, and never more than the limit is held."""

from __future__ import annotations

import gzip
import struct
from typing import TYPE_CHECKING

import cramjam
import lz4.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.errors import LimitError, MalformedError, WireError
from gateway.wire.records.batch import CODECS, V2_HEADER_BYTES
from gateway.wire.records.compression import compress, decompress
from tests.gateway.wire.records.handmade import (
    STREAMS,
    XERIAL_HEADER,
    lz4_frame,
    snappy_raw,
    zstd_frame,
)
from tests.gateway.wire.records.written_by_kafka import BATCHES

if TYPE_CHECKING:
    from gateway.wire.records.batch import Codec

TEXT = b"".join(b'{"card": "%016d"}' % number for number in range(5_000))
LIMIT = 1 << 20

every_codec = pytest.mark.parametrize("codec", CODECS[1:])


@pytest.mark.parametrize("codec", CODECS)
@given(source=st.binary(max_size=2_000) | st.just(TEXT) | st.just(bytes(200_000)))
def test_what_is_compressed_comes_back(codec: Codec, source: bytes) -> None:
    """Nothing, something and much of it."""
    assert source == decompress(codec, compress(codec, source), limit_bytes=LIMIT)


@every_codec
def test_the_limit_is_exact(codec: Codec) -> None:
    """What fits is returned whole, one byte more is refused."""
    compressed = compress(codec, TEXT)

    assert decompress(codec, compressed, limit_bytes=len(TEXT)) == TEXT
    with pytest.raises(LimitError, match=f"{codec}. beyond the limit of {len(TEXT) - 1:,} bytes"):
        decompress(codec, compressed, limit_bytes=len(TEXT) - 1)
    with pytest.raises(LimitError, match="beyond the limit of 0 bytes"):
        decompress(codec, compressed, limit_bytes=0)


def test_what_is_not_compressed_needs_no_limit() -> None:
    """It is in memory already."""
    assert TEXT is decompress("none", TEXT, limit_bytes=0)


@pytest.mark.parametrize("form", STREAMS)
def test_what_clients_may_write_is_read(form: str) -> None:
    """Other forms than the one that is written here."""
    codec, make = STREAMS[form]

    assert decompress(codec, make(TEXT), limit_bytes=LIMIT) == TEXT


def test_lz4_blocks_that_are_linked_are_read() -> None:
    """Not by Kafka's Java clients, but by others."""
    assert decompress("lz4", lz4_frame(TEXT, is_linked=True), limit_bytes=LIMIT) == TEXT


@every_codec
def test_what_kafka_wrote_is_read(codec: Codec) -> None:
    """The records of one batch, the same whatever the codec."""
    plain = BATCHES["v2", "none"][V2_HEADER_BYTES:]

    assert plain == decompress(codec, BATCHES["v2", codec][V2_HEADER_BYTES:], limit_bytes=LIMIT)


@every_codec
def test_what_is_cut_off_is_refused(codec: Codec) -> None:
    """At every byte: a part never passes for the whole."""
    source = compress(codec, TEXT[:200])

    for length in range(len(source)):
        if codec == "snappy" and length in {16, 17, 18, 19}:
            continue  # a stream of no chunks, as Kafka's clients see it
        with pytest.raises(MalformedError):
            decompress(codec, source[:length], limit_bytes=LIMIT)


@pytest.mark.parametrize(
    ("codec", "source", "text"),
    [
        ("gzip", b"", "the gzip stream is cut off"),
        ("gzip", b"plain", "gzip cannot read the batch"),
        ("gzip", gzip.compress(TEXT)[:-8] + bytes(8), "gzip cannot read the batch: .*check"),
        ("gzip", gzip.compress(TEXT) + gzip.compress(b"")[:10] + bytes(20), "gzip cannot read"),
        ("gzip", gzip.compress(TEXT) + gzip.compress(TEXT)[:-1], "the gzip stream is cut off"),
        ("gzip", gzip.compress(TEXT) + gzip.compress(b"")[:-1], "the gzip stream is cut off"),
        ("snappy", b"", "the snappy block declares no size"),
        ("snappy", XERIAL_HEADER[:15], "the snappy header is cut off"),
        ("snappy", compress("snappy", TEXT) + XERIAL_HEADER[:15], "the snappy header is cut off"),
        ("snappy", b"\xff" * 9, "the snappy block declares no size"),
        ("snappy", b"\x05\x00a", "snappy cannot read the batch"),
        ("snappy", snappy_raw(TEXT) + b"\x00", "snappy cannot read the batch"),
        ("snappy", b"\xff\xff\xff\xff\x0f", "a snappy block of 5 bytes declares 4294967295"),
        ("snappy", b"\x43\x00a", "a snappy block of 3 bytes declares 67"),
        ("snappy", XERIAL_HEADER + b"\x00\x00\x00\x02\x00", "a snappy chunk of 2 bytes is cut off"),
        ("snappy", XERIAL_HEADER + b"\xff\xff\xff\xff", "a snappy chunk of 4294967295 bytes is"),
        ("snappy", XERIAL_HEADER + bytes(4), "the snappy block declares no size"),
        ("lz4", b"", "the lz4 frame is cut off"),
        ("lz4", b"plain text", "lz4 cannot read the batch"),
        ("lz4", lz4_frame(TEXT)[:6] + b"\x00" + lz4_frame(TEXT)[7:], "lz4 cannot read the batch"),
        ("zstd", b"", "the zstd frame is cut off"),
        ("zstd", b"plain text", "zstd cannot read the batch"),
        ("zstd", zstd_frame(TEXT, has_checksum=True)[:-4] + bytes(4), "zstd cannot read the batch"),
        ("zstd", zstd_frame(TEXT) + b"what follows must be a frame", "zstd cannot read the batch"),
        ("zstd", zstd_frame(TEXT) + zstd_frame(TEXT)[:-1], "the zstd frame is cut off"),
    ],
)
def test_what_no_client_can_read_is_refused(codec: Codec, source: bytes, text: str) -> None:
    """With one kind of error, whatever the library says."""
    with pytest.raises(MalformedError, match=text):
        decompress(codec, source, limit_bytes=LIMIT)


def test_lz4_blocks_are_independent() -> None:
    """Kafka's Java reader refuses others, and blocks larger than 64 KiB cost it memory."""
    described = lz4.frame.get_frame_info(compress("lz4", TEXT))

    assert not described["block_linked"]
    assert described["block_size"] == 65_536


def test_snappy_is_framed_as_java_does() -> None:
    """In chunks of 32 KiB, behind a header."""
    compressed = compress("snappy", TEXT)
    (length,) = struct.unpack_from(">I", compressed, 16)
    chunk = bytes(cramjam.snappy.decompress_raw(compressed[20 : 20 + length]))

    assert compressed.startswith(XERIAL_HEADER)
    assert chunk == TEXT[: 32 * 1024]
    assert XERIAL_HEADER == compress("snappy", b"")


@every_codec
@given(
    damage=st.lists(
        st.tuples(st.integers(0, 100), st.integers(0, 2), st.binary(max_size=3)),
        min_size=1,
        max_size=3,
    )
)
def test_only_wire_errors_come_out_of_damaged_bytes(
    codec: Codec, damage: list[tuple[int, int, bytes]]
) -> None:
    """What is read all the same lies within the limit."""
    source = bytearray(compress(codec, TEXT[:200]))
    for place, length, put in damage:
        source[place : place + length] = put
    try:
        expanded = decompress(codec, bytes(source), limit_bytes=1_000)
    except WireError:
        return

    assert len(expanded) <= 1_000


@every_codec
@given(source=st.binary(max_size=60))
def test_only_wire_errors_come_out_of_arbitrary_bytes(codec: Codec, source: bytes) -> None:
    """What is read all the same lies within the limit."""
    try:
        expanded = decompress(codec, source, limit_bytes=1_000)
    except WireError:
        return

    assert len(expanded) <= 1_000
