"""The same bytes to the broker and to the gateway: answers differ only where they must."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import polars as pl
import pytest

from gateway.apis.api_versions import VERSION_MAX
from gateway.apis.catalogue import is_offered
from gateway.apis.error_codes import ErrorCode
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import api_versions, decode_response
from tests.kafka.evidence import Evidence, wait_until_sealed
from tests.kafka.raw import RawClient, address_of, fetch_fields, produce_fields, request
from tests.kafka.records import Record, Sending, numbered
from tests.kafka.truth import DIRECT, id_bytes, leader_address, wait_for, whole_log

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.wire.readers import Body
    from tests.kafka.cluster import Cluster
    from tests.kafka.features import Place
    from tests.kafka.gateway import Gateway

# What differs between two answers of one broker, or between the broker's and the gateway's.
BLANKED = frozenset(
    {"host", "port", "throttle_time_ms", "session_id", "member_id", "error_message", "heartbeat"}
)
TOO_NEW = 99
SOFTWARE = {"client_software_name": "raw-client", "client_software_version": "1.2.3"}


def blanked(node: object) -> object:
    """Leave out of an answer what is no part of the comparison."""
    if isinstance(node, dict):
        return {key: blanked(value) for key, value in node.items() if key not in BLANKED}
    if isinstance(node, list):
        return [blanked(each) for each in node]
    return bytes(node) if isinstance(node, memoryview) else node


def both(place: Place, topic: str, api_key: ApiKey, version: int, fields: Body) -> list[object]:
    """Ask the broker and then the gateway the same."""
    answers = []
    for address in (leader_address(place.direct, topic), place.leader(topic)):
        with RawClient(address) as client:
            answers.append(blanked(client.ask(api_key, version, fields)))
    return answers


@pytest.fixture
def topic(through: Place) -> str:
    """A topic of two partitions with records in the first."""
    topic = through.topic("protocol", partitions=2)
    DIRECT.produce(through.direct, topic, numbered(10), Sending(codec="lz4"))
    return topic


def questions(topic: str, topic_id: bytes) -> Mapping[str, tuple[ApiKey, Body]]:
    """Return questions that leave the cluster as it is, by what they are about."""
    unknown = uuid.uuid4().bytes
    place = {"partition_index": 0, "current_leader_epoch": -1, "timestamp": -1}
    epoch = {"partition": 0, "current_leader_epoch": -1, "leader_epoch": 0}
    return {
        "metadata by name": (ApiKey.METADATA, {"topics": [{"topic_id": bytes(16), "name": topic}]}),
        "metadata by id": (ApiKey.METADATA, {"topics": [{"topic_id": topic_id, "name": None}]}),
        "metadata of an unknown id": (
            ApiKey.METADATA,
            {"topics": [{"topic_id": unknown, "name": None}]},
        ),
        "cluster": (ApiKey.DESCRIBE_CLUSTER, {}),
        "controllers": (ApiKey.DESCRIBE_CLUSTER, {"endpoint_type": 2}),
        "offsets": (
            ApiKey.LIST_OFFSETS,
            {"replica_id": -1, "topics": [{"name": topic, "partitions": [place]}]},
        ),
        "offsets with a future epoch": (
            ApiKey.LIST_OFFSETS,
            {
                "replica_id": -1,
                "topics": [{"name": topic, "partitions": [place | {"current_leader_epoch": 77}]}],
            },
        ),
        "epochs": (
            ApiKey.OFFSET_FOR_LEADER_EPOCH,
            {"replica_id": -1, "topics": [{"topic": topic, "partitions": [epoch]}]},
        ),
        "first page of partitions": (
            ApiKey.DESCRIBE_TOPIC_PARTITIONS,
            {"topics": [{"name": topic}], "response_partition_limit": 1},
        ),
        "second page of partitions": (
            ApiKey.DESCRIBE_TOPIC_PARTITIONS,
            {
                "topics": [{"name": topic}],
                "response_partition_limit": 1,
                "cursor": {"topic_name": topic, "partition_index": 1},
            },
        ),
        "configuration": (
            ApiKey.DESCRIBE_CONFIGS,
            {
                "resources": [
                    {"resource_type": 2, "resource_name": topic, "configuration_keys": None}
                ]
            },
        ),
        "coordinator": (
            ApiKey.FIND_COORDINATOR,
            {"key_type": 0, "coordinator_keys": [f"{topic}-group"]},
        ),
        "fetch": (ApiKey.FETCH, by_id(fetch_fields(topic, 0), topic_id)),
        "fetch of an unknown id": (ApiKey.FETCH, by_id(fetch_fields(topic, 0), unknown)),
        "fetch with a future epoch": (
            ApiKey.FETCH,
            by_id(fetch_fields(topic, 0, leader_epoch=77), topic_id),
        ),
        "fetch beyond the end": (ApiKey.FETCH, by_id(fetch_fields(topic, 999), topic_id)),
    }


def by_id(fields: Body, topic_id: bytes) -> Body:
    """Turn a Fetch by name into one by topic id."""
    (named,) = fields["topics"]
    return {**fields, "topics": [{"topic_id": topic_id, "partitions": named["partitions"]}]}


@pytest.mark.parametrize("about", questions("", b""))
def test_answers_differ_in_addresses_only(
    about: str, topic: str, through: Place, kafka: Cluster
) -> None:
    """Leader epochs, topic ids, cursors, errors and records come through as they are."""
    topic_id = id_bytes(DIRECT.topic_id(through.direct, topic))
    api_key, fields = questions(topic, topic_id)[about]
    version = min(
        api_versions()[api_key].version_max, offered(address_of(kafka.bootstrap))[api_key][1]
    )

    direct, gateway = both(through, topic, api_key, version, fields)

    assert direct == gateway


def offered(address: tuple[str, int]) -> dict[int, tuple[int, int]]:
    """Ask which versions of which APIs somebody offers."""
    with RawClient(address) as client:
        answer = client.ask(ApiKey.API_VERSIONS, 3, SOFTWARE)
    assert answer["error_code"] == 0
    return {
        each["api_key"]: (each["min_version"], each["max_version"]) for each in answer["api_keys"]
    }


def test_only_what_both_sides_know_is_offered(through: Place, kafka: Cluster) -> None:
    """An API is offered as far as the broker and the gateway know it, and not if it is hidden."""
    broker, gateway = offered(address_of(kafka.bootstrap)), offered(address_of(through.bootstrap))

    assert set(gateway) == {key for key in broker if is_offered(key)}
    assert gateway.pop(ApiKey.API_VERSIONS) == (0, VERSION_MAX)
    table = api_versions()
    assert gateway == {
        key: (broker[key][0], min(broker[key][1], table[key].version_max)) for key in gateway
    }


def test_produce_is_offered_from_version_0(through: Place) -> None:
    """A higher minimum is, to librdkafka, a broker without any Produce that it knows."""
    assert offered(address_of(through.bootstrap))[ApiKey.PRODUCE][0] == 0


@pytest.mark.parametrize("version", [VERSION_MAX + 1, TOO_NEW])
def test_a_too_new_api_versions_is_answered_in_version_0(version: int, through: Place) -> None:
    """The client learns from an answer that it can read which version to try instead."""
    with RawClient(address_of(through.bootstrap)) as client:
        begin = ApiKey.API_VERSIONS.to_bytes(2) + version.to_bytes(2) + (5).to_bytes(4)
        client.socket.sendall((len(begin) + 2).to_bytes(4) + begin + b"\xff\xff")
        answer = decode_response(client.receive(), ApiKey.API_VERSIONS, 0)

        assert ErrorCode.UNSUPPORTED_VERSION == answer.body["error_code"]
        assert [
            {"api_key": ApiKey.API_VERSIONS, "min_version": 0, "max_version": VERSION_MAX}
        ] == answer.body["api_keys"]
        assert client.ask(ApiKey.API_VERSIONS, 0)["error_code"] == 0


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(request(ApiKey.CREATE_DELEGATION_TOKEN, 3), id="hidden API"),
        pytest.param(b"\0\0\0\x0a\x27\x0f\0\0\0\0\0\1\xff\xff", id="unknown API"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="HTTP"),
        pytest.param(b"\xff\xff\xff\xff", id="negative size"),
        pytest.param(b"\0\0\0\x08\0\x03\0\x0c\0\0\0\1", id="cut header"),
    ],
)
def test_what_cannot_be_answered_ends_the_connection(
    sent: bytes, standing_gateway: Gateway
) -> None:
    """The gateway closes, says why in the record, and serves on."""
    with RawClient(address_of(standing_gateway.bootstrap)) as client:
        peer = "{}:{}".format(*client.socket.getsockname())
        client.socket.sendall(sent)

        assert client.receive() == b""
    (opened,) = (
        line for line in standing_gateway.lines("connection_opened") if line["peer"] == peer
    )
    evidence = wait_until_sealed(standing_gateway)
    sessions = evidence.tables.sessions.filter(pl.col("session") == opened["session"])
    assert sessions.collect()["close_reason"].to_list() == ["protocol_error"]
    with RawClient(address_of(standing_gateway.bootstrap)) as client:
        assert client.ask(ApiKey.API_VERSIONS, 0)["error_code"] == 0


def test_answers_come_in_the_order_of_the_requests(topic: str, through: Place) -> None:
    """What the gateway answers itself waits behind a Fetch that the broker holds."""
    fetch = fetch_fields(topic, 10) | {"max_wait_ms": 700}
    with RawClient(through.leader(topic)) as client:
        numbers = [
            client.send(ApiKey.METADATA, 12, {"topics": []}),
            client.send(ApiKey.FETCH, 12, fetch),
            client.send(ApiKey.API_VERSIONS, 0),
            client.send(ApiKey.METADATA, 12, {"topics": []}),
        ]
        client.socket.sendall(b"\0\0\0\x0a\0\x12\0\x63\0\0\0\x63\xff\xff")

        assert [int.from_bytes(client.receive()[:4]) for _ in range(5)] == [*numbers, TOO_NEW]


def test_acks_0_is_pipelined_and_flushed(topic: str, through: Place) -> None:
    """Requests without an answer reach the broker even when the client closes right after them."""
    records = [Record(partition=1, value=b"%d" % n) for n in range(50)]
    with RawClient(through.leader(topic)) as client:
        for record in records:
            client.send(ApiKey.PRODUCE, 11, produce_fields(topic, [record], acks=0))
        assert client.ask(ApiKey.METADATA, 12, {"topics": []})["topics"] == []
        for record in records:
            client.send(ApiKey.PRODUCE, 11, produce_fields(topic, [record], acks=0))
    wait_for(lambda: len(whole_log(through.direct, topic, 1)) == 2 * len(records))

    assert [each.value for each in whole_log(through.direct, topic, 1)] == [
        each.value for each in records * 2
    ]


def test_a_session_keeps_to_names_or_ids(topic: str, through: Place) -> None:
    """A fetch session that changes from names to ids gets the broker's own error."""
    topic_id = id_bytes(DIRECT.topic_id(through.direct, topic))
    errors = []
    for address in (leader_address(through.direct, topic), through.leader(topic)):
        with RawClient(address) as client:
            opened = client.ask(ApiKey.FETCH, 12, fetch_fields(topic, 0) | {"session_epoch": 0})
            fields = by_id(fetch_fields(topic, 0), topic_id)
            fields |= {"session_id": opened["session_id"], "session_epoch": 1}
            errors.append(client.ask(ApiKey.FETCH, 13, fields)["error_code"])

    assert errors[0] == errors[1]
    assert errors[0] != 0


def test_software_names_are_evidence(gateway: Gateway) -> None:
    """What a client says about its library is kept, also when it is strange."""
    with RawClient(address_of(gateway.bootstrap)) as client:
        assert client.ask(ApiKey.API_VERSIONS, 3, SOFTWARE)["error_code"] == 0
    gateway.wait_for("connection_closed")
    gateway.stop()
    rows = Evidence(gateway.archive).tables.sessions.collect()

    assert rows["software_name"].to_list() == ["raw-client"]
    assert rows["software_version"].to_list() == ["1.2.3"]
