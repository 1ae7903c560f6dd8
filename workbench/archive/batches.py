"""Opening the record batches of a segment, each once, and saying what became of their bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

import pyarrow as pa

from gateway.evidence.errors import EncryptionError
from gateway.wire.errors import LimitError, MalformedError, WireError
from gateway.wire.records.batch import (
    MAGIC_V2,
    BatchHeader,
    crc_is_valid,
    read_cut_header,
    walk,
)
from gateway.wire.records.decode import control_type, decode_batch
from workbench.archive.files import RECORD_ROWS
from workbench.archive.keys import Missing
from workbench.tables.content import content_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.wire.records.record import Headers, Record
    from workbench.archive.files import RowGroups
    from workbench.archive.unsealing import Sealing

# Ten times what Kafka's brokers take by default (message.max.bytes), expanded tenfold.
DECOMPRESSED_BYTES_MAX: Final = 128 * 1024 * 1024
# A batch of tiny records takes up to two hundred times its size in memory; producers' batches hold
# some thousands.
BATCH_RECORDS_MAX: Final = 1_000_000
# The number of records in an old message set is not known beforehand, so its size is bounded.
LEGACY_BYTES_MAX: Final = 32 * 1024 * 1024

State = Literal["records", "control", "undecodable", "cut", "lost", "encrypted"]
"""What became of a batch's bytes.

records: its records are in the file of records. control: the end of a transaction, without records.
undecodable: the bytes are there and cannot be read. cut: the end of a Fetch answer, no whole batch.
lost: they stood in a damaged block. encrypted: their key is not at hand.
"""

# Years 1 to 9999: what a date can hold.
_TIMESTAMP_MS_MIN: Final = -62_135_596_800_000
_TIMESTAMP_MS_MAX: Final = 253_402_300_799_999
_NO_TIMESTAMP: Final = -1
_NOT_ITS_DIGEST: Final = "the stored bytes do not match the SHA-256 beside them"
_OFFSET_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What became of one batch, and what its header says of transactions."""

    state: State
    number: int | None = None
    record_count: int | None = None
    """The number of records that were read; None where none could be."""
    producer_id: int | None = None
    """None for a batch outside a transaction."""
    is_abort: bool = False
    """Whether this is the marker of an aborted transaction."""
    problem: str | None = None
    cut_offsets: tuple[int | None, int] | None = None
    """The first and last offset of a batch whose end was cut off, where its header tells them.

    A compressed message of the older formats tells the last one alone.
    """
    head: bytes | None = None
    """What the header says, as a digest: a batch and what was cut off it have the same."""
    sha256: bytes | None = None
    """The SHA-256 of the batch itself, where what is stored is sealed and was opened."""


LOST: Final = Opened(state="lost")


class Batches:
    """The batches of one segment by the SHA-256 of their bytes; their records go to a file."""

    def __init__(self, records: RowGroups, store: int) -> None:
        self._records = records
        self._store = store
        self._opened: dict[bytes, Opened] = {}
        self._sealed: dict[bytes, Opened] = {}

    @property
    def opened(self) -> dict[bytes, Opened]:
        """All batches whose bytes stand in the segment, in the order of their first appearance."""
        return self._opened

    @property
    def unsealed(self) -> dict[bytes, Opened]:
        """The sealed batches that were opened, by the SHA-256 of what is stored."""
        return {digest: each for digest, each in self._sealed.items() if each.sha256 is not None}

    def take(self, digest: bytes, payload: memoryview | None) -> Opened:
        """Return what a batch is; without payload its bytes must have come before."""
        known = self._opened.get(digest)
        if known is None and payload is not None:
            known = self._opened[digest] = self._open(digest, payload)
        return known or LOST

    def take_sealed(
        self, digest: bytes, payload: memoryview | None, sealing: Sealing, position: int
    ) -> Opened:
        """Return what the batch at a position of a sealed event is, by its digest as stored.

        Once opened it is the same batch as one that was delivered to another session, or in clear.
        """
        known = self._sealed.get(digest)
        if known is None and payload is not None:
            known = self._sealed[digest] = self._unseal(digest, payload, sealing, position)
        return known or LOST

    def _unseal(
        self, digest: bytes, payload: memoryview, sealing: Sealing, position: int
    ) -> Opened:
        if isinstance(sealing.key, Missing):
            return _closed(sealing, position)
        if hashlib.sha256(payload).digest() != digest:
            return Opened(state="undecodable", problem=_NOT_ITS_DIGEST)
        try:
            plain = sealing.key.unseal(payload)
        except EncryptionError as error:
            return Opened(state="undecodable", problem=str(error))
        sha256 = hashlib.sha256(plain).digest()
        return replace(self.take(sha256, memoryview(plain)), sha256=sha256)

    def _open(self, digest: bytes, payload: memoryview) -> Opened:
        number = len(self._opened)
        try:
            return self._read(number, digest, payload)
        except WireError as error:
            return Opened(state="undecodable", number=number, problem=str(error))

    def _read(self, number: int, digest: bytes, payload: memoryview) -> Opened:
        if hashlib.sha256(payload).digest() != digest:
            raise MalformedError(_NOT_ITS_DIGEST)
        header = _only_header(payload)
        if header is None:
            return _cut(number, payload)
        if not crc_is_valid(payload):
            raise MalformedError("the batch does not match its checksum")
        if header.is_control:
            return Opened(
                state="control",
                number=number,
                record_count=0,
                producer_id=header.producer_id,
                is_abort=control_type(payload) == "abort",
                head=_head(header),
            )
        records = _decode(header, payload)
        self._write(number, header, records)
        return Opened(
            state="records",
            number=number,
            record_count=len(records),
            producer_id=header.producer_id if header.is_transactional else None,
            head=_head(header),
        )

    def _write(self, number: int, header: BatchHeader, records: list[Record]) -> None:
        of_batch = {
            "store": self._store,
            "number": number,
            "timestamp_type": _timestamp_type(header),
            "codec": header.codec,
            "producer_id": header.producer_id,
            "is_transactional": header.is_transactional,
        }
        of_record: dict[str, Sequence[object]] = {
            "position": range(len(records)),
            "offset": [each.offset for each in records],
            "timestamp": [_microseconds(each.timestamp_ms) for each in records],
            "content": [content_digest(each.key, each.value, each.headers) for each in records],
            "key": [each.key for each in records],
            "value": [each.value for each in records],
            "headers": [each.headers and _readable(each.headers) for each in records],
        }
        arrays = [
            pa.array(of_record[field.name], field.type)
            if field.name in of_record
            else pa.repeat(pa.scalar(of_batch[field.name], field.type), len(records))
            for field in RECORD_ROWS
        ]
        self._records.write(pa.RecordBatch.from_arrays(arrays, schema=RECORD_ROWS))


