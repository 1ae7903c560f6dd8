"""A request is known for all topics that it is about."""

from __future__ import annotations

import pytest

from gateway.apis.refusal import refusable
from gateway.apis.topics import TopicDirectory
from gateway.apis.touches import names_topics, topic_ids, touched
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import api_versions
from gateway.wire.schema import walk
from gateway.wire.table import load
from tests.gateway.apis.messages import TOPIC_ID, filled

KNOWING = TopicDirectory()
KNOWING.learn(TOPIC_ID, "text")

ABOUT_TOPICS = [
    pytest.param(api_key, version, id=f"{name}-{version}")
    for name, api_key in refusable().items()
    if names_topics(api_key)
    for version in range(
        api_versions()[api_key].version_min, api_versions()[api_key].version_max + 1
    )
]


def _acl(name: str, **fields: int) -> dict[str, object]:
    return {"creations": [{"resource_type": 2, "resource_name": name, **fields}]}


def _streams(patterns: list[str]) -> dict[str, object]:
    return {"topology": {"subtopologies": [{"source_topic_regex": patterns}]}}


@pytest.mark.parametrize(("api_key", "version"), ABOUT_TOPICS)
def test_every_request_that_can_name_a_topic_is_known_for_it(api_key: ApiKey, version: int) -> None:
    """In every version, by name or by id, the topic is found."""
    values = {
        "resource_type": 2,
        "resource_pattern_type": 3,
        "subscribed_topic_regex": "",
        "source_topic_regex": [],
    }
    request = filled(api_key, version, response=False, values=values)
    has_topics = any(
        version in occurs and (field.entity_type == "topicName" or field.name == "topic_id")
        for _, field, occurs in walk(load()[api_key].request, load()[api_key].versions)
    )
    names = touched(api_key, request, KNOWING).names

    assert names is not None
    assert "text" in names or not (has_topics or "resources" in request or "creations" in request)


def test_ids_without_names_are_told_apart() -> None:
    """Whether a rule about topics applies cannot be said for them."""
    request = filled(ApiKey.FETCH, 13, response=False)
    found = touched(ApiKey.FETCH, request, TopicDirectory())

    assert (frozenset(), frozenset({TOPIC_ID})) == (found.names, found.unknown_ids)


def test_the_null_id_is_no_topic() -> None:
    """DeleteTopics by name has a null id beside it, and the other way round."""
    request = {
        "topics": [{"name": None, "topic_id": TOPIC_ID}, {"name": "b", "topic_id": bytes(16)}]
    }

    assert frozenset({TOPIC_ID}) == topic_ids(ApiKey.DELETE_TOPICS, request)
    assert frozenset({"text", "b"}) == touched(ApiKey.DELETE_TOPICS, request, KNOWING).names


@pytest.mark.parametrize(
    ("api_key", "request_body"),
    [
        (ApiKey.OFFSET_FETCH, {"group_id": "g", "topics": None}),
        (ApiKey.OFFSET_FETCH, {"groups": [{"topics": []}, {"topics": None}]}),
        (ApiKey.ELECT_LEADERS, {"topic_partitions": None}),
        (ApiKey.DESCRIBE_LOG_DIRS, {"topics": None}),
        (ApiKey.LIST_PARTITION_REASSIGNMENTS, {"topics": None}),
        (ApiKey.DESCRIBE_SHARE_GROUP_OFFSETS, {"groups": [{"topics": None}]}),
        (ApiKey.DESCRIBE_TOPIC_PARTITIONS, {"topics": [], "cursor": None}),
        (ApiKey.CONSUMER_GROUP_HEARTBEAT, {"subscribed_topic_regex": "card.*"}),
        (ApiKey.STREAMS_GROUP_HEARTBEAT, _streams(["card.*"])),
        (ApiKey.CREATE_ACLS, _acl("ca", resource_pattern_type=4)),
        (ApiKey.CREATE_ACLS, _acl("*")),
    ],
)
def test_a_request_for_all_topics_is_known_as_such(
    api_key: ApiKey, request_body: dict[str, object]
) -> None:
    """Null, nothing or a pattern may mean any of them; a rule about any topic must apply."""
    assert touched(api_key, request_body, KNOWING).names is None


@pytest.mark.parametrize(
    ("api_key", "request_body"),
    [
        (
            ApiKey.CONSUMER_GROUP_HEARTBEAT,
            {
                "subscribed_topic_names": None,
                "subscribed_topic_regex": "",
                "topic_partitions": None,
            },
        ),
        (ApiKey.STREAMS_GROUP_HEARTBEAT, {"topology": None}),
        (ApiKey.STREAMS_GROUP_HEARTBEAT, _streams([])),
    ],
)
def test_a_null_that_means_unchanged_is_not_all(
    api_key: ApiKey, request_body: dict[str, object]
) -> None:
    """A group heartbeat leaves its topics out when they did not change."""
    assert frozenset() == touched(api_key, request_body, KNOWING).names


def test_an_acl_for_one_topic_is_about_that_topic() -> None:
    """And one for a group is about none, whatever it is called."""
    orders = {"resource_type": 2, "resource_name": "orders", "resource_pattern_type": 3}
    request = {"creations": [orders, {"resource_type": 3, "resource_name": "*"}]}

    assert frozenset({"orders"}) == touched(ApiKey.CREATE_ACLS, request, KNOWING).names


def test_a_cursor_names_a_topic_too() -> None:
    """The broker begins its answer there, so a rule about that topic must apply."""
    request = {"topics": [{"name": "a"}], "cursor": {"topic_name": "cards", "partition_index": 0}}

    assert (
        frozenset({"a", "cards"})
        == touched(ApiKey.DESCRIBE_TOPIC_PARTITIONS, request, KNOWING).names
    )


def test_configs_of_brokers_are_about_no_topic() -> None:
    """Only resources of type topic are."""
    request = {
        "resources": [
            {"resource_type": 4, "resource_name": "1"},
            {"resource_type": 2, "resource_name": "orders"},
        ]
    }

    assert frozenset({"orders"}) == touched(ApiKey.DESCRIBE_CONFIGS, request, KNOWING).names


@pytest.mark.parametrize(
    ("api_key", "expected"),
    [
        (ApiKey.FETCH, True),
        (ApiKey.SHARE_FETCH, True),
        (ApiKey.ALTER_CONFIGS, True),
        (ApiKey.LIST_GROUPS, False),
        (ApiKey.INIT_PRODUCER_ID, False),
    ],
)
def test_apis_that_name_topics_are_known(api_key: ApiKey, *, expected: bool) -> None:
    """A rule about topics makes sense for these only."""
    assert expected == names_topics(api_key)
