"""Which batches an event sent or delivered, and what a read_committed consumer hides of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa

from gateway.evidence.event import EventKind
from workbench.archive.files import EVENT_ROWS
from workbench.archive.problems import GapKind, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workbench.archive.batches import Batches, Opened
    from workbench.archive.detail import AbortedTransaction, Told
    from workbench.archive.problems import GapRows

_WITH_BATCHES: Final = frozenset({EventKind.PRODUCE, EventKind.DELIVERED})
_READ_COMMITTED: Final = 1

Reference = dict[str, object]


def batch_column(
    rows: pa.RecordBatch, told: Sequence[Told], batches: Batches, gaps: GapRows
) -> pa.Array:
    """Make the column of batches of a block's events; null for events that carry no records."""
    stored = _Stored(rows.column("batches"))
    references: list[list[Reference] | None] = []
    for row, kind in enumerate(rows.column("kind").to_pylist()):
        if kind not in _WITH_BATCHES:
            references.append(None)
            continue
        opened = [(index, batches.take(*stored.payload(index))) for index in stored.indices(row)]
        hidden = hidden_batches(
            told[row], [(stored.last_offsets[index], each) for index, each in opened]
        )
        references.append(list(stored.references(opened, hidden)))
        for index, each in opened:
            is_first = index == stored.indices(row).start
            problem = _problem(each, stored, index, is_first=is_first)
            if problem is not None:
                gaps.add(row, problem)
    return pa.array(references, EVENT_ROWS.field("batches").type)


class _Stored:
    """The batches of a block as the segment has them, one flat list over all events."""

    def __init__(self, column: pa.ListArray) -> None:
        self._starts = column.offsets.to_pylist()
        # `values`, unlike `flatten`, fits the offsets also where the array is a slice.
        values = column.values
        self._payloads = values.field("payload")
        self.digests: list[bytes] = values.field("sha256").to_pylist()
        self.first_offsets: list[int | None] = values.field("first_offset").to_pylist()
        self.last_offsets: list[int | None] = values.field("last_offset").to_pylist()
        self.record_counts: list[int] = values.field("record_count").to_pylist()
        self.byte_counts: list[int] = values.field("byte_count").to_pylist()

    def indices(self, row: int) -> range:
        """Return where the batches of one event stand in the list."""
        return range(self._starts[row], self._starts[row + 1])

    def payload(self, index: int) -> tuple[bytes, memoryview | None]:
        """Return the digest of a batch and its bytes, where they stand here."""
        payload = self._payloads[index]
        return self.digests[index], memoryview(payload.as_buffer()) if payload.is_valid else None

    def references(
        self, opened: Iterable[tuple[int, Opened]], hidden: Sequence[bool]
    ) -> Iterator[Reference]:
        """Yield one entry of the column for each batch of an event."""
        records_before = 0
        for (index, each), is_aborted in zip(opened, hidden, strict=True):
            yield {
                "sha256": self.digests[index],
                "state": each.state,
                "number": each.number,
                "first_offset": self.first_offsets[index],
                "last_offset": self.last_offsets[index],
                "record_count": self.record_counts[index],
                "byte_count": self.byte_counts[index],
                "records_before": records_before,
                "is_aborted": is_aborted,
            }
            counted = each.record_count
            records_before += self.record_counts[index] if counted is None else counted


def hidden_batches(told: Told, delivered: Sequence[tuple[int | None, Opened]]) -> list[bool]:
    """Say which batches of one answer a read_committed consumer leaves out as aborted.

    As the consumers do it (KIP-98): a transaction is aborted from its first offset until its
    producer's abort marker. A batch whose bytes are lost could be that marker, so from there on
    nothing is called hidden.
    """
    waiting: list[AbortedTransaction] = []
    if told.isolation_level == _READ_COMMITTED:
        waiting = sorted(told.aborted or (), key=lambda each: each.first_offset, reverse=True)
    aborting: set[int | None] = set()
    hidden = []
    for last_offset, opened in delivered:
        while waiting and last_offset is not None and waiting[-1].first_offset <= last_offset:
            aborting.add(waiting.pop().producer_id)
        hidden.append(opened.state == "records" and opened.producer_id in aborting)
        if opened.is_abort:
            aborting.discard(opened.producer_id)
        elif opened.state in {"lost", "undecodable"}:
            aborting.clear()
    return hidden


def _problem(opened: Opened, stored: _Stored, index: int, *, is_first: bool) -> Problem | None:
    byte_count = stored.byte_counts[index]
    digest = stored.digests[index]
    match opened.state:
        case "undecodable":
            message = f"a batch of {byte_count} bytes cannot be read: {opened.problem}"
        case "lost":
            message = f"the {byte_count} bytes of a batch stood in a damaged block of this segment"
        case "cut" if byte_count:
            return _cut(opened, None if is_first else stored.last_offsets[index - 1])
        case _:
            return None
    return Problem(
        kind=GapKind.UNDECODABLE,
        message=message,
        subject=digest,
        first_offset=stored.first_offsets[index],
        last_offset=stored.last_offsets[index],
        lost_batch=digest if opened.state == "lost" else None,
    )


def _cut(opened: Opened, before: int | None) -> Problem:
    """Tell of a cut batch: each one that may hold records by itself, the others together.

    `before` is the last offset that the answer brought before it: where the batch itself does not
    tell its first one, it may be any from there on.
    """
    first, last = opened.cut_offsets or (None, None)
    if last is not None and first is None:
        first = 0 if before is None else min(before + 1, last)
    return Problem(
        kind=GapKind.CUT_BATCH,
        message="an answer ended within a batch: bytes of it were sent, not all of it",
        subject=GapKind.CUT_BATCH if opened.cut_offsets is None else None,
        first_offset=first,
        last_offset=last,
        is_information=True,
        cut_head=opened.head,
    )
