"""Topics are taken out of a request and come back as errors in its answer."""

from __future__ import annotations

import pytest

from gateway.apis.partial import is_divisible, named_topics, put_back, take_out
from gateway.apis.topics import TopicDirectory
from gateway.wire.api_keys import ApiKey

CARDS_ID = bytes(range(16))


@pytest.mark.parametrize(
    ("api_key", "body", "expected"),
    [
        (ApiKey.FETCH, {}, True),
        (ApiKey.PRODUCE, {"acks": 1}, True),
        (ApiKey.PRODUCE, {"acks": 0}, False),
        (ApiKey.LIST_OFFSETS, {}, False),
    ],
)
def test_what_sends_and_reads_records_can_be_divided(
    api_key: ApiKey, body: dict[str, object], *, expected: bool
) -> None:
    """Where there is an answer to say what was refused."""
    assert expected is is_divisible(api_key, body)


@pytest.mark.parametrize(
    ("api_key", "array", "key"),
    [(ApiKey.FETCH, "topics", "topic"), (ApiKey.PRODUCE, "topic_data", "name")],
)
def test_topics_are_taken_out_by_name_and_by_id(api_key: ApiKey, array: str, key: str) -> None:
    """What is taken stands in a request of its own."""
    directory = TopicDirectory()
    directory.learn(CARDS_ID, "cards")
    cards, orders, other = {"topic_id": CARDS_ID}, {key: "orders"}, {"topic_id": bytes([7] * 16)}
    body = {array: [cards, orders, other], "acks": 1}

    assert {"cards", "orders"} == named_topics(api_key, body, directory)
    taken = take_out(api_key, body, {"cards"}, directory)
    assert {array: [cards], "acks": 1} == taken
    assert [orders, other] == body[array]


@pytest.mark.parametrize(("error_code", "expected"), [(0, ["orders", "cards"]), (70, ["orders"])])
def test_what_was_refused_comes_back(error_code: int, expected: list[str]) -> None:
    """But not beside an error about all of it, which the client acts on first."""
    answer = {"responses": ["orders"], "error_code": error_code}
    put_back(answer, {"responses": ["cards"]})

    assert expected == answer["responses"]
