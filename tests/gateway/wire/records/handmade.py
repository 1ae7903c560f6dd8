"""Batches put together by hand: as clients could write them who mean no good."""

from __future__ import annotations

from gateway.wire.records.batch import MAGIC_V2, V2_HEADER, V2_HEADER_BYTES, with_crc
from gateway.wire.records.varint import write_varint


def varint(value: int) -> bytes:
    """Write a varint."""
    target = bytearray()
    write_varint(target, value)
    return bytes(target)


def make_record(  # the fields of a record in order, each as bytes
    fields: str = "00 00 00 01 02 61 00", *, length: bytes | None = None
) -> bytes:
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
