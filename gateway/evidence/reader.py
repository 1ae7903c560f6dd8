"""Reading segments into blocks of rows; what is unsound in itself or in its place is a `Damage`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
import zstandard

from gateway.evidence.block import NO_PREVIOUS, BlockHeader, BlockKind
from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.errors import DamagedError
from gateway.evidence.event import EVENT_SCHEMA
from gateway.evidence.segment import CONTENT_BYTES_MAX, END_OF_STREAM, PARTIAL_SUFFIX, SUFFIX
from gateway.evidence.walk import SegmentWalk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.evidence.outline import SegmentOutline
    from gateway.evidence.stored import StoredBlock, StoredHeader

_CONTINUATION: Final = b"\xff\xff\xff\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of events, sound in itself."""

    origin: str
    segment: str
    header: BlockHeader
    rows: pa.RecordBatch


class SegmentReader:
    """Reads the segments of one origin in order and remembers what must come next.

    Start one per origin; `is_first` False takes the first header that comes as a beginning.
    """

    def __init__(self, *, is_first: bool = True) -> None:
        self._last: StoredHeader | None = None
        self._is_beginning = True
        self._is_first = is_first
        self._next_sequence: int | None = 0 if is_first else None
        self._event_count: int | None = None

    def read(self, path: Path) -> Iterator[Block | Damage]:
        """Yield what one segment file holds; OSErrors become damage as well."""
        origin = path.parent.parent.name
        try:
            with path.open("rb") as file:
                for found in SegmentWalk(file, origin=origin, segment=path.name):
                    if isinstance(found, Damage):
                        self._lose(found)
                        yield found
                    else:
                        yield from self._read_stored(found, path)
        except OSError as error:
            self._last = None
            yield Damage(
                kind=DamageKind.UNREADABLE,
                message=f"the file cannot be read: {error}",
                origin=origin,
                segment=path.name,
                byte_offset=0,
            )

    def skip(self, outline: SegmentOutline) -> Iterator[Damage]:
        """Take a segment as read that was read before; yield what is wrong with its place."""
        yield from self._follow(outline.opening, outline.path)
        self._last = outline.closing
        self._event_count = None
        self._next_sequence = outline.last_sequence + 1

    def _lose(self, damage: Damage) -> None:
        if damage.is_information:
            return
        self._last = None
        self._event_count = None
        if damage.last_sequence is not None:
            self._next_sequence = damage.last_sequence + 1

    def _read_stored(self, stored: StoredBlock, path: Path) -> Iterator[Block | Damage]:
        yield from self._follow(stored, path)
        header = stored.header
        is_block = header.kind is BlockKind.BLOCK
        try:
            content = decompress(stored)
        except DamagedError as error:
            yield _damage(DamageKind.FRAME, str(error), stored, path, lost=is_block)
            return
        try:
            rows = read_rows(header, content)
        except DamagedError as error:
            yield _damage(DamageKind.ROWS, str(error), stored, path, lost=is_block)
            return
        if rows is not None:
            yield Block(origin=path.parent.parent.name, segment=path.name, header=header, rows=rows)

    def _follow(self, stored: StoredHeader, path: Path) -> Iterator[Damage]:
        """Check the header against the one before it, then take it in."""
        header = stored.header
        if header.kind is BlockKind.OPEN:
            self._event_count = 0
            yield from _misplaced(stored, path)
        contradiction = self._contradiction(stored)
        if contradiction is not None:
            yield _damage(DamageKind.CHAIN, contradiction, stored, path)
        yield from self._follow_sequence(stored, path)
        if header.kind is BlockKind.BLOCK and self._event_count is not None:
            self._event_count += header.event_count
        self._last = stored
        self._is_beginning = False

    def _contradiction(self, stored: StoredHeader) -> str | None:
        header = stored.header
        last = self._last
        if header.kind is BlockKind.CLOSE and self._event_count not in (None, header.event_count):
            return (
                f"the segment holds {self._event_count} events, its end says {header.event_count}"
            )
        if last is None:
            is_origin = header.block == 0 and header.kind is BlockKind.OPEN
            if is_origin != (header.previous_sha256 == NO_PREVIOUS):
                return "the header claims to be the first of its origin and is not"
            return None
        is_new = header.kind is BlockKind.OPEN
        if is_new != (last.header.kind is BlockKind.CLOSE):
            return f"a header of kind {header.kind} follows one of kind {last.header.kind}"
        expected = (last.digest, last.header.block + 1, last.header.segment + is_new)
        if (header.previous_sha256, header.block, header.segment) != expected or (
            not is_new and header.segment_id != last.header.segment_id
        ):
            return (
                f"header {header.block} of segment {header.segment} does not follow "
                f"header {last.header.block} of segment {last.header.segment}"
            )
        return None

    def _follow_sequence(self, stored: StoredHeader, path: Path) -> Iterator[Damage]:
        header = stored.header
        expected = self._next_sequence
        first = header.first_sequence
        if header.kind is not BlockKind.CLOSE and expected is not None and first != expected:
            if first < expected:
                message = f"sequence numbers {first} to {expected - 1} appear again"
                yield _damage(DamageKind.SEQUENCE_OVERLAP, message, stored, path)
            else:
                kind = DamageKind.SEQUENCE_GAP
                if self._is_first and self._is_beginning:
                    kind = DamageKind.MISSING_BEGINNING
                yield Damage(
                    kind=kind,
                    message=f"sequence numbers {expected} to {first - 1} are missing",
                    origin=path.parent.parent.name,
                    segment=path.name,
                    byte_offset=stored.position,
                    block=header.block,
                    first_sequence=expected,
                    last_sequence=first - 1,
                )
        self._next_sequence = header.last_sequence + 1


