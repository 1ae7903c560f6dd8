"""Any conversation: what the tables say is what a plain reading of its events says."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.evidence.event import Event, EventKind
from gateway.wire.api_keys import ApiKey
from gateway.wire.records.batch import crc_is_valid, read_header
from gateway.wire.records.decode import control_type, decode_batch
from gateway.wire.records.encode import BatchOptions
from tests.workbench.archive.recording import Client, Place, Recording, batch, control, opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LIMIT = 1_000_000
CLIENTS = (
    Client(session="s1", subject="alice"),
    Client(session="s2", subject="alice"),
    Client(session="s3", subject="bob"),
    Client(session="s4", subject=None),
)
OFFSETS = st.integers(0, 4)
PRODUCERS = st.sampled_from([5, 5, 6])

clients = st.sampled_from(CLIENTS)
places = st.builds(
    Place,
    topic=st.sampled_from(["a", "b"]),
    partition=st.integers(0, 1),
    first=OFFSETS,
)
values = st.lists(st.sampled_from([b"x", b"y", b"z", None]), min_size=1, max_size=3)
options = st.builds(
    lambda codec, producer_id, is_transactional: BatchOptions(
        codec=codec, producer_id=producer_id, is_transactional=is_transactional
    ),
    st.sampled_from(["none", "gzip", "zstd"]),
    PRODUCERS,
    st.sampled_from([True, True, False]),
)
data_batches = st.builds(
    lambda values, first, options: batch(*values, first=first, options=options),
    values,
    OFFSETS,
    options,
)
markers = st.builds(
    lambda first, producer_id, is_abort: control(first, producer_id, is_abort=is_abort),
    OFFSETS,
    PRODUCERS,
    st.booleans(),
)
spoiled = data_batches.map(lambda stored: stored[:-1] + bytes([stored[-1] ^ 1]))
answers = st.builds(
    lambda batches, tail: (*batches, *tail),
    st.lists(data_batches | markers | data_batches | spoiled, min_size=3, max_size=6),
    st.lists(data_batches.map(lambda stored: stored[:-4]), max_size=1),
)
aborted = st.lists(
    st.builds(lambda p, f: {"producer_id": p, "first_offset": f}, PRODUCERS, st.integers(0, 2)),
    min_size=1,
    max_size=3,
)


@dataclass(frozen=True)
class Step:
    """One thing that happens, and how it is recorded."""

    act: str
    client: Client
    place: Place
    batches: tuple[bytes, ...]
    number: int
    aborted: list[dict[str, int]]

    def record(self, recording: Recording) -> None:
        """Record it."""
        match self.act:
            case "produce":
                recording.produce(self.client, self.place, *self.batches[:2], acks=self.number % 3)
            case "deliver":
                visibility = {"isolation_level": min(self.number, 1), "aborted": self.aborted}
                recording.deliver(self.client, self.place, *self.batches, visibility=visibility)
            case "commit":
                recording.commit(self.client, self.place, error_code=self.number % 3 // 2)
            case "block":
                recording.end_block()
            case _:
                recording.end_segment()


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """Make a step; what is produced are whole batches of data."""
    act = draw(st.sampled_from(["deliver", "deliver", "produce", "commit", "block", "segment"]))
    sent = st.lists(data_batches, min_size=1, max_size=2).map(tuple)
    return Step(
        act=act,
        client=draw(clients),
        place=draw(places),
        batches=draw(sent if act == "produce" else answers),
        number=draw(st.integers(0, 5)),
        aborted=draw(aborted),
    )


conversations = st.lists(steps(), min_size=4, max_size=12)


@pytest.mark.parametrize("origins", [("gw",), ("gw", "other")])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_reads_and_records_are_what_the_events_say(
    tmp_path_factory: pytest.TempPathFactory, origins: tuple[str, ...], data: st.DataObject
) -> None:
    """Every record delivered is a read with the proof that there is, and no other is."""
    recordings = [Recording(origin=origin) for origin in origins]
    for recording in recordings:
        recording.add(EventKind.RECORDER_START)
        for step in data.draw(conversations):
            step.record(recording)

    archive = opened(tmp_path_factory.mktemp("archive"), *recordings)

    columns = ["origin", "sequence", "batch", "position", "offset", "proof_level"]
    columns += ["is_below_requested", "is_aborted", "is_inferred"]
    assert ordered(expected_reads(recordings)) == ordered(
        archive.reads.select(columns).collect().rows()
    )
    columns = ["direction", "topic", "partition", "batch", "position", "offset", "value"]
    assert ordered(expected_records(recordings)) == ordered(
        archive.records.select(columns).collect().rows()
    )


def ordered(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Sort rows with nulls in them."""
    return sorted(rows, key=repr)


@dataclass(frozen=True)
class Fact:
    """An event with its place among all."""

    origin: str
    sequence: int
    event: Event

    def is_before(self, other: Fact) -> bool:
        """Say whether the other one came later."""
        if self.origin == other.origin:
            return self.sequence < other.sequence
        return self.event.wall_ns < other.event.wall_ns

    @property
    def batches(self) -> list[bytes]:
        """Cut the payload."""
        payload, cut = bytes(self.event.payload or b""), []
        for extent in self.event.extents:
            cut.append(payload[: extent.byte_count])
            payload = payload[extent.byte_count :]
        return cut


