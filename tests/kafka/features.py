"""What is asked of each client, direct and through the gateway.

A feature takes a client and a place and returns what must be equal at both places. Names of topics
and groups begin with the place's prefix, and no result holds them, nor times that the clients did
not choose.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tests.kafka.records import ALL_ACKS, CODECS, Reading, Record, Sending, Transaction, numbered
from tests.kafka.truth import (
    DIRECT,
    codecs,
    create_topic,
    id_bytes,
    leaders,
    partition_count,
    set_group_config,
    wait_for,
    whole_log,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.kafka.clients.client import Client
    from tests.kafka.records import Codec, Protocol

# Enough for every client to find that compression pays.
COUNT = 300
# Any time that is not now, so that nothing passes for it by chance.
TIMESTAMP_MS = 1_700_000_000_000
NUMBERED = numbered(COUNT, timestamp_ms=TIMESTAMP_MS)
# What a text client can type, so that all clients can be asked for it.
SHAPES = (
    Record(key=b"k", value=b"v", headers=(("h", b"1"), ("h", b"2"), ("a", b"1"))),
    Record(key=b"k", value=None),
    Record(key=None, value=b"no key"),
    Record(key=b"", value=b""),
    Record(key=None, value=b"", headers=(("empty", b""),)),
    Record(key="Schlüssel".encode(), value="Wert €".encode(), headers=(("Größe", "ß".encode()),)),
)


@dataclass(kw_only=True)
class Place:
    """Where a feature runs, and what the client said there that it sent and received."""

    bootstrap: str
    direct: str
    """The broker itself, for what must be there before or is looked at afterwards."""
    prefix: str
    nodes: Mapping[int, tuple[str, int]]
    """Where clients of this place must be told that the nodes are."""
    sent: dict[str, list[Record]] = field(default_factory=dict)
    received: dict[str, list[Record]] = field(default_factory=dict)

    def topic(self, name: str = "topic", partitions: int = 1) -> str:
        """Create a topic directly and return its full name."""
        topic = f"{self.prefix}-{name}"
        create_topic(self.direct, topic, partitions)
        return topic

    def seeded(self, *, partitions: int = 1, codec: Codec = "none") -> str:
        """Create a topic with numbered records, sent directly."""
        topic = self.topic("seeded", partitions)
        records = numbered(COUNT, partitions=partitions, timestamp_ms=TIMESTAMP_MS)
        DIRECT.produce(self.direct, topic, records, Sending(codec=codec))
        return topic

    def leader(self, topic: str) -> tuple[str, int]:
        """Tell where clients of this place reach the leader of a topic's partition 0."""
        return self.nodes[leaders(self.direct, topic)[0]]

    def note_sent(self, topic: str, records: Iterable[Record]) -> None:
        """Remember what the client says that it sent to a topic."""
        self.sent.setdefault(topic, []).extend(records)

    def note_received(self, topic: str, records: list[Record]) -> list[Record]:
        """Remember what the client says that it received, and return it."""
        self.received.setdefault(topic, []).extend(records)
        return records

    def name_nodes(self, told: Mapping[int, tuple[str, int]]) -> dict[int, str]:
        """Replace the addresses that clients should be told by a word; wrong ones stay."""
        return {
            node: "right" if address == self.nodes.get(node) else str(address)
            for node, address in told.items()
        }


Outcome = object


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One row of the table: its name, what it says to a reader, and how to try it."""

    name: str
    title: str
    run: Callable[[Client, Place], Outcome]


def produce(sending: Sending, client: Client, place: Place) -> Outcome:
    """Send numbered records, and read them back directly."""
    topic = place.topic()
    reported = client.produce(place.bootstrap, topic, NUMBERED, sending)
    place.note_sent(topic, reported)
    wait_for(lambda: DIRECT.offsets(place.direct, topic, 0).end == COUNT)
    assert {sending.codec} == codecs(place.direct, topic)
    return {
        "log": [each.without_time() for each in whole_log(place.direct, topic)],
        "reported": [each.without_time() for each in reported],
    }


def produce_shapes(client: Client, place: Place) -> Outcome:
    """Send keys, values and headers of every shape; the client itself reads them back."""
    topic = place.topic()
    place.note_sent(topic, client.produce(place.bootstrap, topic, SHAPES, Sending()))
    reading = Reading(count=len(SHAPES), group=f"{topic}-group")
    read = place.note_received(topic, client.consume(place.bootstrap, topic, reading))
    return {
        "log": [each.without_time() for each in whole_log(place.direct, topic)],
        "read": [each.without_time() for each in read],
    }


def produce_null_header(client: Client, place: Place) -> Outcome:
    """Send a header without a value, which is not one with an empty value."""
    topic = place.topic()
    record = Record(value=b"v", headers=(("null", None), ("empty", b"")))
    place.note_sent(topic, client.produce(place.bootstrap, topic, [record], Sending()))
    reading = Reading(count=1, start={0: 0})
    return [
        each.without_time()
        for each in place.note_received(topic, client.consume(place.bootstrap, topic, reading))
    ]


def consume_codec(codec: Codec, client: Client, place: Place) -> Outcome:
    """Read records that another client compressed."""
    topic = place.seeded(codec=codec)
    assert {codec} == codecs(place.direct, topic)
    reading = Reading(count=COUNT, start={0: 0})
    return place.note_received(topic, client.consume(place.bootstrap, topic, reading))


def consume_group(protocol: Protocol, client: Client, place: Place) -> Outcome:
    """Read two partitions as a group, commit, and see the group's offsets directly."""
    topic = place.seeded(partitions=2)
    group = f"{place.prefix}-group"
    reading = Reading(count=COUNT, group=group, protocol=protocol)
    read = place.note_received(topic, client.consume(place.bootstrap, topic, reading))
    return {"read": read, "committed": DIRECT.committed(place.direct, group, topic)}


