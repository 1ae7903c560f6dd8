"""What was recorded, as the recording process noted it itself, held against what an archive tells.

A process that records notes each event after `append` has returned for it, and such a note survives
the process' death, as Jepsen's clients note what they were told. What an archive must then show is
in `problems`.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections import Counter
from typing import TYPE_CHECKING

from gateway.evidence.archive import scan
from gateway.evidence.event import Event, EventKind, Extent
from gateway.evidence.files import write_all
from gateway.evidence.reader import Block
from gateway.evidence.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.evidence.journal import JournalWriter
    from tests.gateway.sealer.journals import Cells

PARTITIONS = 2
PAYLOAD_BYTES_MAX = 3_000
# A loss of power may cost what was noted, where nothing but the system's memory was promised.
LOST = " was recorded as"
INTENTS = {EventKind.INTENT, EventKind.PRODUCE}


class Story:
    """One session's events, in the groups in which a gateway would record them."""

    def __init__(self, session: str, seed: int) -> None:
        self._session = session
        self._random = random.Random(seed)
        self._count = 0
        self._asked: list[tuple[int, EventKind]] = []

    def tell(self) -> list[Event]:
        """Make the next group: a request, an answer to one, or records delivered."""
        ask = self._random.choice([self._ask, self._produce, self._deliver, self._answer])
        return ask()

    def _ask(self) -> list[Event]:
        self._asked.append((self._count, EventKind.INTENT))
        return [self._event(EventKind.INTENT, self._count)]

    def _produce(self) -> list[Event]:
        exchange = self._count
        self._asked.append((exchange, EventKind.PRODUCE))
        return [
            self._event(EventKind.PRODUCE, exchange, partition) for partition in range(PARTITIONS)
        ]

    def _deliver(self) -> list[Event]:
        exchange = self._count
        return [
            self._event(EventKind.DELIVERED, exchange, 0),
            self._event(EventKind.EXCHANGE, exchange),
        ]

    def _answer(self) -> list[Event]:
        if not self._asked:
            return self._deliver()
        exchange, kind = self._asked.pop(self._random.randrange(len(self._asked)))
        parts = range(PARTITIONS) if kind is EventKind.PRODUCE else ()
        return [
            *(self._event(EventKind.PRODUCED, exchange, partition) for partition in parts),
            self._event(EventKind.EXCHANGE, exchange),
        ]

    def _event(self, kind: EventKind, exchange: int, partition: int | None = None) -> Event:
        label = f"{self._session}/{self._count}"
        self._count += 1
        has_payload = kind in {EventKind.PRODUCE, EventKind.DELIVERED}
        payload = self._payload(label) if has_payload else None
        return Event(
            kind=kind,
            wall_ns=self._count,
            monotonic_ns=self._count,
            session=self._session,
            client_id=label,
            exchange=exchange,
            topic=None if partition is None else "t",
            partition=partition,
            extents=() if payload is None else (Extent(0, 0, 1, len(payload)),),
            payload=None if payload is None else memoryview(payload),
        )

    def _payload(self, label: str) -> bytes:
        times = self._random.randrange(PAYLOAD_BYTES_MAX // 32) + 1
        return hashlib.sha256(label.encode()).digest() * times


class Notes:
    """The file in which a recording process says what `append` has returned for."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def record(self, journal: JournalWriter, events: list[Event]) -> None:
        """Append the events, then note them."""
        last = journal.append(events)
        first = last - len(events) + 1
        lines = [f"{first + n} {event.client_id}\n".encode() for n, event in enumerate(events)]
        write_all(self._fd, [b"".join(lines)])

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def read_notes(path: Path) -> dict[int, str]:
    """Return the label that each sequence number was noted with; the last line may be cut."""
    lines = path.read_text().splitlines(keepends=True)
    whole = [line.split() for line in lines if line.endswith("\n")]
    return {int(sequence): label for sequence, label in whole}


def problems(archive: Path, noted: dict[int, str], torn: bytes | None = None) -> list[str]:
    """Say what is wrong with an archive after recovery: nothing should be.

    `torn` are bytes that stood at the end of a journal file.
    """
    found = list(scan(archive))
    damages = [each for each in found if not isinstance(each, Block)]
    rows = [row for each in found if isinstance(each, Block) for row in each.rows.to_pylist()]
    return [
        *(f"damage: {each}" for each in damages),
        *(f"verification: {each}" for each in verify(archive).faults),
        *_numbering(rows),
        *_losses(rows, noted),
        *_outcomes(rows),
        *_contents(rows),
        *_torn(rows, torn),
    ]


def _numbering(rows: list[Cells]) -> Iterator[str]:
    if [row["sequence"] for row in rows] != list(range(len(rows))):
        yield "the sequence numbers are not 0, 1, 2 and so on"


def _losses(rows: list[Cells], noted: dict[int, str]) -> Iterator[str]:
    labels = {row["sequence"]: row["client_id"] for row in rows}
    for sequence, label in noted.items():
        if labels.get(sequence) != label:
            yield f"event {sequence}{LOST} {label} and is {labels.get(sequence)}"
    once = Counter(row["client_id"] for row in rows if row["kind"] != EventKind.OUTCOME_UNKNOWN)
    del once[None]  # torn bytes
    yield from (f"{label} is there {times} times" for label, times in once.items() if times > 1)


def _outcomes(rows: list[Cells]) -> Iterator[str]:
    """Check that each intent has its answer or else, once, that its outcome is unknown."""
    answered = {
        (row["session"], row["exchange"], row["partition"])
        for row in rows
        if row["kind"] in {EventKind.EXCHANGE, EventKind.PRODUCED}
    }
    unknown = Counter(row["client_id"] for row in rows if row["kind"] == EventKind.OUTCOME_UNKNOWN)
    for row in rows:
        if row["kind"] not in INTENTS:
            continue
        exchange = row["session"], row["exchange"]
        is_answered = not answered.isdisjoint({(*exchange, None), (*exchange, row["partition"])})
        told = unknown.pop(row["client_id"], 0)
        if told != (not is_answered):
            yield f"{row['client_id']} is answered: {is_answered}, called unknown {told} times"
    yield from (f"{label} is called unknown and was never asked" for label in unknown)


def _contents(rows: list[Cells]) -> Iterator[str]:
    for row in rows:
        if row["kind"] not in {EventKind.PRODUCE, EventKind.DELIVERED}:
            continue
        payload = _payload(row)
        digest = hashlib.sha256(str(row["client_id"]).encode()).digest()
        if payload != digest * (len(payload) // len(digest)) or not payload:
            yield f"{row['client_id']} holds other records than it was given"


def _torn(rows: list[Cells], torn: bytes | None) -> Iterator[str]:
    kept = [_payload(row) for row in rows if row["kind"] == EventKind.TORN]
    if torn is not None and kept.count(torn) != 1:
        yield f"torn bytes are kept {kept.count(torn)} times"


def _payload(row: Cells) -> bytes:
    batches = row["batches"]
    assert isinstance(batches, list)
    return b"".join(batch["payload"] for batch in batches)
