"""Reading segments into blocks of rows; what is unsound in itself or in its place is a `Damage`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.evidence.ahead import decode_ahead, decoding_threads
from gateway.evidence.block import BlockHeader, BlockKind
from gateway.evidence.damage import Damage, DamageKind, Flaw
from gateway.evidence.history import History
from gateway.evidence.segment import PARTIAL_SUFFIX, SUFFIX, is_partial
from gateway.evidence.walk import SegmentWalk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor
    from pathlib import Path
    from typing import BinaryIO

    import pyarrow as pa

    from gateway.evidence.decode import Decoded
    from gateway.evidence.outline import SegmentOutline
    from gateway.evidence.selection import LeftOut
    from gateway.evidence.stored import StoredBlock, StoredHeader


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of events, sound in itself."""

    origin: str
    segment: str
    digest: str
    """The hash of the header in hex, which the next header carries."""
    header: BlockHeader
    rows: pa.RecordBatch


class SegmentReader:
    """Reads the segments of one origin in order and remembers what must come next.

    Without an origin a segment may be of any, and the first is taken as a beginning.
    """

    def __init__(self, origin: str | None, threads: Executor) -> None:
        self.history = History(is_complete=origin is not None)
        self._origin = origin
        self._threads = threads
        self._segment = ""
        self._is_closed = False
        self._is_damaged = False
        # The digests of the payloads met in the segment; None when damage may have hidden some.
        self._payloads: set[bytes] | None = None

    def read(self, path: Path, *, is_newest: bool = True) -> Iterator[Block | Damage]:
        """Yield what one segment file holds; OSErrors become damage as well.

        `is_newest` False says that a later segment exists, so this one must be sealed. One that was
        sealed since its folder was listed is read under its new name, and one that is gone since,
        because nothing was in it, holds nothing.
        """
        self._segment = path.name
        try:
            path, file = _open(path)
        except OSError as error:
            if not (isinstance(error, FileNotFoundError) and is_partial(path.name)):
                yield self._lose(self._unreadable(error))
            return
        self._segment = path.name
        self._is_closed = self._is_damaged = False
        self._payloads = set()
        with file:
            for item in decode_ahead(self._walk(file), self._threads):
                if isinstance(item, Damage):
                    yield self._lose(item)
                else:
                    yield from self._place(*item)
        yield from self._end(path, is_newest=is_newest)

    def skip(self, outline: SegmentOutline) -> Iterator[Damage]:
        """Take a segment as read that was read before; yield what is wrong with its place."""
        self._segment = outline.segment
        yield from self._misplaced(outline.opening)
        for flaw in self.history.skip(outline):
            yield self._damage(flaw, outline.opening)

    def leave_out(self, run: LeftOut) -> Iterator[Damage]:
        """Take in that segments were left out on purpose; yield that, and what is wrong with it."""
        self._segment = ""
        for flaw in self.history.leave_out(run):
            yield self._damage(flaw)

    def _walk(self, file: BinaryIO) -> Iterator[StoredBlock | Damage]:
        try:
            yield from SegmentWalk(file, origin=self._origin or "", segment=self._segment)
        except OSError as error:
            yield self._unreadable(error)

    def _place(self, stored: StoredBlock, decoded: Decoded | Flaw) -> Iterator[Block | Damage]:
        header = stored.header
        if header.kind is BlockKind.OPEN:
            yield from self._misplaced(stored)
        for flaw in self.history.follow(stored):
            yield self._damage(flaw, stored)
        self._is_closed = header.kind is BlockKind.CLOSE
        if isinstance(decoded, Flaw):
            self._payloads = None
            yield self._damage(decoded, stored)
            return
        missing = self._missing(decoded)
        if missing:
            message = f"the bytes of {missing} record batches do not stand in the segment before"
            yield self._damage(Flaw(DamageKind.ROWS, message), stored)
        if decoded.rows is not None:
            yield Block(
                origin=self._origin or header.origin,
                segment=self._segment,
                digest=stored.digest,
                header=header,
                rows=decoded.rows,
            )

    def _missing(self, decoded: Decoded) -> int:
        if self._payloads is None:
            return 0
        missing = decoded.referred - self._payloads
        self._payloads |= decoded.stored
        return len(missing)

    def _misplaced(self, stored: StoredHeader) -> Iterator[Damage]:
        header = stored.header
        stem = f"{header.first_sequence:020d}"
        is_name_right = self._segment in {stem + SUFFIX, stem + PARTIAL_SUFFIX}
        if not is_name_right or self._origin not in {None, header.origin}:
            message = f"the file was written as {stem}{SUFFIX} of {header.origin!r}"
            yield self._damage(Flaw(DamageKind.NAME, message), stored)

    def _end(self, path: Path, *, is_newest: bool) -> Iterator[Damage]:
        message = None
        if is_partial(path.name):
            if not is_newest and path.exists():
                message = "a later segment exists, but this one was never sealed"
        elif not self._is_closed and not self._is_damaged:
            message = "the segment ends without its last header"
        if message is not None:
            yield self._lose(self._damage(Flaw(DamageKind.TRUNCATED, message)))

    def _lose(self, damage: Damage) -> Damage:
        if not damage.is_information:
            self._is_damaged = True
            self._payloads = None
            self.history.lose(damage.last_sequence)
        return damage

    def _unreadable(self, error: OSError) -> Damage:
        return self._damage(Flaw(DamageKind.UNREADABLE, f"the file cannot be read: {error}"))

    def _damage(self, flaw: Flaw, stored: StoredHeader | None = None) -> Damage:
        return Damage(
            kind=flaw.kind,
            message=flaw.message,
            origin=self._origin or "",
            segment=self._segment,
            byte_offset=stored.position if stored else 0,
            block=stored.header.block if stored else None,
            first_sequence=flaw.first_sequence,
            last_sequence=flaw.last_sequence,
        )


def read_segment(path: Path) -> Iterator[Block | Damage]:
    """Yield the blocks of one segment and what is wrong with it, taken by itself."""
    with decoding_threads() as threads:
        yield from SegmentReader(None, threads).read(path)


def _open(path: Path) -> tuple[Path, BinaryIO]:
    try:
        return path, path.open("rb")
    except FileNotFoundError:
        if not is_partial(path.name):
            raise
        sealed = path.with_suffix("")
        return sealed, sealed.open("rb")
