"""How fast evidence is sealed, verified and turned into the table of reads, on one archive."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import uuid
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from msgspec import structs
from rich.console import Console
from rich.table import Table

from benchmarks.figures import machine
from benchmarks.load import make_values
from gateway.evidence.event import Event, EventKind, Extent
from gateway.evidence.journal import JournalWriter, journal_files
from gateway.evidence.verify import Verdict, verify
from gateway.sealer import SealerOptions, recover
from gateway.wire.records.encode import encode_batch
from gateway.wire.records.record import Record
from workbench.archive import open_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl

ORIGIN = "benchmark.0"
TOPIC = "measured"
RECORD_BYTES = 256
BATCH_RECORDS = 64
EVENTS_PER_APPEND = 8
MEGABYTE = 1e6


@dataclass(slots=True, kw_only=True)
class Figures:
    """The rates of each repeat."""

    rates: dict[str, list[float]] = field(default_factory=dict)

    def time(self, figure: str, amount: float, work: Callable[[], object]) -> None:
        """Note how much of something was done each second."""
        began = time.perf_counter()
        work()
        self.rates.setdefault(figure, []).append(amount / (time.perf_counter() - began))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and write JSON where that is asked for."""
    options = _parse(arguments)
    figures = Figures()
    for _ in range(options.repeats):
        with tempfile.TemporaryDirectory(prefix="streamwitness-benchmark-") as name:
            measure(Path(name), options.records, figures)
    table = Table("figure", title="evidence: medians")
    table.add_column("each second", justify="right")
    for figure, rates in figures.rates.items():
        table.add_row(figure, f"{median(rates):,.1f}")
    Console().print(table)
    if options.out is not None:
        result = {"machine": machine(), "records": options.records, "rates": figures.rates}
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def measure(folder: Path, records: int, figures: Figures) -> None:
    """Measure one journal from its writing to the table of reads."""
    journal, archive = folder / "journal" / ORIGIN, folder / "archive"
    events = list(make_events(records))
    megabytes = sum(event.byte_count or 0 for event in events) / MEGABYTE
    figures.time("record (journal): MB", megabytes, lambda: write_journal(journal, events))
    journal_megabytes = sum(path.stat().st_size for path in journal_files(journal)) / MEGABYTE
    options = SealerOptions(archive=archive, journal=journal, origin=ORIGIN)
    figures.time("seal: MB of journal", journal_megabytes, lambda: recover(options))
    figures.time(
        "verify: MB of journal", journal_megabytes, lambda: verify_whole(archive, len(events))
    )
    cache = folder / "cache"
    # Loading decodes the records once; what it made of a segment is kept in the cache.
    for figure in ("load: records", "load again: records"):
        figures.time(figure, records, lambda: open_archive(archive, cache=cache))
    reads = open_archive(archive, cache=cache).reads
    figures.time("reads: rows", records, lambda: count_reads(reads, records))


def make_events(records: int) -> Iterator[Event]:
    """Make the events of one service that writes and another that reads, batch for batch."""
    values = make_values(RECORD_BYTES)
    for exchange, offset in enumerate(range(0, records, BATCH_RECORDS)):
        last = min(offset + BATCH_RECORDS, records) - 1
        now = time.time_ns()
        contents = [
            Record(number, now // 1_000_000, b"%d" % number, values[number % len(values)])
            for number in range(offset, last + 1)
        ]
        written = Event(
            kind=EventKind.PRODUCED,
            wall_ns=now,
            monotonic_ns=now,
            session="writer",
            issuer="benchmark",
            subject="writer",
            exchange=exchange,
            api_key=0,
            api_version=11,
            topic=TOPIC,
            partition=0,
            first_offset=offset,
            last_offset=last,
            record_count=len(contents),
            error_code=0,
            decision="allow",
        )
        sent = encode_batch([replace(each, offset=each.offset - offset) for each in contents])
        yield _with_batch(written, EventKind.PRODUCE, sent, first_offset=0)
        yield written
        read = structs.replace(written, session="reader", subject="reader", api_key=1)
        detail = json.dumps({"isolation_level": 0, "high_watermark": last + 1})
        read = structs.replace(read, requested_offset=offset, detail=detail)
        yield _with_batch(read, EventKind.DELIVERED, encode_batch(contents), first_offset=offset)


def write_journal(journal: Path, events: Sequence[Event]) -> None:
    """Write the events as a gateway does: some at a time, each time with one system call."""
    writer = JournalWriter(journal, origin=ORIGIN, boot_id=uuid.uuid4().hex, next_sequence=0)
    with closing(writer):
        for start in range(0, len(events), EVENTS_PER_APPEND):
            writer.append(events[start : start + EVENTS_PER_APPEND])


def verify_whole(archive: Path, event_count: int) -> None:
    """Read every byte of the archive and check all that can be checked."""
    verification = verify(archive)
    assert verification.verdict is Verdict.WHOLE, verification.faults
    found = sum(origin.events for origin in verification.origins)
    assert found == event_count, f"{found} of {event_count} events were found"


def count_reads(reads: pl.LazyFrame, records: int) -> None:
    """Compute every row and column of the table."""
    rows = reads.collect(engine="streaming").height
    assert rows == records, f"{rows} of {records} reads were found"


def _with_batch(event: Event, kind: EventKind, batch: bytes, first_offset: int) -> Event:
    count = event.record_count or 0
    extent = Extent(first_offset, first_offset + count - 1, count, len(batch))
    return structs.replace(
        event,
        kind=kind,
        byte_count=len(batch),
        extents=(extent,),
        payload=memoryview(batch),
    )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence", description=__doc__)
    parser.add_argument("--records", type=int, default=400_000, help="that are sent and read")
    parser.add_argument("--repeats", type=int, default=3, help="of everything, in one run")
    parser.add_argument("--out", type=Path, help="file for all samples, as JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
