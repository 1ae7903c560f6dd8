"""Runs of record batches, as Produce and Fetch carry them, with their records masked.

A batch keeps everything but its records' bytes: offsets, producer, sequence, epochs, attributes,
codec. Control batches hold no data and pass. A batch without its end is cut off: its bytes may be
in clear, and no client can use them; the broker gives it whole at the next Fetch (KIP-74).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gateway.masking.errors import UndecodableError
from gateway.masking.plan import Undecodable
from gateway.masking.record_bytes import RecordMasker
from gateway.wire.errors import WireError
from gateway.wire.records.batch import (
    MAGIC_V2,
    PREFIX_BYTES,
    V2_HEADER,
    V2_HEADER_BYTES,
    crc_is_valid,
    read_header,
    walk,
    with_crc,
)
from gateway.wire.records.compression import compress, decompress
from gateway.wire.records.decode import decode_batch
from gateway.wire.records.encode import BatchOptions, encode_batch

if TYPE_CHECKING:
    from gateway.masking.plan import Plan
    from gateway.wire.records.batch import BatchHeader

EXPANDED_BYTES_MAX: Final = 128 * 1024 * 1024
"""What one batch may hold; the largest request of a broker by default is 100 MiB."""

BATCH_BYTES_MAX: Final = 2**31 - 1


@dataclass(slots=True)
class Masked:
    """What became of a run of batches."""

    records: bytes | memoryview
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By field and method."""
    undecodable: str | None = None
    """Why nothing of it may pass; `records` is empty then."""
    passed_count: int = 0
    """Records and batches that could not be read and passed as they were."""
    cut_bytes: int = 0
    """A batch without its end, left out."""


def stopped(reason: str) -> Masked:
    """Let nothing pass."""
    return Masked(b"", undecodable=reason)


def mask_batches(
    records: bytes | memoryview, plan: Plan, *, converts: bool, expanded_bytes_max: int
) -> Masked:
    """Mask a run of batches, in which nothing may pass where one must not.

    With `converts` a message of the formats before v2, which is not written any more, becomes a
    batch of format v2; every client that asks with Fetch 4 or newer reads both.
    """
    masked = Masked(records)
    parts: list[bytes | memoryview] = []
    try:
        for span in walk(records):
            if span.header is None:
                masked.cut_bytes = span.end - span.start
                break
            batch = records[span.start : span.end]
            opening = _Opening(plan, expanded_bytes_max, converts=converts)
            parts.append(opening.mask(batch, span.header, masked))
    except (UndecodableError, WireError) as error:
        return stopped(str(error))
    joined = b"".join(parts)
    if joined != records:
        masked.records = joined
    return masked


@dataclass(frozen=True, slots=True)
class _Opening:
    """Opens one batch after the other."""

    plan: Plan
    expanded_bytes_max: int
    converts: bool

    def mask(
        self, batch: bytes | memoryview, header: BatchHeader, masked: Masked
    ) -> bytes | memoryview:
        """Return the batch with its records masked; raises UndecodableError, WireError."""
        if header.is_control:
            return batch
        masker = RecordMasker(self.plan)
        try:
            rewritten = self._rewrite(batch, header, masker)
        except (UndecodableError, WireError):
            if self.plan.on_undecodable is not Undecodable.PASS_RECORDED:
                raise
            masked.passed_count += 1
            return batch
        masked.passed_count += masker.passed_count
        for name, method, count in masker.items():
            masked.counts[name, method] += count
        return rewritten

    def _rewrite(
        self, batch: bytes | memoryview, header: BatchHeader, masker: RecordMasker
    ) -> bytes | memoryview:
        if not crc_is_valid(batch):
            # A new checksum would vouch for what the reader would have refused.
            raise UndecodableError("the batch does not match its checksum")
        if header.magic != MAGIC_V2:
            return self._convert(batch, header, masker)
        source = bytes(batch[V2_HEADER_BYTES:])
        body = decompress(header.codec, source, limit_bytes=self.expanded_bytes_max)
        rewritten = masker.rewrite(body, header.record_count)
        if rewritten == body:
            return batch
        stored = compress(header.codec, rewritten)
        length = V2_HEADER_BYTES - PREFIX_BYTES + len(stored)
        if length > BATCH_BYTES_MAX:
            raise UndecodableError(f"the masked batch has {length} bytes, more than a batch can")
        return with_crc(bytearray(V2_HEADER.pack(header.base_offset, length, *header[2:])) + stored)

    def _convert(
        self, batch: bytes | memoryview, header: BatchHeader, masker: RecordMasker
    ) -> bytes | memoryview:
        if not self.converts:
            raise UndecodableError("the batch has a format that is not written any more")
        records = decode_batch(batch, decompressed_bytes_max=self.expanded_bytes_max)
        if records[0].offset > records[-1].offset:
            raise UndecodableError("the offsets of a compressed message do not rise")
        options = BatchOptions(codec=header.codec, is_log_append_time=header.is_log_append_time)
        newer = encode_batch(records, options)
        return self._rewrite(newer, read_header(newer), masker)
