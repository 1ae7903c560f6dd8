"""What was delivered, to whom, and what of it a client hides from its application."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from gateway.wire.api_keys import ApiKey
from gateway.wire.records.batch import walk
from tests.kafka.clients.aio import Aiokafka
from tests.kafka.clients.confluent import Confluent
from tests.kafka.clients.kafka_python import KafkaPython
from tests.kafka.distribution import run_tool
from tests.kafka.evidence import wait_until_sealed
from tests.kafka.raw import RawClient, fetch_fields
from tests.kafka.records import Reading, Record, Sending, Transaction, numbered
from tests.kafka.truth import DIRECT, create_topic, delete_topic, id_bytes, whole_log

if TYPE_CHECKING:
    from tests.kafka.features import Place
    from tests.kafka.gateway import Gateway

COUNT = 200
FETCH_VERSION = 12


def test_records_below_the_requested_offset_are_delivered_and_marked(
    through: Place, standing_gateway: Gateway
) -> None:
    """A compressed batch comes whole, so its first records reached a client that did not ask."""
    topic = through.topic()
    DIRECT.produce(through.direct, topic, numbered(COUNT), Sending(codec="zstd"))

    with RawClient(through.leader(topic)) as client:
        client.ask(ApiKey.FETCH, FETCH_VERSION, fetch_fields(topic, 150))

    reads = wait_until_sealed(standing_gateway).reads(topic)
    assert [read.record for read in reads] == whole_log(through.direct, topic)
    assert [read.is_below_requested for read in reads] == [True] * 150 + [False] * 50


def test_aborted_records_are_delivered_and_marked(
    through: Place, standing_gateway: Gateway
) -> None:
    """With read_committed a client hides what was aborted, though the bytes are there."""
    topic = through.topic()
    transactions = [
        Transaction(records=(Record(value=b"%d" % n),), is_committed=n % 2 == 0) for n in range(9)
    ]
    DIRECT.transact(through.direct, topic, transactions)
    reading = Reading(count=5, start={0: 0}, is_committed_only=True)

    received = Confluent().consume(through.bootstrap, topic, reading)

    reads = wait_until_sealed(standing_gateway).reads(topic)
    assert {read.record for read in reads} == set(whole_log(through.direct, topic))
    assert {read.record for read in reads if not read.is_aborted} == set(received)
    assert {read.record.value for read in reads if read.is_aborted} == {b"1", b"3", b"5", b"7"}


def test_a_cut_batch_at_the_end_is_no_delivery(through: Place, standing_gateway: Gateway) -> None:
    """A Fetch may end within a batch; only whole batches count as read."""
    topic = through.topic()
    for _ in range(3):
        DIRECT.produce(through.direct, topic, numbered(COUNT), Sending())
    with RawClient(through.leader(topic)) as client:
        whole = client.ask(ApiKey.FETCH, FETCH_VERSION, fetch_fields(topic, 0))
        size = len(whole["responses"][0]["partitions"][0]["records"])
        fields = fetch_fields(topic, 0, max_bytes=size // 2)
        cut = client.ask(ApiKey.FETCH, FETCH_VERSION, fields)
    spans = list(walk(memoryview(cut["responses"][0]["partitions"][0]["records"])))

    evidence = wait_until_sealed(standing_gateway)

    assert [span.header is None for span in spans] == [False, True]
    delivered = Counter(read.record.offset for read in evidence.reads(topic))
    assert delivered == Counter(range(3 * COUNT)) + Counter(range(COUNT))
    assert evidence.faults() == []


def test_an_incremental_fetch_is_recorded_with_the_offsets_it_left_out(
    through: Place, standing_gateway: Gateway
) -> None:
    """A fetch session names only what changed; where it reads the rest is remembered."""
    topic = through.topic()
    DIRECT.produce(through.direct, topic, numbered(10), Sending(codec="gzip"))
    with RawClient(through.leader(topic)) as client:
        fields = fetch_fields(topic, 5) | {"session_epoch": 0}
        opened = client.ask(ApiKey.FETCH, FETCH_VERSION, fields)
        again = {"session_id": opened["session_id"], "session_epoch": 1, "replica_id": -1}
        client.ask(ApiKey.FETCH, FETCH_VERSION, again | {"max_wait_ms": 500, "min_bytes": 1})

    reads = wait_until_sealed(standing_gateway).reads(topic)

    assert Counter(read.record.offset for read in reads) == Counter([*range(10)] * 2)
    assert [read.is_below_requested for read in reads] == [True] * 5 + [False] * 5 + (
        [True] * 5 + [False] * 5
    )


def test_each_of_several_readers_has_its_reads(through: Place, standing_gateway: Gateway) -> None:
    """One record that three clients read, one of them twice, was read four times."""
    topic = through.topic()
    DIRECT.produce(through.direct, topic, numbered(COUNT), Sending(codec="lz4"))
    reading = Reading(count=COUNT, start={0: 0})
    readers = (Confluent(), Aiokafka(), KafkaPython(), Confluent())

    with ThreadPoolExecutor(len(readers)) as pool:
        received = list(
            pool.map(lambda client: client.consume(through.bootstrap, topic, reading), readers)
        )

    reads = wait_until_sealed(standing_gateway).reads(topic)
    log = whole_log(through.direct, topic)
    assert received == [log] * 4
    assert len({read.session for read in reads}) == len(readers)
    assert Counter(read.record for read in reads) == Counter(log * 4)


def test_topics_of_one_name_are_kept_apart(through: Place, standing_gateway: Gateway) -> None:
    """What was read of a deleted topic is not mixed up with the topic that has its name now."""
    topic = f"{through.prefix}-reborn"
    ids, values = [], []
    for generation in (b"old", b"new"):
        create_topic(through.direct, topic)
        ids.append(id_bytes(DIRECT.topic_id(through.direct, topic)))
        record = Record(value=generation)
        Confluent().produce(through.bootstrap, topic, [record], Sending())
        values += Confluent().consume(through.bootstrap, topic, Reading(count=1, start={0: 0}))
        delete_topic(through.direct, topic)

    evidence = wait_until_sealed(standing_gateway)

    assert [each.value for each in values] == [b"old", b"new"]
    assert {read.record.value for read in evidence.reads(topic)} == {b"old", b"new"}
    rows = evidence.tables.reads.collect().filter(topic=topic)
    assert {id_bytes(each) for each in rows["topic_id"].drop_nulls()} == set(ids)


def test_what_a_pattern_matched_is_recorded_by_name(
    through: Place, standing_gateway: Gateway
) -> None:
    """With KIP-848 the broker evaluates the pattern; the record still names the topic."""
    topic = through.topic("by-pattern")
    DIRECT.produce(through.direct, topic, numbered(10), Sending())

    run_tool(
        "consumer.ConsoleConsumer",
        *("--bootstrap-server", through.bootstrap, "--include", f"{through.prefix}-by-.*"),
        *("--group", f"{through.prefix}-group", "--from-beginning", "--max-messages", "10"),
        *("--command-property", "group.protocol=consumer", "--timeout-ms", "20000"),
    )

    reads = wait_until_sealed(standing_gateway).reads(topic)
    assert {read.record for read in reads} == set(whole_log(through.direct, topic))


def test_acks_0_is_recorded_without_offsets(through: Place, standing_gateway: Gateway) -> None:
    """Nobody told the offsets, so none are recorded, and the outcome says that none was asked."""
    topic = through.topic()
    Confluent().produce(through.bootstrap, topic, numbered(10), Sending(acks="0"))

    evidence = wait_until_sealed(standing_gateway)

    produced = evidence.produced(topic)
    assert sorted(int(each.value or b"") for each in produced) == list(range(10))
    assert {each.offset for each in produced} == {None}
    assert set(evidence.outcomes(topic)) == {"none"}
