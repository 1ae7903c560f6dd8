"""A recording in a few words: what a gateway would have recorded, written as a real archive."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from gateway.evidence.block import BlockKind, CloseReason
from gateway.evidence.event import Event, EventKind, Extent
from gateway.evidence.rows import Row
from gateway.evidence.stored import StoredBlock
from gateway.evidence.walk import SegmentWalk
from gateway.evidence.writer import ArchiveWriter
from gateway.wire.api_keys import ApiKey
from gateway.wire.errors import WireError
from gateway.wire.records.batch import read_header
from gateway.wire.records.encode import BatchOptions, encode_batch
from gateway.wire.records.record import Record
from workbench.archive import open_archive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from workbench.archive import Archive

START: Final = datetime(2026, 3, 17, 9, 0, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
TIMESTAMP_MS: Final = 1_773_000_000_000
ISSUER: Final = "idp"


def at(sequence: int) -> datetime:
    """Give the time of an event: one millisecond for each before it."""
    return START + timedelta(milliseconds=sequence)


def nanoseconds(time: datetime) -> int:
    """Give a time as events have it."""
    return (time - _EPOCH) // timedelta(microseconds=1) * 1_000


def records(*values: bytes | None, first: int = 0, key: bytes | None = b"k") -> list[Record]:
    """Make records with these values at successive offsets."""
    return [
        Record(first + index, TIMESTAMP_MS + index, key, value)
        for index, value in enumerate(values)
    ]


def batch(*values: bytes | None, first: int = 0, options: BatchOptions | None = None) -> bytes:
    """Make a batch of records with these values."""
    return encode_batch(records(*values, first=first), options)


def control(first: int, producer_id: int, *, is_abort: bool) -> bytes:
    """Make the batch that ends a producer's transaction."""
    key = b"\x00\x00" + (b"\x00\x00" if is_abort else b"\x00\x01")
    marker = [Record(first, TIMESTAMP_MS, key, b"\x00\x00\x00\x00\x00\x00")]
    options = BatchOptions(is_control=True, is_transactional=True, producer_id=producer_id)
    return encode_batch(marker, options)


def extent(stored: bytes) -> Extent:
    """Measure a batch as the gateway does by its header."""
    try:
        header = read_header(stored)
    except WireError:
        return Extent(None, None, 0, len(stored))
    return Extent(header.base_offset, header.last_offset, header.record_count, len(stored))


