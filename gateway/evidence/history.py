"""The history of one origin: how each header must follow the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.evidence.block import NO_PREVIOUS, BlockHeader, BlockKind, Totals
from gateway.evidence.damage import DamageKind, Flaw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.evidence.outline import SegmentOutline
    from gateway.evidence.selection import LeftOut
    from gateway.evidence.stored import StoredHeader


class History:
    """Follows the headers of one origin in order and says which do not fit their place.

    With `is_complete` the first header to come must be the origin's first; without, it is taken
    as a beginning.
    """

    def __init__(self, *, is_complete: bool = True) -> None:
        self.head: StoredHeader | None = None
        """The last header, to which the hashes of all before it lead."""
        self._is_complete = is_complete
        # Whether damage hides what stands between the head and the next header.
        self._is_broken = not is_complete
        self._next_sequence = 0 if is_complete else None
        self._totals: Totals | None = None

    def follow(self, stored: StoredHeader) -> Iterator[Flaw]:
        """Take in the next header."""
        header = stored.header
        contradiction = self._contradiction(stored) or self._miscount(header)
        if contradiction is not None:
            yield Flaw(DamageKind.CHAIN, contradiction)
        if header.kind is not BlockKind.CLOSE:
            yield from self._misnumbered(header)
        if header.kind is BlockKind.OPEN:
            self._totals = Totals(header.first_sequence)
        elif header.kind is BlockKind.CLOSE:
            self._totals = None
        elif self._totals is not None:
            self._totals.add(header)
        self._take(stored)

    def skip(self, outline: SegmentOutline) -> Iterator[Flaw]:
        """Take in a whole segment by its first and last header."""
        yield from self.follow(outline.opening)
        self._take(outline.closing)

    def lose(self, last_sequence: int | None) -> None:
        """Take in that something could not be read, and its last sequence number if known."""
        self._is_broken = True
        self._totals = None
        if last_sequence is not None:
            self._next_sequence = last_sequence + 1

    def leave_out(self, run: LeftOut) -> Iterator[Flaw]:
        """Take in that a run of segments was left out on purpose."""
        block, expected = run.first_block, self._next_sequence
        is_right = self._is_broken or block == (
            0 if self.head is None else self.head.header.block + 1
        )
        if expected is not None and run.first_sequence > expected:
            message = f"sequence numbers {expected} to {run.first_sequence - 1} are missing"
            yield Flaw(DamageKind.SEQUENCE_GAP, message, expected, run.first_sequence - 1)
        elif not is_right or (expected is not None and run.first_sequence < expected):
            message = f"what was left out does not begin where it is said to: header {block}"
            yield Flaw(DamageKind.CHAIN, message)
        lost = _range(run.first_sequence, run.last_sequence)
        yield Flaw(run.kind, run.message, *lost)
        self.lose(run.last_sequence)

    def _take(self, stored: StoredHeader) -> None:
        self.head = stored
        self._is_broken = False
        self._next_sequence = stored.header.last_sequence + 1

    def _contradiction(self, stored: StoredHeader) -> str | None:
        header = stored.header
        is_new = header.kind is BlockKind.OPEN
        if is_new != (stored.position == 0):
            return f"a header of kind {header.kind} stands at byte {stored.position} of a segment"
        is_first = header.block == 0 and is_new
        if is_first != (header.previous_sha256 == NO_PREVIOUS):
            return "the header claims to be the first of its origin and is not"
        last = None if self._is_broken else self.head
        if last is None:
            return None
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

    def _miscount(self, header: BlockHeader) -> str | None:
        """Return how the first or last header of a segment contradicts what is in it."""
        said = Totals.said_by(header)
        if header.kind is BlockKind.OPEN:
            is_right = said == Totals(header.first_sequence)
            is_right &= header.last_sequence == header.first_sequence - 1
            return None if is_right else "the first header of a segment counts events"
        if header.kind is BlockKind.CLOSE and self._totals is not None:
            is_right = said == self._totals and header.last_sequence + 1 == self._next_sequence
            return None if is_right else f"the last header says {said}, the segment {self._totals}"
        return None

    def _misnumbered(self, header: BlockHeader) -> Iterator[Flaw]:
        first, expected = header.first_sequence, self._next_sequence
        is_beginning = self.head is None and not self._is_broken
        if is_beginning and header.block != 0:
            message = f"the origin's history starts with header {header.block}, not 0"
            yield Flaw(DamageKind.MISSING_BEGINNING, message, *_range(0, first - 1))
        elif expected is not None and first < expected:
            message = f"sequence numbers {first} to {expected - 1} appear again"
            yield Flaw(DamageKind.SEQUENCE_OVERLAP, message)
        elif expected is not None and first > expected:
            message = f"sequence numbers {expected} to {first - 1} are missing"
            yield Flaw(DamageKind.SEQUENCE_GAP, message, expected, first - 1)


def _range(first: int, last: int) -> tuple[int | None, int | None]:
    return (first, last) if first <= last else (None, None)