def facts(recordings: list[Recording], *kinds: EventKind) -> list[Fact]:
    """List the events of some kinds."""
    return [
        Fact(recording.origin, sequence, event)
        for recording in recordings
        for sequence, event in enumerate(recording.events)
        if event.kind in kinds
    ]


def is_whole(stored: bytes) -> bool:
    """Say whether bytes are a batch by their length."""
    return len(stored) >= 61 and len(stored) == 12 + int.from_bytes(stored[8:12], "big")


def is_readable(stored: bytes) -> bool:
    """Say whether a batch can be read."""
    return is_whole(stored) and crc_is_valid(stored)


def expected_reads(recordings: list[Recording]) -> Iterator[tuple[Any, ...]]:
    """Go through all deliveries, one record after the other."""
    for fact in facts(recordings, EventKind.DELIVERED):
        requested = fact.event.requested_offset or 0
        for index, stored in enumerate(fact.batches):
            if not is_whole(stored):
                continue
            header = read_header(stored)
            about = (fact.origin, fact.sequence, hashlib.sha256(stored).digest())
            if not is_readable(stored):
                for offset in range(header.base_offset, header.last_offset + 1):
                    level = "L3" if is_committed(recordings, fact, offset) else "L2"
                    yield *about, None, offset, level, offset < requested, False, True
            elif not header.is_control:
                hidden = is_hidden(fact, index)
                for position, record in enumerate(
                    decode_batch(stored, decompressed_bytes_max=LIMIT)
                ):
                    level = proof(recordings, fact, record.offset, (record.key, record.value))
                    is_below = record.offset < requested
                    yield *about, position, record.offset, level, is_below, hidden, False


def proof(
    recordings: list[Recording], fact: Fact, offset: int, content: tuple[bytes | None, ...]
) -> str:
    """Look at everything that came later."""
    for sent in facts(recordings, EventKind.PRODUCE):
        is_elsewhere = fact.event.topic != sent.event.topic and fact.is_before(sent)
        if fact.event.subject and is_elsewhere and fact.event.subject == sent.event.subject:
            for stored in sent.batches:
                records = decode_batch(stored, decompressed_bytes_max=LIMIT)
                if content in [(record.key, record.value) for record in records]:
                    return "L4"
    return "L3" if is_committed(recordings, fact, offset) else "L2"


def is_committed(recordings: list[Recording], fact: Fact, offset: int) -> bool:
    """Look for a commit behind the offset."""
    for commit in facts(recordings, EventKind.EXCHANGE):
        event = commit.event
        if event.api_key == ApiKey.OFFSET_COMMIT and not event.error_code:
            (topic,) = json.loads(event.detail or "")["request"]["topics"]
            (partition,) = topic["partitions"]
            place = (topic["name"], partition["partition_index"])
            is_meant = place == (fact.event.topic, fact.event.partition)
            is_theirs = fact.event.subject is not None and event.subject == fact.event.subject
            is_behind = partition["committed_offset"] > offset
            if is_meant and is_theirs and is_behind and fact.is_before(commit):
                return True
    return False


def is_hidden(fact: Fact, index: int) -> bool:
    """Say whether some aborted transaction covers a batch of the delivery."""
    detail = json.loads(fact.event.detail or "")
    batches = fact.batches
    header = read_header(batches[index])
    if detail["isolation_level"] != 1 or not header.is_transactional:
        return False
    for transaction, begin in product(detail["aborted"], range(index + 1)):
        is_theirs = transaction["producer_id"] == header.producer_id
        reached = [
            is_whole(stored) and read_header(stored).last_offset >= transaction["first_offset"]
            for stored in batches[: begin + 1]
        ]
        begins = is_theirs and reached[-1] and not any(reached[:-1])
        if begins and not any(ends(each, header.producer_id) for each in batches[begin:index]):
            return True
    return False


def ends(stored: bytes, producer_id: int) -> bool:
    """Say whether a batch ends a producer's aborted transaction, or may do so."""
    if not is_whole(stored):
        return False
    if not is_readable(stored):
        return True
    header = read_header(stored)
    is_theirs = header.is_control and header.producer_id == producer_id
    return is_theirs and control_type(stored) == "abort"


def expected_records(recordings: list[Recording]) -> set[tuple[Any, ...]]:
    """Collect the records of all batches, each once for its place in the log."""
    known = set()
    for fact in facts(recordings, EventKind.PRODUCE, EventKind.DELIVERED):
        is_sent = fact.event.kind == EventKind.PRODUCE
        direction = "produced" if is_sent else "delivered"
        before = 0
        for stored in fact.batches:
            if not is_readable(stored) or read_header(stored).is_control:
                continue
            first = first_offset(recordings, fact) if is_sent else None
            records = decode_batch(stored, decompressed_bytes_max=LIMIT)
            for position, record in enumerate(records):
                given_offset = None if first is None else first + before + position
                offset = given_offset if is_sent else record.offset
                about = (direction, fact.event.topic, fact.event.partition)
                digest = hashlib.sha256(stored).digest()
                known.add((*about, digest, position, offset, record.value))
            before += len(records)
    return known


def first_offset(recordings: list[Recording], sent: Fact) -> int | None:
    """Find what the broker answered."""
    for fact in facts(recordings, EventKind.PRODUCED):
        event = fact.event
        if (fact.origin, event.session, event.exchange) == (
            sent.origin,
            sent.event.session,
            sent.event.exchange,
        ):
            return event.first_offset
    return None
