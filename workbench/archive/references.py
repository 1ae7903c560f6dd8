"""Which batches an event sent or delivered, and what a read_committed consumer hides of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa

from gateway.evidence.encryption.sealed import SEALING_BYTES
from gateway.evidence.event import EventKind
from workbench.archive.files import EVENT_ROWS
from workbench.archive.problems import GapKind, Problem
from workbench.tables.reads import INFERRED_OFFSETS_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workbench.archive.batches import Batches, Opened
    from workbench.archive.detail import AbortedTransaction, Told
    from workbench.archive.problems import GapRows
    from workbench.archive.unsealing import Sealing

_WITH_BATCHES: Final = frozenset({EventKind.PRODUCE, EventKind.DELIVERED})
_READ_COMMITTED: Final = 1

Reference = dict[str, object]


def batch_column(
    rows: pa.RecordBatch,
    told: Sequence[Told],
    sealings: Sequence[Sealing | None],
    batches: Batches,
    gaps: GapRows,
) -> pa.Array:
    """Make the column of batches of a block's events; null for events that carry no records."""
    stored = _Stored(rows.column("batches"), sealings)
    references: list[list[Reference] | None] = []
    for row, kind in enumerate(rows.column("kind").to_pylist()):
        if kind not in _WITH_BATCHES:
            references.append(None)
            continue
        opened = list(stored.opened(row, batches))
        hidden = hidden_batches(
            told[row], [(stored.last_offsets[index], each) for index, each in opened]
        )
        references.append(list(stored.references(opened, hidden)))
        for index, each in opened:
            is_first = index == stored.indices(row).start
            for problem in _problems(each, stored, index, is_first=is_first):
                gaps.add(row, problem)
    return pa.array(references, EVENT_ROWS.field("batches").type)


class _Stored:
    """The batches of a block as the segment has them, one flat list over all events."""

    def __init__(self, column: pa.ListArray, sealings: Sequence[Sealing | None]) -> None:
        self._starts = column.offsets.to_pylist()
        # `values`, unlike `flatten`, fits the offsets also where the array is a slice.
        values = column.values
        self._payloads = values.field("payload")
        self.digests: list[bytes] = values.field("sha256").to_pylist()
        self.first_offsets: list[int | None] = values.field("first_offset").to_pylist()
        self.last_offsets: list[int | None] = values.field("last_offset").to_pylist()
        self.record_counts: list[int] = values.field("record_count").to_pylist()
        self.byte_counts: list[int] = values.field("byte_count").to_pylist()
        self._sealings = sealings
        for row, sealing in enumerate(sealings):
            for index in self.indices(row) if sealing else ():
                self.byte_counts[index] -= SEALING_BYTES

    def indices(self, row: int) -> range:
        """Return where the batches of one event stand in the list."""
        return range(self._starts[row], self._starts[row + 1])

    def opened(self, row: int, batches: Batches) -> Iterator[tuple[int, Opened]]:
        """Yield where each batch of one event stands in the list, and what it is."""
        sealing = self._sealings[row]
        for position, index in enumerate(self.indices(row)):
            digest, payload = self._payload(index)
            if sealing is None:
                yield index, batches.take(digest, payload)
            else:
                yield index, batches.take_sealed(digest, payload, sealing, position)

    def _payload(self, index: int) -> tuple[bytes, memoryview | None]:
        payload = self._payloads[index]
        if not payload.is_valid:
            return self.digests[index], None
        # Arrow's own view tells bytes as signed numbers.
        return self.digests[index], memoryview(payload.as_buffer()).cast("B")

    def references(
        self, opened: Iterable[tuple[int, Opened]], hidden: Sequence[bool]
    ) -> Iterator[Reference]:
        """Yield one entry of the column for each batch of an event."""
        records_before = 0
        for (index, each), is_aborted in zip(opened, hidden, strict=True):
            yield {
                "sha256": each.sha256 or self.digests[index],
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


def _problems(opened: Opened, stored: _Stored, index: int, *, is_first: bool) -> Iterator[Problem]:
    before = None if is_first else stored.last_offsets[index - 1]
    match opened.state:
        case "undecodable":
            reason = f"cannot be read: {opened.problem}"
            yield _undecodable(opened, stored, index, f"a batch of {{}} bytes {reason}")
        case "lost":
            message = "the {} bytes of a batch stood in a damaged block of this segment"
            yield _undecodable(opened, stored, index, message)
        case "encrypted":
            yield from _encrypted(opened, stored, index, before)
        case "cut" if stored.byte_counts[index]:
            yield _cut(opened, before)
        case _:
            return


def _undecodable(opened: Opened, stored: _Stored, index: int, message: str) -> Problem:
    digest = stored.digests[index]
    return Problem(
        kind=GapKind.UNDECODABLE,
        message=message.format(stored.byte_counts[index]),
        subject=digest,
        first_offset=stored.first_offsets[index],
        last_offset=stored.last_offsets[index],
        lost_batch=digest if opened.state == "lost" else None,
    )


def _encrypted(
    opened: Opened, stored: _Stored, index: int, before: int | None
) -> Iterator[Problem]:
    """Tell of an encrypted batch; where its offsets are not all known either, of that as well."""
    assert opened.problem is not None, "there is a reason why it was not opened"
    yield Problem(
        kind=GapKind.ENCRYPTED, message=opened.problem, subject=opened.problem, is_information=True
    )
    first, last = stored.first_offsets[index], stored.last_offsets[index]
    if first is None or last is None:
        # Without offsets its event says which it may hold; where it does not, it holds no record.
        if opened.cut_offsets is not None:
            yield _cut(opened, before)
    elif opened.cut_offsets is not None or last - first >= INFERRED_OFFSETS_MAX:
        message = "which offsets an encrypted batch of {} bytes holds cannot be listed"
        yield _undecodable(opened, stored, index, message)


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
