"""Events become rows: one Arrow record batch per block, and each Kafka batch once per segment."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec
import pyarrow as pa

from gateway.evidence.durability import WRITTEN
from gateway.evidence.errors import DamagedError
from gateway.evidence.event import EVENT_SCHEMA, MASKED_TYPE, Event, EventKind, Extent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FIELDS: Final = Event.__struct_fields__
_KINDS: Final = frozenset(EventKind)
# What a row's event is rebuilt from: all but the content of a message.
_OUTLINE: Final = tuple(
    name for name in EVENT_SCHEMA.names if name not in {"wall_time", "masked", "detail", "batches"}
)
# These differ between event and row; every other column is the event's field of the same name.
_BUILT: Final = ("sequence", "wall_time", "boot_id", "masked", "batches")


class Row(msgspec.Struct, frozen=True):
    """An event with what the journal knows about it."""

    sequence: int
    boot_id: str
    event: Event
    durability: str = WRITTEN


def to_record_batch(rows: Sequence[Row], seen: set[bytes]) -> pa.RecordBatch:
    """Build the record batch of a block; `seen` holds the segment's stored digests, and grows.

    A row whose event fits no column (an API key beyond 16 bits, extents that do not fill the
    payload) becomes a `torn` row with the whole event as payload: what was recorded is kept even
    when it is wrong.
    """
    known = set(seen)
    try:
        batch = _build(rows, known)
    except (pa.ArrowInvalid, OverflowError, DamagedError):
        known = set(seen)
        batch = _build([_fitting(row) for row in rows], known)
    seen |= known
    return batch


def outlines(batch: pa.RecordBatch) -> Iterator[Row]:
    """Yield the rows of a record batch without what was masked, `detail` and the payload."""
    columns = batch.select(_OUTLINE).to_pylist()
    times = batch.column("wall_time").cast(pa.int64()).to_pylist()
    for cells, wall_ns in zip(columns, times, strict=True):
        if cells["kind"] not in _KINDS:  # of a version to come
            continue
        sequence, boot_id = cells.pop("sequence"), cells.pop("boot_id")
        lists = {name: tuple(cells[name]) for name in ("groups", "rule_ids")}
        kind = EventKind(cells["kind"])
        yield Row(sequence, boot_id, Event(**{**cells, **lists, "kind": kind, "wall_ns": wall_ns}))


def torn_event(raw: bytes | memoryview, *, wall_ns: int, monotonic_ns: int, detail: str) -> Event:
    """Keep bytes that form no event."""
    return Event(
        kind=EventKind.TORN,
        wall_ns=wall_ns,
        monotonic_ns=monotonic_ns,
        byte_count=len(raw),
        detail=detail,
        payload=memoryview(raw),
    )


def _fitting(row: Row) -> Row:
    try:
        _build([row], set())
    except (pa.ArrowInvalid, OverflowError, DamagedError) as error:
        detail = msgspec.json.encode({"unfit": str(error)}).decode()
        raw = msgspec.msgpack.encode(row.event)
        event = torn_event(
            raw,
            wall_ns=row.event.wall_ns,
            monotonic_ns=row.event.monotonic_ns,
            detail=detail,
        )
        return Row(row.sequence, row.boot_id, event)
    return row


def _build(rows: Sequence[Row], seen: set[bytes]) -> pa.RecordBatch:
    columns = dict(
        zip(
            _FIELDS,
            zip(*(msgspec.structs.astuple(row.event) for row in rows), strict=True),
            strict=True,
        )
    )
    built = {
        "sequence": pa.array([row.sequence for row in rows], pa.int64()),
        "wall_time": pa.array(columns["wall_ns"], pa.int64()).cast(
            EVENT_SCHEMA.field("wall_time").type
        ),
        "boot_id": pa.array([row.boot_id for row in rows], pa.string()),
        "masked": _masked(columns["masked"]),
        "batches": _batches(rows, seen),
    }
    arrays = [
        built[field.name] if field.name in _BUILT else pa.array(columns[field.name], field.type)
        for field in EVENT_SCHEMA
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=EVENT_SCHEMA)


def _masked(columns: Sequence[Sequence[msgspec.Struct]]) -> pa.Array:
    values = [[msgspec.structs.asdict(masked) for masked in row] for row in columns]
    return pa.array(values, pa.list_(MASKED_TYPE))


def _batches(rows: Sequence[Row], seen: set[bytes]) -> pa.Array:
    """Build the nested column from flat ones, which is faster than from dicts."""
    ends = [0]
    flat: list[tuple[object, ...]] = []
    for row in rows:
        flat.extend(_stored(row.event, seen))
        ends.append(len(flat))
    type_ = EVENT_SCHEMA.field("batches").type
    columns = zip(*flat, strict=True) if flat else ((),) * type_.value_type.num_fields
    arrays = [
        pa.array(column, field.type)
        for column, field in zip(columns, type_.value_type, strict=True)
    ]
    struct = pa.StructArray.from_arrays(arrays, fields=list(type_.value_type))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), struct, type=type_)


def _stored(event: Event, seen: set[bytes]) -> Iterator[tuple[object, ...]]:
    if event.payload is None:
        return
    payload = memoryview(event.payload)
    start = 0
    for extent in event.extents or (Extent(None, None, 0, len(payload)),):
        stored = payload[start : start + extent.byte_count]
        start += extent.byte_count
        digest = hashlib.sha256(stored).digest()
        # A copy, for pyarrow (26.0) never lets go of a memoryview that `pa.array` was given.
        fresh = bytes(stored) if digest not in seen else None
        seen.add(digest)
        yield digest, *msgspec.structs.astuple(extent), fresh
    if start != len(payload):
        raise DamagedError(f"extents cover {start} of {len(payload)} payload bytes")
