"""A refusal is a well-formed answer that carries an error for what was asked."""

from __future__ import annotations

import pytest

from gateway.apis.detail import first_error
from gateway.apis.error_codes import ErrorCode
from gateway.apis.refusal import _SHAPES, message_naming, refusable, refuse, retriable_error
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import (
    Response,
    api_versions,
    decode_response,
    default_body,
    encode_response,
)
from tests.gateway.apis.messages import TOPIC_ID, filled

# Kafka itself answers these versions with an empty list when they are not authorised: no field
# holds an error.
WITHOUT_ERROR_FIELD = {(ApiKey.DESCRIBE_LOG_DIRS, 1), (ApiKey.DESCRIBE_LOG_DIRS, 2)}

EVERY_VERSION = [
    pytest.param(api_key, version, id=f"{ApiKey(api_key).name}-{version}")
    for api_key in _SHAPES
    for version in range(
        api_versions()[api_key].version_min, api_versions()[api_key].version_max + 1
    )
]


@pytest.mark.parametrize(("api_key", "version"), EVERY_VERSION)
def test_every_refusal_encodes_and_says_the_error(api_key: ApiKey, version: int) -> None:
    """A client of any version reads the refusal as its API's own authorization error."""
    request = filled(api_key, version, response=False, values={"name": "orders", "topic": "orders"})
    answer, error = refuse(api_key, version, request)
    frame = encode_response(Response(correlation_id=7, body=answer), api_key, version)
    decoded = decode_response(frame, api_key, version)

    assert 7 == decoded.correlation_id
    if (api_key, version) not in WITHOUT_ERROR_FIELD:
        assert error == first_error(decoded.body)


@pytest.mark.parametrize("version", [3, 12, 13])
def test_produce_names_each_partition_again(version: int) -> None:
    """The client finds its own topics and partitions, each with the error and no offset."""
    partitions = [{"index": 4, "records": None}, {"index": 5, "records": None}]
    named = {"topic_id": TOPIC_ID} if version >= 13 else {"name": "orders"}
    request = {"topic_data": [{**named, "partition_data": partitions}]}
    answer, _ = refuse(ApiKey.PRODUCE, version, request)
    (topic,) = answer["responses"]

    assert named.items() <= topic.items()
    assert [(4, 29, -1), (5, 29, -1)] == [
        (each["index"], each["error_code"], each["base_offset"])
        for each in topic["partition_responses"]
    ]


def test_fetch_keeps_the_session_untouched() -> None:
    """An error on top would be about the fetch session; session 0 makes the client start anew."""
    request = filled(ApiKey.FETCH, 12, response=False, values={"topic": "orders", "partition": 3})
    answer, _ = refuse(ApiKey.FETCH, 12, request)

    assert (0, 0) == (answer["error_code"], answer["session_id"])
    assert (3, 29) == (
        answer["responses"][0]["partitions"][0]["partition_index"],
        answer["responses"][0]["partitions"][0]["error_code"],
    )


def test_plain_values_are_mirrored_too() -> None:
    """DeleteGroups asks by name; each name comes back with the error."""
    answer, _ = refuse(ApiKey.DELETE_GROUPS, 2, {"groups_names": ["a", "b"]})

    assert [("a", 30), ("b", 30)] == [
        (each["group_id"], each["error_code"]) for each in answer["results"]
    ]


def test_an_error_may_be_given() -> None:
    """An id that nobody can name gets Kafka's error for that."""
    request = filled(ApiKey.FETCH, 13, response=False)
    answer, error = refuse(ApiKey.FETCH, 13, request, ErrorCode.UNKNOWN_TOPIC_ID)

    assert ErrorCode.UNKNOWN_TOPIC_ID == error
    assert 100 == first_error(answer)


@pytest.mark.parametrize(
    ("api_key", "version", "error_code"),
    [
        (ApiKey.FETCH, 12, ErrorCode.FETCH_SESSION_ID_NOT_FOUND),
        (ApiKey.SHARE_FETCH, 1, ErrorCode.SHARE_SESSION_NOT_FOUND),
    ],
)
def test_an_error_about_a_session_stands_on_top_alone(
    api_key: ApiKey, version: int, error_code: ErrorCode
) -> None:
    """The client begins a session anew, and in it names all it wants."""
    answer, _ = refuse(api_key, version, {}, error_code)

    assert default_body(api_key, version, response=True) | {"error_code": error_code} == answer


def test_null_arrays_ask_for_all_and_get_none() -> None:
    """OffsetFetch for all topics of a group has no topics to name."""
    answer, _ = refuse(ApiKey.OFFSET_FETCH, 7, {"group_id": "g", "topics": None})

    assert ([], 30) == (answer["topics"], answer["error_code"])


def test_refusable_apis_carry_kafkas_names() -> None:
    """Configuration names APIs as Kafka's documentation does."""
    assert {"Produce": ApiKey.PRODUCE, "Metadata": ApiKey.METADATA}.items() <= refusable().items()
    assert "SaslAuthenticate" not in refusable()
    assert "AlterReplicaLogDirs" in refusable()


@pytest.mark.parametrize(
    ("api_key", "expected"),
    [
        (ApiKey.PRODUCE, ErrorCode.KAFKA_STORAGE_ERROR),
        (ApiKey.CREATE_TOPICS, ErrorCode.KAFKA_STORAGE_ERROR),
        (ApiKey.ALTER_CONFIGS, ErrorCode.KAFKA_STORAGE_ERROR),
        (ApiKey.SHARE_ACKNOWLEDGE, ErrorCode.KAFKA_STORAGE_ERROR),
        (ApiKey.OFFSET_COMMIT, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS),
        (ApiKey.JOIN_GROUP, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS),
        (ApiKey.END_TXN, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS),
        (ApiKey.API_VERSIONS, None),
    ],
)
def test_clients_can_be_told_to_try_again(api_key: ApiKey, expected: ErrorCode | None) -> None:
    """Coordinators are waited for; a disk that could not take it has taken nothing."""
    assert expected == retriable_error(api_key)


def test_a_refusal_can_say_why() -> None:
    """Where the API has room for a message."""
    answer, _ = refuse(
        ApiKey.INCREMENTAL_ALTER_CONFIGS, 1, {"resources": []}, message="try again later"
    )
    listed, _ = refuse(ApiKey.LIST_PARTITION_REASSIGNMENTS, 0, {}, message="try again later")

    assert "error_message" not in answer
    assert "try again later" == listed["error_message"]


def test_the_message_names_the_rules() -> None:
    """Whoever is asked about a refusal can look them up."""
    assert "Refused by a rule of the gateway: no-cards, r2" == message_naming(("no-cards", "r2"))
