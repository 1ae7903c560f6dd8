"""Writing one segment: frames with headers, synced, then sealed by a seek table and a rename."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec
import zstandard

from gateway.evidence.block import (
    NO_PREVIOUS,
    SEGMENT_FORMAT,
    BlockHeader,
    BlockKind,
    CloseReason,
    EncodedHeader,
    Totals,
    encode_header,
)
from gateway.evidence.durability import WRITTEN, weakest
from gateway.evidence.event import EVENT_SCHEMA, EventKind
from gateway.evidence.failpoints import Failpoint, reach
from gateway.evidence.files import rename_anew, sync_content, sync_directory, write_all
from gateway.evidence.rows import Row, to_record_batch
from gateway.evidence.seekable import SeekEntry, encode_seek_table, entry_of, skippable_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gateway.evidence.log.writer import LogSigning, LogWriter

SUFFIX: Final = ".arrow.zst"
PARTIAL_SUFFIX: Final = SUFFIX + ".partial"
END_OF_STREAM: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"
# The seekable format's reference decoder refuses frames of more.
CONTENT_BYTES_MAX: Final = 1024 * 1024 * 1024


def is_partial(name: str) -> bool:
    """Say by its name whether a segment is still being written, or was left so by a crash."""
    return name.endswith(PARTIAL_SUFFIX)


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Where an origin's history stands: what its next segment carries on from."""

    segment: int = 0
    block: int = 0
    previous_sha256: str = NO_PREVIOUS
    sequence: int = 0


def _new_segment_id() -> str:
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealOptions:
    """How segments are written; fix the clock and the ids to get the same bytes twice."""

    durability: str = WRITTEN
    """The gateway's mode, as the headers that open and close a segment state it."""
    compression_level: int = 3
    log: LogSigning | None = None
    """How the origin's log is signed; None leaves the archive without one."""
    clock: Callable[[], int] = field(default=time.time_ns)
    new_segment_id: Callable[[], str] = field(default=_new_segment_id)


@dataclass(slots=True, kw_only=True)
class SegmentState:
    """What the headers written so far add up to, while writing and when recovering alike."""

    origin: str
    segment_id: str
    chain: Chain
    totals: Totals
    entries: list[SeekEntry] = field(default_factory=list)
    stored_bytes: int = 0
    content_bytes: int = 0
    is_closed: bool = False

    def add(self, header: BlockHeader, encoded: EncodedHeader, frame: bytes) -> None:
        """Take in one header with its frame."""
        if header.kind is BlockKind.OPEN:
            self.totals = Totals.said_by(header)
        if header.kind is BlockKind.BLOCK:
            self.totals.add(header)
        header_entry = skippable_entry(len(encoded.frame))
        self.entries += (header_entry, entry_of(frame, header.content_bytes))
        self.stored_bytes += len(encoded.frame) + len(frame)
        self.content_bytes += header.content_bytes
        self.is_closed = header.kind is BlockKind.CLOSE
        self.chain = Chain(
            segment=header.segment + self.is_closed,
            block=header.block + 1,
            previous_sha256=encoded.digest,
            sequence=header.last_sequence + 1,
        )


