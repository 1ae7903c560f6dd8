"""Record batches as an event holds them: measured by their headers, never decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gateway.apis.detail import to_json
from gateway.evidence.event import EventKind, Extent
from gateway.wire.errors import WireError
from gateway.wire.records.batch import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway.apis.topics import TopicReference
    from gateway.evidence.event import Event
    from gateway.wire.readers import Body
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


def delivered_row(
    template: Event,
    named: TopicReference,
    partition: Body,
    detail: Mapping[str, object],
    requested_offset: int | None = None,
) -> Event:
    """Make the row of one topic-partition whose records reach the client."""
    records = partition["records"]
    assert records, "what carries no bytes is no delivery"
    measured = measure(records)
    return replace(
        template,
        kind=EventKind.DELIVERED,
        topic=named.name,
        topic_id=named.id_text,
        partition=partition["partition_index"],
        requested_offset=requested_offset,
        first_offset=measured.first_offset,
        last_offset=measured.last_offset,
        record_count=measured.record_count,
        byte_count=len(records),
        error_code=partition["error_code"],
        detail=to_json(detail),
        extents=measured.extents,
        payload=records,
    )
