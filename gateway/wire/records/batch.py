"""Batch headers: where each batch of a run of bytes lies and what it says, nothing decompressed."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final, Literal

import google_crc32c

from gateway.wire.errors import MalformedError

Codec = Literal["none", "gzip", "snappy", "lz4", "zstd"]
CODECS: Final[tuple[Codec, ...]] = ("none", "gzip", "snappy", "lz4", "zstd")

MAGIC_V2: Final = 2
V2_HEADER: Final = struct.Struct(">qiibIhiqqqhii")
V2_HEADER_BYTES: Final = V2_HEADER.size
PREFIX: Final = struct.Struct(">qi")
PREFIX_BYTES: Final = PREFIX.size
_MAGIC_AT: Final = 16
_CRC_FROM: Final = 21  # v2: attributes to the end; what stands before may change on the broker
_LEGACY_CRC_FROM: Final = 16
# crc, magic, attributes, [timestamp], key length, value length
LEGACY_BYTES_MIN: Final = {0: 26, 1: 34}

_CODEC_BITS: Final = 0x07
_LOG_APPEND_BIT: Final = 0x08
_TRANSACTIONAL_BIT: Final = 0x10
_CONTROL_BIT: Final = 0x20


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHeader:
    """The header of one batch, or of one outer message of a v0 or v1 message set.

    An outer message that holds others (compressed) counts as one record at its own offset, which is the offset of
    the last record in it: how many there are cannot be told without decompressing.
    """

    base_offset: int
    batch_bytes: int
    """The whole batch, its 12 bytes of offset and length included."""
    partition_leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    base_timestamp_ms: int
    max_timestamp_ms: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    record_count: int

    @property
    def codec(self) -> Codec:
        """How the records are compressed; raises MalformedError for a codec that Kafka has not."""
        number = self.attributes & _CODEC_BITS
        if number >= len(CODECS):
            raise MalformedError(f"compression codec {number} does not exist")
        return CODECS[number]

    @property
    def is_control(self) -> bool:
        """Whether the batch marks the end of a transaction and holds no data."""
        return self.magic >= MAGIC_V2 and bool(self.attributes & _CONTROL_BIT)

    @property
    def is_transactional(self) -> bool:
        """Whether the records belong to a transaction."""
        return self.magic >= MAGIC_V2 and bool(self.attributes & _TRANSACTIONAL_BIT)

    @property
    def is_log_append_time(self) -> bool:
        """Whether the broker set the timestamps."""
        return self.magic > 0 and bool(self.attributes & _LOG_APPEND_BIT)

    @property
    def last_offset(self) -> int:
        """The offset of the last record, also where compaction has removed it."""
        return self.base_offset + self.last_offset_delta


@dataclass(frozen=True, slots=True)
class BatchSpan:
    """A batch's place in a run of bytes; `header` is None for a tail that was cut off."""

    start: int
    end: int
    header: BatchHeader | None


def walk(payload: bytes | memoryview) -> list[BatchSpan]:
    """Find the batches in a run of bytes; raises MalformedError where there can be none."""
    spans = []
    position, size = 0, len(payload)
    while position < size:
        if size - position <= _MAGIC_AT:
            spans.append(BatchSpan(position, size, None))
            break
        end = position + PREFIX_BYTES + _length(payload, position)
        if end > size:
            spans.append(BatchSpan(position, size, None))
            break
        spans.append(BatchSpan(position, end, read_header(payload[position:end])))
        position = end
    return spans


def _length(payload: bytes | memoryview, position: int) -> int:
    magic = payload[position + _MAGIC_AT]
    length: int = PREFIX.unpack_from(payload, position)[1]
    if magic == MAGIC_V2:
        least = V2_HEADER_BYTES - PREFIX_BYTES
    elif magic in LEGACY_BYTES_MIN:
        least = LEGACY_BYTES_MIN[magic] - PREFIX_BYTES
    else:
        raise MalformedError(f"no record batch at byte {position}: magic {magic}")
    if length < least:
        raise MalformedError(f"the batch at byte {position} has {length} bytes, below {least}")
    return length


def read_header(batch: bytes | memoryview) -> BatchHeader:
    """Read the header of one whole batch; raises MalformedError."""
    if len(batch) <= _MAGIC_AT or len(batch) != PREFIX_BYTES + _length(batch, 0):
        raise MalformedError(f"{len(batch)} bytes are not one whole batch")
    if batch[_MAGIC_AT] != MAGIC_V2:
        return _read_legacy_header(batch)
    fields = V2_HEADER.unpack_from(batch)
    header = BatchHeader(
        base_offset=fields[0],
        batch_bytes=len(batch),
        partition_leader_epoch=fields[2],
        magic=fields[3],
        crc=fields[4],
        attributes=fields[5],
        last_offset_delta=fields[6],
        base_timestamp_ms=fields[7],
        max_timestamp_ms=fields[8],
        producer_id=fields[9],
        producer_epoch=fields[10],
        base_sequence=fields[11],
        record_count=fields[12],
    )
    if header.record_count < 0 or header.last_offset_delta < 0:
        raise MalformedError("a batch with a negative record count or offset delta")
    return header


def _read_legacy_header(message: bytes | memoryview) -> BatchHeader:
    offset, _, crc, magic, attributes = struct.unpack_from(">qiIbb", message)
    timestamp_ms = struct.unpack_from(">q", message, 18)[0] if magic else -1
    return BatchHeader(
        base_offset=offset,
        batch_bytes=len(message),
        partition_leader_epoch=-1,
        magic=magic,
        crc=crc,
        attributes=attributes,
        last_offset_delta=0,
        base_timestamp_ms=timestamp_ms,
        max_timestamp_ms=timestamp_ms,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        record_count=1,
    )


def crc_is_valid(batch: bytes | memoryview) -> bool:
    """Tell whether one whole batch matches its checksum (v2: CRC-32C; v0 and v1: CRC-32)."""
    header = read_header(batch)
    if header.magic == MAGIC_V2:
        return bool(google_crc32c.value(bytes(batch[_CRC_FROM:])) == header.crc)
    return zlib.crc32(batch[_LEGACY_CRC_FROM:]) == header.crc


def with_crc(batch: bytearray) -> bytes:
    """Return the v2 batch with its checksum set."""
    struct.pack_into(">I", batch, _CRC_FROM - 4, google_crc32c.value(bytes(batch[_CRC_FROM:])))
    return bytes(batch)