def consume_from(client: Client, place: Place) -> Outcome:
    """Read from the middle of a batch, then again from an earlier offset."""
    topic = place.seeded()
    runs = [
        client.consume(place.bootstrap, topic, Reading(count=COUNT - start, start={0: start}))
        for start in (COUNT // 2, 3)
    ]
    for run in runs:
        place.note_received(topic, run)
    return runs


def consume_committed(client: Client, place: Place) -> Outcome:
    """Read a log with aborted transactions, once with and once without them."""
    topic = place.topic()
    DIRECT.transact(place.direct, topic, _TRANSACTIONS)
    runs = [
        client.consume(
            place.bootstrap,
            topic,
            Reading(count=count, start={0: 0}, is_committed_only=is_committed_only),
        )
        for count, is_committed_only in ((_COMMITTED, True), (_WRITTEN, False))
    ]
    for run in runs:
        place.note_received(topic, run)
    return runs


def consume_shared(client: Client, place: Place) -> Outcome:
    """Read as a member of a share group that begins at the log's beginning."""
    topic = place.seeded()
    group = f"{place.prefix}-share"
    set_group_config(place.direct, group, "share.auto.offset.reset", "earliest")
    read = client.consume_shared(place.bootstrap, topic, group, COUNT)
    return place.note_received(topic, read)


def transact(client: Client, place: Place, *, with_abort: bool) -> Outcome:
    """Send transactions, and read directly what a read_committed consumer sees."""
    topic = place.topic()
    transactions = _TRANSACTIONS if with_abort else _ALL_COMMITTED
    client.transact(place.bootstrap, topic, transactions)
    wait_for(lambda: len(whole_log(place.direct, topic, is_committed_only=True)) >= _COMMITTED)
    committed = whole_log(place.direct, topic, is_committed_only=True)
    written = whole_log(place.direct, topic)
    place.note_sent(topic, written)
    return {
        "committed": [(each.key, each.value) for each in committed],
        "aborts": len(written) > len(committed),
    }


def recreate_topic(client: Client, place: Place) -> Outcome:
    """Create, fill and read a topic, delete it, and do the same with another of its name."""
    topic = f"{place.prefix}-again"
    runs = []
    for count in (3, 5):
        client.create_topic(place.bootstrap, topic, 1)
        wait_for(lambda: _exists(place, topic))
        place.note_sent(topic, client.produce(place.bootstrap, topic, numbered(count), Sending()))
        reading = Reading(count=count, start={0: 0})
        runs.append(client.consume(place.bootstrap, topic, reading))
        place.note_received(topic, runs[-1])
        client.delete_topic(place.bootstrap, topic)
        wait_for(lambda: not _exists(place, topic))
    return [[each.without_time() for each in run] for run in runs]


def topic_ids(client: Client, place: Place) -> Outcome:
    """Tell a topic's id, which another topic of the same name does not have."""
    topic = f"{place.prefix}-named"
    told, true = [], []
    for _ in range(2):
        client.create_topic(place.bootstrap, topic, 1)
        wait_for(lambda: _exists(place, topic))
        told.append(client.topic_id(place.bootstrap, topic))
        true.append(DIRECT.topic_id(place.direct, topic))
        client.delete_topic(place.bootstrap, topic)
        wait_for(lambda: not _exists(place, topic))
    told_ids, true_ids = ([id_bytes(each) for each in ids] for ids in (told, true))
    return {"differ": told_ids[0] != told_ids[1], "true": told_ids == true_ids}


def grow_topic(client: Client, place: Place) -> Outcome:
    """Add partitions to a topic."""
    topic = place.topic()
    client.grow_topic(place.bootstrap, topic, 3)
    wait_for(lambda: partition_count(place.direct, topic) > 1)
    return partition_count(place.direct, topic)


def configure(client: Client, place: Place) -> Outcome:
    """Set a topic's configuration, and read it back."""
    topic = place.topic()
    client.set_config(place.bootstrap, topic, "retention.ms", "123456789")
    return [
        who.get_config(where, topic, "retention.ms")
        for who, where in ((client, place.bootstrap), (DIRECT, place.direct))
    ]


def list_offsets(client: Client, place: Place) -> Outcome:
    """Tell a partition's ends and the first record at or after a time."""
    topic = place.seeded()
    return client.offsets(place.bootstrap, topic, TIMESTAMP_MS + COUNT // 2)


def delete_records(client: Client, place: Place) -> Outcome:
    """Delete the first records of a partition."""
    topic = place.seeded()
    client.delete_records(place.bootstrap, topic, COUNT // 2)
    return DIRECT.offsets(place.direct, topic, TIMESTAMP_MS)


def describe_cluster(client: Client, place: Place) -> Outcome:
    """Tell the cluster's id and its nodes: those of this place, and no others."""
    return {
        "id": client.cluster_id(place.bootstrap),
        "nodes": place.name_nodes(client.cluster(place.bootstrap)),
    }


def list_groups(client: Client, place: Place) -> Outcome:
    """Find a group in the list, describe it, and tell what it committed."""
    topic, group = _read_by_group(place)
    return {
        "listed": group in client.groups(place.bootstrap),
        "state": client.group_state(place.bootstrap, group),
        "committed": client.committed(place.bootstrap, group, topic),
    }


def delete_group(client: Client, place: Place) -> Outcome:
    """Delete a group."""
    _, group = _read_by_group(place)
    client.delete_group(place.bootstrap, group)
    return group in DIRECT.groups(place.direct)


def _read_by_group(place: Place) -> tuple[str, str]:
    topic = place.seeded()
    group = f"{place.prefix}-group"
    DIRECT.consume(place.direct, topic, Reading(count=COUNT, group=group))
    return topic, group


def _transaction(first: int, *, is_committed: bool) -> Transaction:
    values = range(first, first + 2)
    records = tuple(
        Record(key=b"k", value=b"%d" % value, timestamp_ms=TIMESTAMP_MS) for value in values
    )
    return Transaction(records=records, is_committed=is_committed)


# Aborted transactions stand among committed ones, at both ends of what a consumer reads.
_TRANSACTIONS = (
    *(_transaction(100 * n, is_committed=n % 3 != 0) for n in range(30)),
    _transaction(9000, is_committed=True),
)
_ALL_COMMITTED = tuple(each for each in _TRANSACTIONS if each.is_committed)
_COMMITTED = 2 * len(_ALL_COMMITTED)
_WRITTEN = 2 * len(_TRANSACTIONS)


def _exists(place: Place, topic: str) -> bool:
    return partition_count(place.direct, topic) > 0


FEATURES: tuple[Feature, ...] = (
    *(
        Feature(
            name=f"produce-{codec}",
            title=f"produce, {codec}" if codec != "none" else "produce, uncompressed",
            run=partial(produce, Sending(codec=codec)),
        )
        for codec in CODECS
    ),
    *(
        Feature(
            name=f"produce-acks-{acks}",
            title=f"produce, acks={acks}",
            run=partial(produce, Sending(acks=acks)),
        )
        for acks in ALL_ACKS
    ),
    Feature(
        name="produce-idempotent",
        title="produce, idempotent",
        run=partial(produce, Sending(is_idempotent=True)),
    ),
    Feature(
        name="transaction-commit",
        title="transactions, committed",
        run=partial(transact, with_abort=False),
    ),
    Feature(
        name="transaction-abort",
        title="transactions, some aborted",
        run=partial(transact, with_abort=True),
    ),
    Feature(
        name="shapes",
        title="headers, null keys, tombstones, empty values",
        run=produce_shapes,
    ),
    Feature(name="null-header", title="headers without a value", run=produce_null_header),
    *(
        Feature(
            name=f"consume-{codec}",
            title=f"consume, {codec}" if codec != "none" else "consume, uncompressed",
            run=partial(consume_codec, codec),
        )
        for codec in CODECS
    ),
    Feature(
        name="group-classic",
        title="consumer group, classic protocol",
        run=partial(consume_group, "classic"),
    ),
    Feature(
        name="group-consumer",
        title="consumer group, KIP-848 protocol",
        run=partial(consume_group, "consumer"),
    ),
    Feature(name="assign-seek", title="manual assignment, seek, re-read", run=consume_from),
    Feature(name="read-committed", title="consume, read_committed", run=consume_committed),
    Feature(name="share", title="share group (KIP-932)", run=consume_shared),
    Feature(
        name="recreate-topic", title="topics: create, delete, create again", run=recreate_topic
    ),
    Feature(name="topic-id", title="topics: describe, with ids", run=topic_ids),
    Feature(name="grow-topic", title="topics: add partitions", run=grow_topic),
    Feature(name="configs", title="configurations: alter, describe", run=configure),
    Feature(name="offsets", title="list offsets, offsets for times", run=list_offsets),
    Feature(name="delete-records", title="delete records", run=delete_records),
    Feature(name="cluster", title="describe the cluster", run=describe_cluster),
    Feature(name="groups", title="groups: list, describe, committed offsets", run=list_groups),
    Feature(name="delete-group", title="groups: delete", run=delete_group),
)
