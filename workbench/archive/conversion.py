"""Turning the blocks of one segment into its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from gateway.evidence.block import least, most
from gateway.evidence.event import EventKind
from workbench.archive.apis import api_name
from workbench.archive.batches import Batches
from workbench.archive.files import EVENT_ROWS, SCHEMAS, TIME, TOLD, RowGroups
from workbench.archive.keys import KeyRing
from workbench.archive.problems import GapRows
from workbench.archive.reading import Reading
from workbench.archive.references import batch_column
from workbench.archive.unsealing import Unsealing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gateway.evidence.reader import Block
    from workbench.archive.unsealing import Sealing

# Of these the detail is needed as it stands; of the others it is in columns.
_DETAIL_KEPT: Final = (EventKind.EXCHANGE, EventKind.INTENT)


class Newest(msgspec.Struct, frozen=True, kw_only=True):
    """The last event of a segment: whether recording ended there, and when it was."""

    sequence: int
    kind: str
    time_us: int
    earlier_us: int | None
    """The greatest time of the segment's events before it: clocks go back, and run ahead."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a converted segment holds, for whoever asks without reading its files."""

    event_count: int
    first_us: int | None
    last_us: int | None
    newest: Newest | None
    gap_counts: dict[str, int]
    """How many gaps of each kind there are."""
    has_lost_batch: bool
    producers: list[str]
    """The principals that sent records."""
    consumers: list[str]
    """The principals that records were delivered to."""
    unsealed: dict[str, str | None] = {}
    """The sessions with something sealed, and why it was not opened; null where it was."""


class Conversion:
    """One segment's files under way; `directory` must exist and be empty."""

    def __init__(
        self,
        directory: Path,
        keys: KeyRing | None = None,
        *,
        origin: str,
        segment: str,
        store: int,
    ) -> None:
        self._files = {
            name: RowGroups(directory / f"{name}.parquet", schema)
            for name, schema in SCHEMAS.items()
        }
        self._origin = origin
        self._store = store
        self._batches = Batches(self._files["records"], store)
        self._unsealing = Unsealing(keys or KeyRing())
        self._gaps = GapRows(origin, segment)
        self._first_us: int | None = None
        self._last_us: int | None = None
        self._newest: Newest | None = None
        self._producers: set[str] = set()
        self._consumers: set[str] = set()

    def add(self, block: Block) -> None:
        """Convert one block."""
        rows, sealings = self._unsealing.begin(block.rows)
        self._gaps.begin(rows, block.header.block)
        reading = Reading(rows, self._gaps)
        events = self._events(rows, reading, sealings)
        self._sum_up(events)
        self._files["events"].write(events)
        self._files["commits"].write(reading.commits.beside(events))
        self._files["admin"].write(reading.admin.beside(events))

    def finish(self) -> Summary:
        """Write what is left and sum up the segment."""
        # A sealed batch is found under both digests: where a block is lost, what is stored
        # elsewhere under the same digest takes its place.
        for opened in (self._batches.opened, self._batches.unsealed):
            self._files["batches"].write_columns(
                [
                    [self._store] * len(opened),
                    [each.number for each in opened.values()],
                    list(opened),
                    [each.state for each in opened.values()],
                    [each.head for each in opened.values()],
                ]
            )
        self._gaps.write(self._files["gaps"])
        for file in self._files.values():
            file.close()
        return Summary(
            event_count=self._files["events"].row_count,
            first_us=self._first_us,
            last_us=self._last_us,
            newest=self._newest,
            gap_counts=self._gaps.counts(),
            has_lost_batch=self._gaps.has_lost_batch,
            producers=sorted(self._producers),
            consumers=sorted(self._consumers),
            unsealed=self._unsealing.opened,
        )

    def _sum_up(self, events: pa.RecordBatch) -> None:
        times = pc.min_max(events.column("at").cast(pa.int64()))
        if events.num_rows:
            self._newest = _newest(events, self._last_us)
        self._first_us = least(self._first_us, times["min"].as_py())
        self._last_us = most(self._last_us, times["max"].as_py())
        self._producers |= _principals(events, EventKind.PRODUCE)
        self._consumers |= _principals(events, EventKind.DELIVERED)

    def _events(
        self, rows: pa.RecordBatch, reading: Reading, sealings: Sequence[Sealing | None]
    ) -> pa.RecordBatch:
        count = rows.num_rows
        is_kept = pc.is_in(rows.column("kind"), pa.array(_DETAIL_KEPT))
        built = {
            "origin": pa.array([self._origin] * count, pa.string()),
            "store": pa.array([self._store] * count, pa.int64()),
            "at": pc.cast(rows.column("wall_time"), TIME, safe=False),
            "principal": pc.binary_join_element_wise(
                rows.column("subject"), rows.column("issuer"), "@"
            ),
            "api": pa.array(map(api_name, reading.api_keys), pa.string()),
            "detail": pc.if_else(is_kept, rows.column("detail"), None),
            "batches": batch_column(rows, reading.told, sealings, self._batches, self._gaps),
        }
        for field in TOLD:
            values = [getattr(told, field.name) for told in reading.told]
            built[field.name] = pa.array(msgspec.to_builtins(values), field.type)
        arrays = [built[name] if name in built else rows.column(name) for name in EVENT_ROWS.names]
        return pa.RecordBatch.from_arrays(arrays, schema=EVENT_ROWS)


def _newest(events: pa.RecordBatch, before_us: int | None) -> Newest:
    last = events.num_rows - 1
    times = events.column("at").cast(pa.int64())
    return Newest(
        sequence=events.column("sequence")[last].as_py(),
        kind=events.column("kind")[last].as_py(),
        time_us=times[last].as_py(),
        earlier_us=most(before_us, pc.max(times.slice(0, last)).as_py()),
    )


def _principals(events: pa.RecordBatch, kind: EventKind) -> set[str]:
    is_meant = pc.equal(events.column("kind"), kind)
    return set(events.column("principal").filter(is_meant).unique().drop_null().to_pylist())
