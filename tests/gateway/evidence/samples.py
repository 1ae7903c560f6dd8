"""What the tests of evidence share: events, and archives that come out the same every time."""

from __future__ import annotations

import hashlib
import os
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from gateway.evidence.archive import scan, segment_paths, segments_directory
from gateway.evidence.block import CloseReason
from gateway.evidence.damage import Damage
from gateway.evidence.event import EVENT_SCHEMA, Event, EventKind, Extent
from gateway.evidence.reader import Block
from gateway.evidence.rows import Row
from gateway.evidence.segment import SealOptions
from gateway.evidence.writer import ArchiveWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from gateway.evidence.log.writer import LogSigning
    from gateway.evidence.outline import SegmentOutline

ORIGIN = "gateway-1"
BOOT = "b" * 32
START_NS = 1_790_000_000_000_000_000
SECOND_NS = 1_000_000_000


def options(*, first_id: int = 0, log: LogSigning | None = None, start_s: int = 0) -> SealOptions:
    """Seal with a clock that ticks once a look and segment ids that count up."""
    ticks = count(START_NS + start_s * SECOND_NS, SECOND_NS)
    ids = count(first_id)
    return SealOptions(
        log=log, clock=lambda: next(ticks), new_segment_id=lambda: f"{next(ids):032x}"
    )


def event(
    kind: EventKind = EventKind.EXCHANGE, *, at: int = 0, payload: bytes | None = None
) -> Event:
    """Make an event of one session; a payload is one batch of records."""
    extents = () if payload is None else (Extent(0, 0, 1, len(payload)),)
    return Event(
        kind=kind,
        wall_ns=START_NS + at,
        monotonic_ns=at,
        session="session-1",
        byte_count=None if payload is None else len(payload),
        extents=extents,
        payload=None if payload is None else memoryview(payload),
    )


def rows(first: int, number: int, *, payload: bytes | None = None) -> list[Row]:
    """Make rows whose sequence numbers follow each other."""
    return [
        Row(sequence, BOOT, event(at=sequence, payload=payload))
        for sequence in range(first, first + number)
    ]


def write_archive(
    folder: Path,
    *segments: Sequence[Sequence[Row]],
    origin: str = ORIGIN,
    is_newest_open: bool = False,
    first_id: int = 0,
    log: LogSigning | None = None,
) -> Path:
    """Write blocks of rows as segments; an open newest one is left as a dead writer leaves it."""
    writer = ArchiveWriter(folder, origin, options(first_id=first_id, log=log))
    for number, blocks in enumerate(segments, start=1):
        for block in blocks:
            writer.append(block)
        if number == len(segments) and is_newest_open:
            abandon(writer)
            return folder
        writer.seal(CloseReason.TIME)
    writer.close()
    return folder


def small_archive(folder: Path) -> Path:
    """Write three segments of two blocks, with a payload that repeats."""
    payload = b"record batch " * 5
    return write_archive(
        folder,
        [rows(0, 3), rows(3, 2, payload=payload)],
        [rows(5, 1, payload=payload), rows(6, 2)],
        [rows(8, 2), rows(10, 1, payload=payload)],
    )


def abandon(writer: ArchiveWriter) -> None:
    """Let the writer go as if its process had been killed: nothing is sealed."""
    if writer._segment is not None:
        os.close(writer._segment._fd)
    writer._lock.release()


def segments_of(archive: Path, origin: str = ORIGIN) -> list[Path]:
    """Return the paths of an origin's segments."""
    return segment_paths(segments_directory(archive, origin))


def damages(found: Iterable[SegmentOutline | Block | Damage]) -> list[Damage]:
    """Return what is wrong."""
    return [item for item in found if isinstance(item, Damage)]


def blocks(found: Iterable[SegmentOutline | Block | Damage]) -> list[Block]:
    """Return what is sound."""
    return [item for item in found if isinstance(item, Block)]


def kinds(archive: Path) -> list[str]:
    """Return the kinds of damage that scanning meets, in order."""
    return [damage.kind.value for damage in damages(scan(archive))]


def sequences(archive: Path) -> list[int]:
    """Return the sequence numbers of all sound rows, in order."""
    found: list[int] = []
    for block in blocks(scan(archive)):
        found += block.rows.column("sequence").to_pylist()
    return found


def expected(row: Row, seen: set[bytes]) -> dict[str, Any]:
    """Work out a row the slow and plain way."""
    cells = msgspec.to_builtins(msgspec.structs.replace(row.event, payload=None))
    plain = dict(zip(Event.__struct_fields__, cells, strict=True))
    masked = [msgspec.structs.asdict(each) for each in row.event.masked]
    batches = []
    position = 0
    payload = row.event.payload or memoryview(b"")
    whole = (Extent(None, None, 0, len(payload)),) if payload else ()
    for extent in row.event.extents or whole:
        stored = bytes(payload[position : position + extent.byte_count])
        position += extent.byte_count
        digest = hashlib.sha256(stored).digest()
        batch = {"sha256": digest, **msgspec.structs.asdict(extent)}
        batches.append(batch | {"payload": None if digest in seen else stored})
        seen.add(digest)
    return {
        **{name: plain[name] for name in EVENT_SCHEMA.names if name in plain},
        "sequence": row.sequence,
        "wall_time": row.event.wall_ns,
        "boot_id": row.boot_id,
        "groups": list(row.event.groups),
        "rule_ids": list(row.event.rule_ids),
        "bundle_digest": row.event.bundle_digest,
        "masked": masked,
        "batches": batches,
    }


def cells(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return the rows with the time as a number, which holds all its nanoseconds."""
    times = batch.column("wall_time").cast(pa.int64())
    position = batch.schema.get_field_index("wall_time")
    found: list[dict[str, Any]] = batch.set_column(position, "wall_time", times).to_pylist()
    return found
