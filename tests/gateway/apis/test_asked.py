"""What of a request an approval is bound to."""

from __future__ import annotations

import pytest

from gateway.apis.asked import parameters
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import default_body

PARTITION = {"partition": 3, "fetch_offset": 7, "partition_max_bytes": 100}
FETCH = default_body(ApiKey.FETCH, 12, response=False) | {
    "max_bytes": 1000,
    "topics": [{"topic": "orders", "partitions": [PARTITION | {"current_leader_epoch": 4}]}],
}


@pytest.mark.parametrize("field", ["session_id", "session_epoch", "max_wait_ms", "min_bytes"])
def test_how_a_consumer_fetches_does_not_count(field: str) -> None:
    """It comes again with another session, and is the same request."""
    assert parameters(ApiKey.FETCH, FETCH) == parameters(ApiKey.FETCH, FETCH | {field: 99})


def test_what_a_consumer_fetches_counts() -> None:
    """Topic, partition, offset and limits."""
    (topic,) = parameters(ApiKey.FETCH, FETCH)["topics"]

    assert {"topic": "orders", "topic_id": None, "partitions": [PARTITION]} == topic
    assert 1000 == parameters(ApiKey.FETCH, FETCH)["max_bytes"]


def test_of_other_requests_all_counts_but_the_time_that_is_left() -> None:
    """Admin clients send less of it with each try."""
    body = {"topic_names": ["orders"], "timeout_ms": 29_998}

    assert {"topic_names": ["orders"]} == parameters(ApiKey.DELETE_TOPICS, body)