def _closed(sealing: Sealing, position: int) -> Opened:
    """Tell of a batch without its key what its event says in clear."""
    mark = sealing.mark
    if position in mark.control:
        return Opened(state="control", record_count=0)
    offsets = {where: (first, last) for where, first, last in mark.unplaced}.get(position)
    assert isinstance(sealing.key, Missing), "whoever has the key opens the batch"
    problem = f"what session {sealing.session} sent or was sent is encrypted: {sealing.key.reason}"
    return Opened(state="encrypted", problem=problem, cut_offsets=offsets)


def _only_header(payload: memoryview) -> BatchHeader | None:
    spans = list(islice(walk(payload), 2))
    if len(spans) > 1:
        raise MalformedError("more than one batch stands where one should")
    return spans[0].header if spans else None


def _cut(number: int, payload: memoryview) -> Opened:
    # Less than a header holds no record.
    header = read_cut_header(payload)
    if header is None:
        return Opened(state="cut", number=number)
    if header.last_offset > _OFFSET_MAX:
        raise MalformedError("the batch ends at an offset beyond 64 bits")
    is_set = header.magic < MAGIC_V2 and header.codec != "none"
    first = None if is_set else header.base_offset
    offsets = (first, header.last_offset)
    return Opened(state="cut", number=number, cut_offsets=offsets, head=_head(header))


def _head(header: BatchHeader) -> bytes:
    """Digest what a header says: the checksum of the records and their offsets among it.

    The leader's epoch is left out, which changes while the records stay the same.
    """
    said = tuple(header._replace(partition_leader_epoch=-1))
    return hashlib.sha256(repr(said).encode()).digest()


def _decode(header: BatchHeader, payload: memoryview) -> list[Record]:
    if header.record_count > BATCH_RECORDS_MAX:
        raise LimitError(
            f"{header.record_count} records in one batch, the limit is {BATCH_RECORDS_MAX}"
        )
    limit = DECOMPRESSED_BYTES_MAX if header.magic == MAGIC_V2 else LEGACY_BYTES_MAX
    return decode_batch(payload, decompressed_bytes_max=limit)


def _microseconds(timestamp_ms: int) -> int | None:
    is_date = _TIMESTAMP_MS_MIN <= timestamp_ms <= _TIMESTAMP_MS_MAX
    return timestamp_ms * 1_000 if is_date and timestamp_ms != _NO_TIMESTAMP else None


def _timestamp_type(header: BatchHeader) -> str | None:
    if header.magic == 0:
        return None
    return "append" if header.is_log_append_time else "create"


def _readable(headers: Headers) -> list[dict[str, object]]:
    """Give headers whose names may hold bytes that are no text: these come as escapes."""
    return [
        {
            "name": name.encode(errors="surrogateescape").decode(errors="backslashreplace"),
            "value": value,
        }
        for name, value in headers
    ]
