"""Metadata teaches topic ids, and forbidden topics are kept out of it."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.apis.metadata import TOPICS_MAX, answered_detail, learn_topics, put_back, take_out
from gateway.apis.topics import TopicDirectory
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import Response, default_body, encode_response
from tests.gateway.apis.messages import TOPIC_ID, filled


def _is_cards(topic: str) -> bool:
    return topic == "cards"


@pytest.mark.parametrize(
    ("api_key", "version"),
    [
        (ApiKey.METADATA, 12),
        (ApiKey.CREATE_TOPICS, 7),
        (ApiKey.DELETE_TOPICS, 6),
        (ApiKey.DESCRIBE_TOPIC_PARTITIONS, 0),
    ],
)
def test_answers_with_ids_and_names_teach(api_key: ApiKey, version: int) -> None:
    """Each answer that pairs them is learned from."""
    directory = TopicDirectory()
    learn_topics(api_key, filled(api_key, version, response=True), directory)

    assert "text" == directory.name_of(TOPIC_ID)


@pytest.mark.parametrize(
    ("api_key", "version"), [(ApiKey.METADATA, 9), (ApiKey.DELETE_TOPICS, 5), (ApiKey.FETCH, 13)]
)
def test_answers_without_both_teach_nothing(api_key: ApiKey, version: int) -> None:
    """Older versions have names only, Fetch has ids only."""
    directory = TopicDirectory()
    learn_topics(api_key, filled(api_key, version, response=True), directory)

    assert directory.name_of(TOPIC_ID) is None


def test_forbidden_topics_are_taken_out_of_the_request() -> None:
    """The broker is asked about the others only, so that it cannot create a forbidden topic."""
    request = {"topics": [{"name": "orders"}, {"name": "cards"}]}
    taken = take_out(request, TopicDirectory(), _is_cards)

    assert [{"name": "cards"}] == taken
    assert {"topics": [{"name": "orders"}]} == request


def test_a_forbidden_topic_is_known_by_its_id_too() -> None:
    """Clients may ask by id (KIP-516); the answer gets the name that version 10 demands."""
    directory = TopicDirectory()
    directory.learn(TOPIC_ID, "cards")
    request = {"topics": [{"name": None, "topic_id": TOPIC_ID}]}

    assert [{"name": "cards", "topic_id": TOPIC_ID}] == take_out(request, directory, _is_cards)


@pytest.mark.parametrize("topics", [None, [], [{"name": "orders"}]])
def test_nothing_is_taken_from_other_requests(topics: list[dict[str, Any]] | None) -> None:
    """A request about all topics, or about allowed ones, stays as it is."""
    request = {"topics": topics}

    assert [] == take_out(request, TopicDirectory(), _is_cards)
    assert {"topics": topics} == request


@pytest.mark.parametrize("version", [0, 1, 9, 10, 12, 13])
def test_the_answer_has_errors_for_what_was_taken_and_hides_the_rest(version: int) -> None:
    """As a broker's authorizer answers: named topics with an error, others not at all."""
    answer = default_body(ApiKey.METADATA, version, response=True)
    hidden = filled(ApiKey.METADATA, version, response=True, values={"name": "cards"})["topics"]
    seen = filled(ApiKey.METADATA, version, response=True, values={"name": "orders"})["topics"]
    answer["topics"] = hidden + seen
    left_out = put_back(answer, version, [{"name": "cards", "topic_id": bytes(16)}], _is_cards)
    encode_response(Response(correlation_id=1, body=answer), ApiKey.METADATA, version)

    assert ["cards"] == left_out
    assert [("orders", 0), ("cards", 29)] == [
        (topic["name"], topic["error_code"]) for topic in answer["topics"]
    ]
    assert [] == answer["topics"][1]["partitions"]


@pytest.mark.parametrize(
    ("version", "expected"), [(11, ("cards", 29)), (12, (None, 100)), (13, (None, 100))]
)
def test_who_asks_by_id_is_not_told_the_name(version: int, expected: tuple[str, int]) -> None:
    """As a broker's authorizer does; version 11 cannot leave the name out."""
    answer = default_body(ApiKey.METADATA, version, response=True)
    put_back(answer, version, [{"name": "cards", "topic_id": TOPIC_ID}], _is_cards)
    encode_response(Response(correlation_id=1, body=answer), ApiKey.METADATA, version)
    (topic,) = answer["topics"]

    assert expected == (topic["name"], topic["error_code"])
    assert TOPIC_ID == topic["topic_id"]


def test_an_answer_without_forbidden_topics_does_not_change() -> None:
    """Nothing taken, nothing hidden: the broker's own bytes may go on."""
    answer = {"topics": [{"name": "orders"}, {"name": None}]}

    assert [] == put_back(answer, 12, [], _is_cards)
    assert {"topics": [{"name": "orders"}, {"name": None}]} == answer


def test_a_short_answer_is_recorded_whole() -> None:
    """Nothing is said to be left out."""
    answer = filled(ApiKey.METADATA, 12, response=True)

    assert "topics_left_out" not in answered_detail(answer)


def test_the_record_is_short() -> None:
    """Names and errors, without partitions and replicas, and not without end."""
    answer = filled(ApiKey.METADATA, 12, response=True, values={"error_code": 3})
    answer["topics"] = answer["topics"] * (TOPICS_MAX + 2)
    detail = answered_detail(answer)

    assert 2 == detail["topics_left_out"]
    assert [{"name": "text", "partition_count": 1, "error_code": 3}] * TOPICS_MAX == detail[
        "topics"
    ]
