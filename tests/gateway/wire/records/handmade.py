"""Batches put together by hand: as clients could write them who mean no good."""

from __future__ import annotations

import gzip
import struct
from typing import TYPE_CHECKING

import cramjam
import lz4.frame
import zstandard

from gateway.wire.records.batch import MAGIC_V2, V2_HEADER, V2_HEADER_BYTES, with_crc
from gateway.wire.records.compression import compress
from gateway.wire.records.record import Record
from gateway.wire.records.varint import write_varint

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.wire.records.batch import Codec

INT64_MIN = -(1 << 63)

ODD_RECORDS: dict[str, tuple[str, Record]] = {
    "attributes that mean nothing": ("55 00 00 01 02 61 00", Record(0, 1_000, None, b"a")),
    "a key of length -2": ("00 00 00 03 02 61 00", Record(0, 1_000, None, b"a")),
    "a value of length -3": ("00 00 00 01 05 00", Record(0, 1_000, None, None)),
    "a header of length -2": (
        "00 00 00 01 01 02 02 68 03",
        Record(0, 1_000, None, None, (("h", None),)),
    ),
    "a length with bits beyond 32": (
        "00 00 00 01 8280808070 61 00",
        Record(0, 1_000, None, b"a"),
    ),
    "a length that is padded": ("00 00 00 01 8280808000 61 00", Record(0, 1_000, None, b"a")),
    "an offset beyond the batch's last": ("00 00 0e 01 02 61 00", Record(7, 1_000, None, b"a")),
    "an offset before the batch's first": ("00 00 05 01 02 61 00", Record(-3, 1_000, None, b"a")),
    "a timestamp that overflows": (
        "00 feffffffffffffffff01 00 01 02 61 00",
        Record(0, INT64_MIN + 999, None, b"a"),
    ),
    "a timestamp with bits beyond 64": (
        "00 8280808080808080807e 00 01 02 61 00",
        Record(0, 1_001, None, b"a"),
    ),
}
"""The fields of records that Kafka's clients read all the same, and what they read."""

XERIAL_HEADER = b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1)
SKIPPABLE = struct.pack("<II", 0x184D2A50, 4) + b"skip"


def snappy_raw(source: bytes) -> bytes:
    """Compress as librdkafka does: one block, no framing."""
    return bytes(cramjam.snappy.compress_raw(source))


def lz4_frame(source: bytes, *, is_linked: bool = False, has_size: bool = False) -> bytes:
    """Compress into one frame."""
    frame: bytes = lz4.frame.compress(source, block_linked=is_linked, store_size=has_size)
    return frame


def zstd_frame(source: bytes, *, has_size: bool = True, has_checksum: bool = False) -> bytes:
    """Compress into one frame."""
    return zstandard.ZstdCompressor(
        write_content_size=has_size, write_checksum=has_checksum
    ).compress(source)


STREAMS: dict[str, tuple[Codec, Callable[[bytes], bytes]]] = {
    "gzip, two members": ("gzip", lambda s: gzip.compress(s[:3]) + gzip.compress(s[3:])),
    "gzip, empty member last": ("gzip", lambda s: gzip.compress(s) + gzip.compress(b"")),
    "gzip, empty member first": ("gzip", lambda s: gzip.compress(b"") + gzip.compress(s)),
    "gzip, text behind": ("gzip", lambda s: gzip.compress(s) + b"what is no member"),
    "gzip, zeros behind": ("gzip", lambda s: gzip.compress(s) + bytes(99)),
    "gzip, short member behind": ("gzip", lambda s: gzip.compress(s) + gzip.compress(b"")[:18]),
    "snappy, raw": ("snappy", snappy_raw),
    "snappy, two streams": (
        "snappy",
        lambda s: compress("snappy", s[:3]) + compress("snappy", s[3:]),
    ),
    "snappy, zeros behind": ("snappy", lambda s: compress("snappy", s) + bytes(3)),
    "snappy, Redpanda's versions": (
        "snappy",
        lambda s: XERIAL_HEADER[:8] + struct.pack("<ii", 1, 1) + compress("snappy", s)[16:],
    ),
    "lz4, with size": ("lz4", lambda s: lz4_frame(s, has_size=True)),
    "lz4, two frames": ("lz4", lambda s: lz4_frame(s) + lz4_frame(b"the first alone counts")),
    "lz4, text behind": ("lz4", lambda s: lz4_frame(s) + b"what follows is ignored"),
    "zstd, without size": ("zstd", lambda s: zstd_frame(s, has_size=False)),
    "zstd, with checksum": ("zstd", lambda s: zstd_frame(s, has_checksum=True)),
    "zstd, two frames": ("zstd", lambda s: zstd_frame(s[:3]) + zstd_frame(s[3:], has_size=False)),
    "zstd, skippable frames": ("zstd", lambda s: SKIPPABLE + zstd_frame(s) + SKIPPABLE),
    "zstd, start of a frame behind": ("zstd", lambda s: zstd_frame(s) + zstd_frame(s)[:9]),
}
"""Forms of compressed streams, beside the usual, that Kafka's Java clients read."""


def varint(value: int) -> bytes:
    """Write a varint."""
    target = bytearray()
    write_varint(target, value)
    return bytes(target)


def make_record(fields: str = "00 00 00 01 02 61 00", *, length: bytes | None = None) -> bytes:
    """Make a record of attributes, two deltas, key, value and headers; length by default right."""
    body = bytes.fromhex(fields)
    return (varint(len(body)) if length is None else length) + body


def make_batch(
    body: bytes, count: int = 1, *, attributes: int = 0, base_offset: int = 0, base_ms: int = 1_000
) -> bytes:
    """Make a v2 batch around bytes that may be anything, with a right checksum."""
    header = V2_HEADER.pack(
        base_offset,
        V2_HEADER_BYTES - 12 + len(body),
        -1,
        MAGIC_V2,
        0,
        attributes,
        0,
        base_ms,
        7_777,
        -1,
        -1,
        -1,
        count,
    )
    return with_crc(bytearray(header) + body)