def _json(detail: object) -> str:
    """Write a detail as the gateway does, without spaces."""
    return json.dumps(detail, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One connection."""

    session: str
    subject: str | None = "alice"
    groups: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, Any]:
        """Give the columns that every event of the connection has."""
        return {
            "session": self.session,
            "listener": "clients",
            "peer": "10.0.0.7:40000",
            "node_id": 1,
            "issuer": ISSUER if self.subject else None,
            "subject": self.subject,
            "groups": self.groups,
            "client_id": f"{self.session}-client",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A topic-partition, and the offset there that an event is about."""

    topic: str | None = "orders"
    topic_id: str | None = None
    partition: int = 0
    first: int | None = 0

    @property
    def columns(self) -> dict[str, Any]:
        """Give the columns that name the topic-partition."""
        return {"topic": self.topic, "topic_id": self.topic_id, "partition": self.partition}


@dataclass(slots=True)
class Recording:
    """The events of one origin, in blocks and segments."""

    origin: str = "gw"
    events: list[Event] = field(default_factory=list)
    block_ends: list[int] = field(default_factory=list)
    segment_ends: list[int] = field(default_factory=list)
    exchanges: dict[str, int] = field(default_factory=dict)

    @property
    def sequence(self) -> int:
        """The sequence number of the next event."""
        return len(self.events)

    def end_block(self) -> None:
        """Let the next event stand in another block."""
        self.block_ends.append(self.sequence)

    def end_segment(self) -> None:
        """Let the next event stand in another segment."""
        self.segment_ends.append(self.sequence)

    def add(self, kind: EventKind | str, client: Client | None = None, **columns: object) -> int:
        """Record an event of any kind and return its sequence number."""
        time = at(self.sequence)
        event = Event(
            kind=EventKind.EXCHANGE,
            wall_ns=nanoseconds(time),
            monotonic_ns=self.sequence,
        )
        detail = columns.pop("detail", None)
        text = detail if detail is None or isinstance(detail, str) else _json(detail)
        who = {} if client is None else client.columns
        self.events.append(replace(event, kind=kind, **(who | columns), detail=text))
        return self.sequence - 1

    def set_time(self, sequence: int, milliseconds: int) -> None:
        """Let the clock have shown another time at one event."""
        time = START + timedelta(milliseconds=milliseconds)
        self.events[sequence] = replace(self.events[sequence], wall_ns=nanoseconds(time))

    def next_exchange(self, client: Client) -> int:
        """Number a request."""
        number = self.exchanges.get(client.session, 0)
        self.exchanges[client.session] = number + 1
        return number

    def ask(self, client: Client, api: ApiKey, request: Mapping[str, Any], **more: object) -> int:
        """Record a request with its answer; `response` is what the detail says of it."""
        response = more.pop("response", {})
        detail = {"request": request, "response": response, "elapsed_ns": 2_000_000}
        columns = {"error_code": 0, "decision": "allow", "detail": detail} | more
        about = {"api_key": api, "api_version": 5}
        if "exchange" not in columns:
            about["exchange"] = self.next_exchange(client)
        return self.add(EventKind.EXCHANGE, client, **about, **columns)

    def produce(self, client: Client, place: Place, *batches: bytes, acks: int = -1) -> int:
        """Record batches that were sent and answered; return the number of the exchange."""
        exchange = self.next_exchange(client)
        self.send(client, place, exchange, *batches)
        if acks:
            self.answer(client, place, exchange)
        request = {"acks": acks, "transactional_id": None}
        response = {"throttle_time_ms": 0} if acks else "none"
        self.ask(client, ApiKey.PRODUCE, request, response=response, exchange=exchange)
        return exchange

    def send(self, client: Client, place: Place, exchange: int, *batches: bytes) -> int:
        """Record batches before they are forwarded."""
        extents = tuple(extent(each) for each in batches)
        return self.add(
            EventKind.PRODUCE,
            client,
            exchange=exchange,
            api_key=ApiKey.PRODUCE,
            api_version=9,
            decision="allow",
            **place.columns,
            record_count=sum(each.record_count for each in extents),
            byte_count=sum(map(len, batches)),
            extents=extents,
            payload=memoryview(b"".join(batches)),
        )

    def answer(self, client: Client, place: Place, exchange: int, error_code: int = 0) -> int:
        """Record what the broker said of what was sent."""
        return self.add(
            EventKind.PRODUCED,
            client,
            exchange=exchange,
            api_key=ApiKey.PRODUCE,
            api_version=9,
            **place.columns,
            first_offset=None if error_code else place.first,
            error_code=error_code,
        )

    def deliver(
        self,
        client: Client,
        place: Place,
        *batches: bytes,
        via: ApiKey = ApiKey.FETCH,
        visibility: Mapping[str, object] | None = None,
        **more: object,
    ) -> int:
        """Record batches that were delivered; return the event's sequence number."""
        extents = tuple(extent(each) for each in batches)
        whole = [each for each in extents if each.first_offset is not None]
        exchange = self.next_exchange(client)
        fetched = {"high_watermark": 100, "log_start_offset": 0, "aborted": []}
        detail = {**fetched, "isolation_level": 0} if via == ApiKey.FETCH else {}
        columns = {
            "requested_offset": place.first,
            "first_offset": whole[0].first_offset if whole else None,
            "last_offset": whole[-1].last_offset if whole else None,
            "record_count": sum(each.record_count for each in extents),
            "byte_count": sum(map(len, batches)),
            "error_code": 0,
            "decision": "allow",
            "detail": {**detail, **(visibility or {})},
        }
        about = {"exchange": exchange, "api_key": via, "api_version": 12, **place.columns}
        stored = {"extents": extents, "payload": memoryview(b"".join(batches))}
        sequence = self.add(EventKind.DELIVERED, client, **(about | columns | stored | more))
        self.ask(client, via, {}, exchange=exchange)
        return sequence

    def commit(self, client: Client, place: Place, error_code: int = 0) -> int:
        """Record that a client committed the place's offset as the next that it will read."""
        names = {"name": place.topic} if place.topic_id is None else {"topic_id": place.topic_id}
        partition = {"partition_index": place.partition, "committed_offset": place.first}
        answered = {"partition_index": place.partition, "error_code": error_code}
        return self.ask(
            client,
            ApiKey.OFFSET_COMMIT,
            {"group_id": "g", "member_id": "m", "topics": [names | {"partitions": [partition]}]},
            response={"topics": [names | {"partitions": [answered]}]},
            error_code=error_code,
        )

    def _goes_on(self) -> bool:
        return not self.events or self.events[-1].kind != EventKind.RECORDER_STOP

    def rows(self) -> list[Row]:
        """Number the events."""
        return [Row(sequence, "boot-1", event) for sequence, event in enumerate(self.events)]

    def write(self, archive: Path, *, is_sealed: bool = True, is_ended: bool = False) -> Path:
        """Write the archive; unsealed, its last segment looks like one being written.

        With `is_ended` its last event says that recording ended.
        """
        if is_ended and self._goes_on():
            self.add(EventKind.RECORDER_STOP)
        writer = ArchiveWriter(archive, self.origin)
        for rows, ends_segment in self._blocks():
            writer.append(rows)
            if ends_segment:
                writer.seal(CloseReason.TIME)
        if is_sealed:
            writer.close()
        else:
            writer._lock.release()
        return archive

    def _blocks(self) -> Iterator[tuple[Sequence[Row], bool]]:
        rows = self.rows()
        ends = sorted({*self.block_ends, *self.segment_ends, len(rows)})
        for start, end in zip([0, *ends], ends, strict=False):
            if end > start:
                yield rows[start:end], end in self.segment_ends


def opened(
    folder: Path, *recordings: Recording, is_sealed: bool = True, is_ended: bool = True
) -> Archive:
    """Write recordings as one archive and open it with a cache of its own."""
    for recording in recordings:
        recording.write(folder / "archive", is_sealed=is_sealed, is_ended=is_sealed and is_ended)
    return open_archive(folder / "archive", cache=folder / "cache")


def segment_files(folder: Path) -> list[Path]:
    """List the segment files of an archive that `opened` made."""
    return sorted((folder / "archive").glob("*/segments/*"))


def spoil(path: Path, block: int) -> None:
    """Damage the frame of one block of a segment, so that its events are lost."""
    with path.open("r+b") as file:
        found = list(SegmentWalk(file, origin="", segment=path.name))
        blocks = [each for each in found if isinstance(each, StoredBlock)]
        stored = [each for each in blocks if each.header.kind is BlockKind.BLOCK][block]
        file.seek(stored.end_position - 1)
        file.write(bytes([stored.frame[-1] ^ 1]))