class SegmentWriter:
    """Writes the blocks of one segment; any OSError is final: do not use the writer after it."""

    def __init__(
        self,
        path: Path,
        fd: int,
        state: SegmentState,
        options: SealOptions,
        log: LogWriter | None = None,
    ) -> None:
        """Carry on a file; every header that is written becomes a leaf of the log."""
        self._log = log
        self.path = path
        self._fd = fd
        self._state = state
        self._options = options
        self._seen: set[bytes] = set()
        self._compressor = zstandard.ZstdCompressor(
            level=options.compression_level, write_checksum=True, write_content_size=True
        )

    @classmethod
    def create(
        cls,
        directory: Path,
        origin: str,
        chain: Chain,
        options: SealOptions,
        log: LogWriter | None = None,
    ) -> SegmentWriter:
        """Start the segment that follows in the chain."""
        path = directory / f"{chain.sequence:020d}{PARTIAL_SUFFIX}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o640)
        sync_directory(directory)
        reach(Failpoint.SEGMENT_CREATED)
        state = SegmentState(
            origin=origin,
            segment_id=options.new_segment_id(),
            chain=chain,
            totals=Totals(chain.sequence),
        )
        writer = cls(path, fd, state, options, log)
        outline = writer._outline(BlockKind.OPEN)
        if log is not None:
            opening = log.opening()
            outline = msgspec.structs.replace(
                outline, log=opening.log, keys=opening.keys, key_change=opening.key_change
            )
        writer._write(EVENT_SCHEMA.serialize(), outline)
        return writer

    @property
    def chain(self) -> Chain:
        """Where the origin's history stands after the last block."""
        return self._state.chain

    @property
    def stored_bytes(self) -> int:
        """The size of the file."""
        return self._state.stored_bytes

    @property
    def content_bytes(self) -> int:
        """The size of what the frames decompress to."""
        return self._state.content_bytes

    @property
    def batch_count(self) -> int:
        """The number of different record batches, of which both sides keep the digests."""
        return len(self._seen)

    def append(self, rows: Sequence[Row], reason: CloseReason) -> None:
        """Write one block; the sequence numbers of its rows follow each other.

        They need not follow the last block's: a gap is recorded as it is and every reader sees it.
        """
        assert rows, "a block holds at least one event"
        assert rows[-1].sequence - rows[0].sequence == len(rows) - 1, "rows are gapless"
        assert rows[0].sequence >= self.chain.sequence, "no event is sealed twice"
        events = [row.event for row in rows]
        outline = msgspec.structs.replace(
            self._outline(BlockKind.BLOCK, reason),
            first_sequence=rows[0].sequence,
            last_sequence=rows[-1].sequence,
            event_count=len(rows),
            first_wall_ns=min(event.wall_ns for event in events),
            last_wall_ns=max(event.wall_ns for event in events),
            boot_ids=tuple(sorted({row.boot_id for row in rows})),
            bundle_digests=tuple(
                sorted({event.bundle_digest.hex() for event in events if event.bundle_digest})
            ),
            durability=weakest({row.durability for row in rows}),
            torn_bytes=sum(
                event.byte_count or 0 for event in events if event.kind is EventKind.TORN
            ),
        )
        self._write(to_record_batch(rows, self._seen).serialize(), outline)
        reach(Failpoint.BLOCK_WRITTEN)

    def sync(self) -> None:
        """Make every block written so far durable."""
        sync_content(self._fd)
        reach(Failpoint.BLOCK_SYNCED)

    def close(self, reason: CloseReason) -> Path:
        """Seal the segment and return its final path; the file never changes after that."""
        if not self._state.is_closed:
            self._write(END_OF_STREAM, self._outline(BlockKind.CLOSE, reason))
        write_all(self._fd, [encode_seek_table(self._state.entries)])
        os.fsync(self._fd)
        os.close(self._fd)
        reach(Failpoint.SEGMENT_ENDED)
        final = self.path.with_suffix("")
        rename_anew(self.path, final)
        return final

    def _outline(self, kind: BlockKind, reason: CloseReason | None = None) -> BlockHeader:
        """Return a header that lacks its frame; a close header sums up the segment already."""
        state = self._state
        totals = state.totals
        is_close = kind is BlockKind.CLOSE
        return BlockHeader(
            format=SEGMENT_FORMAT,
            kind=kind,
            origin=state.origin,
            segment=state.chain.segment,
            segment_id=state.segment_id,
            block=state.chain.block,
            first_sequence=totals.first_sequence if is_close else state.chain.sequence,
            last_sequence=state.chain.sequence - 1,
            event_count=totals.event_count,
            first_wall_ns=totals.first_wall_ns,
            last_wall_ns=totals.last_wall_ns,
            sealed_wall_ns=self._options.clock(),
            frame_bytes=0,
            content_bytes=0,
            frame_sha256="",
            previous_sha256=state.chain.previous_sha256,
            boot_ids=(),
            bundle_digests=(),
            durability=self._options.durability,
            reason=reason,
            torn_bytes=totals.torn_bytes,
        )

    def _write(self, content: bytes, outline: BlockHeader) -> None:
        assert len(content) <= CONTENT_BYTES_MAX, "journal entries are bounded well below"
        frame = self._compressor.compress(content)
        header = msgspec.structs.replace(
            outline,
            frame_bytes=len(frame),
            content_bytes=len(content),
            frame_sha256=hashlib.sha256(frame).hexdigest(),
        )
        encoded = encode_header(header)
        write_all(self._fd, [encoded.frame, frame])
        self._state.add(header, encoded, frame)
        if self._log is not None:
            self._log.append(encoded.line)
