"""Record batches as an event holds them: measured by their headers, never decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.evidence.event import Extent
from gateway.wire.errors import WireError
from gateway.wire.records.batch import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.wire.records.batch import BatchSpan


OFFSET_MAX = 2**63 - 1
"""A batch that claims more is nonsense, and would not fit the columns of a segment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the batch headers of one topic-partition say.

    Offsets and counts are about whole batches only, control batches included; None where there is
    no whole batch.
    """

    extents: tuple[Extent, ...]
    first_offset: int | None
    last_offset: int | None
    record_count: int


def measure(records: memoryview) -> Measured:
    """Measure the batches in a run of bytes.

    Bytes that form none become an extent without offsets. Nonsense is measured, not refused: it is
    for the broker or the client to judge it, and for the record to hold it.
    """
    try:
        return _measure(walk(records))
    except WireError:
        nonsense = Extent(None, None, 0, len(records))
        return Measured(extents=(nonsense,), first_offset=None, last_offset=None, record_count=0)


def _measure(spans: Iterable[BatchSpan]) -> Measured:
    extents = []
    first_offset = last_offset = None
    record_count = 0
    for span in spans:
        header = span.header
        if header is None or header.last_offset > OFFSET_MAX:
            extents.append(Extent(None, None, 0, span.end - span.start))
            continue
        if first_offset is None:
            first_offset = header.base_offset
        last_offset = header.last_offset
        record_count += header.record_count
        extents.append(
            Extent(header.base_offset, last_offset, header.record_count, span.end - span.start)
        )
    return Measured(
        extents=tuple(extents),
        first_offset=first_offset,
        last_offset=last_offset,
        record_count=record_count,
    )