def read_segment(path: Path) -> Iterator[Block | Damage]:
    """Yield the blocks of one segment and what is wrong with it, taken by itself."""
    yield from SegmentReader(is_first=False).read(path)


def decompress(stored: StoredBlock) -> bytes:
    """Return what a frame holds; raises DamagedError.

    The declared size is compared before anything is allocated for it.
    """
    if stored.frame_error is not None:
        raise DamagedError(stored.frame_error)
    declared = stored.header.content_bytes
    try:
        if zstandard.frame_content_size(stored.frame) != declared or declared > CONTENT_BYTES_MAX:
            raise DamagedError("the frame's size contradicts its header")
        content: bytes = zstandard.ZstdDecompressor().decompress(
            stored.frame, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise DamagedError(f"the frame does not decompress: {error}") from error
    return content


def read_rows(header: BlockHeader, content: bytes) -> pa.RecordBatch | None:
    """Return the rows of a block, None for schema and end of stream; raises DamagedError."""
    try:
        if header.kind is BlockKind.OPEN:
            schema = pa.ipc.read_schema(pa.BufferReader(content))
            if not schema.equals(EVENT_SCHEMA, check_metadata=True):
                raise DamagedError("the segment was written with another schema")
            return None
        if header.kind is BlockKind.CLOSE:
            if content != END_OF_STREAM:
                raise DamagedError("the last frame holds no Arrow end of stream")
            return None
        return _record_batch(header, content)
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:
        raise DamagedError(f"the frame holds no Arrow message of this schema: {error}") from error


def _record_batch(header: BlockHeader, content: bytes) -> pa.RecordBatch:
    message = pa.ipc.read_message(content)
    metadata_bytes = int.from_bytes(content[4:8], "little")
    body_bytes = 0 if message.body is None else message.body.size
    if content[:4] != _CONTINUATION or 8 + metadata_bytes + body_bytes != len(content):
        raise DamagedError("the frame holds more than one Arrow message")
    rows = pa.ipc.read_record_batch(message, EVENT_SCHEMA)
    rows.validate(full=True)
    sequences = rows.column("sequence")
    first, last = header.first_sequence, header.last_sequence
    is_gapless = not pc.any(pc.not_equal(pc.pairwise_diff(sequences), 1)).as_py()
    if (
        rows.num_rows != header.event_count
        or (sequences[0].as_py(), sequences[-1].as_py()) != (first, last)
        or not is_gapless
    ):
        raise DamagedError(f"the rows are not events {first} to {last} as the header says")
    return rows


def _misplaced(stored: StoredHeader, path: Path) -> Iterator[Damage]:
    header = stored.header
    name = path.name.removesuffix(PARTIAL_SUFFIX).removesuffix(SUFFIX)
    if name != f"{header.first_sequence:020d}" or header.origin != path.parent.parent.name:
        message = (
            f"the file was written as {header.first_sequence:020d}{SUFFIX} of {header.origin!r}"
        )
        yield _damage(DamageKind.NAME, message, stored, path)


def _damage(
    kind: DamageKind, message: str, stored: StoredHeader, path: Path, *, lost: bool = False
) -> Damage:
    return Damage(
        kind=kind,
        message=message,
        origin=path.parent.parent.name,
        segment=path.name,
        byte_offset=stored.position,
        block=stored.header.block,
        first_sequence=stored.header.first_sequence if lost else None,
        last_sequence=stored.header.last_sequence if lost else None,
    )
