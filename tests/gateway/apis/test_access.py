"""Groups, transactional ids and numbers are found wherever an API has them."""

from __future__ import annotations

import pytest

from gateway.apis.access import (
    consumer_groups,
    names_consumer_groups,
    names_transactional_ids,
    numbers,
    transactional_ids,
)
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import default_body
from tests.gateway.session.conversation import batch


@pytest.mark.parametrize(
    ("api_key", "version", "fields", "groups", "ids"),
    [
        (ApiKey.JOIN_GROUP, 5, {"group_id": "g"}, {"g"}, set()),
        (ApiKey.DELETE_GROUPS, 2, {"groups_names": ["g", "h"]}, {"g", "h"}, set()),
        (ApiKey.OFFSET_FETCH, 8, {"groups": [{"group_id": "g"}]}, {"g"}, set()),
        (ApiKey.OFFSET_FETCH, 7, {"group_id": "g"}, {"g"}, set()),
        (ApiKey.INITIALIZE_SHARE_GROUP_STATE, 0, {"group_id": "g"}, {"g"}, set()),
        (ApiKey.INIT_PRODUCER_ID, 4, {"transactional_id": "t"}, set(), {"t"}),
        (ApiKey.INIT_PRODUCER_ID, 4, {"transactional_id": None}, set(), set()),
        (ApiKey.TXN_OFFSET_COMMIT, 3, {"group_id": "g", "transactional_id": "t"}, {"g"}, {"t"}),
        (ApiKey.FIND_COORDINATOR, 0, {"key": "g"}, {"g"}, set()),
        (ApiKey.FIND_COORDINATOR, 3, {"key": "t", "key_type": 1}, set(), {"t"}),
        (ApiKey.FIND_COORDINATOR, 4, {"coordinator_keys": ["g", "h"]}, {"g", "h"}, set()),
        (
            ApiKey.FIND_COORDINATOR,
            6,
            {"key_type": 2, "coordinator_keys": ["g:AAAA:0"]},
            {"g"},
            set(),
        ),
        (ApiKey.FETCH, 12, {}, set(), set()),
    ],
)
def test_names_are_collected(
    api_key: ApiKey, version: int, fields: dict[str, object], groups: set[str], ids: set[str]
) -> None:
    """By the message table; the key of a coordinator is by its own type what it is."""
    body = default_body(api_key, version, response=False) | fields

    assert groups == consumer_groups(api_key, body)
    assert ids == transactional_ids(api_key, body)


def test_what_is_sent_is_counted() -> None:
    """Records by the headers of their batches, and bytes."""
    records = [memoryview(batch(0, 3)), None, memoryview(batch(0, 4))]
    partitions = [{"index": n, "records": each} for n, each in enumerate(records)]
    body = {"topic_data": [{"name": "a", "partition_data": partitions}]}
    found = numbers(ApiKey.PRODUCE, body)

    assert (7, 2 * len(batch(0, 3))) == (found["records"], found["bytes"])
    assert (1, 3) == (found["topic_count"], found["partition_count"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"topics": [{"partitions": [1, 2]}, {"partitions": [3]}], "max_bytes": 9}, (2, 3, 9)),
        ({"topics": ["a", "b"]}, (2, 0, 0)),
        ({"topics": None}, (0, 0, 0)),
        ({}, (0, 0, 0)),
    ],
)
def test_what_is_asked_for_is_counted(
    body: dict[str, object], expected: tuple[int, int, int]
) -> None:
    """And is zero where an API has no such thing."""
    found = numbers(ApiKey.FETCH, body)

    assert expected == (found["topic_count"], found["partition_count"], found["max_bytes"])


@pytest.mark.parametrize(
    ("api_key", "expected"),
    [
        (ApiKey.FIND_COORDINATOR, (True, True)),
        (ApiKey.JOIN_GROUP, (True, False)),
        (ApiKey.INIT_PRODUCER_ID, (False, True)),
        (ApiKey.FETCH, (False, False)),
    ],
)
def test_an_api_tells_what_its_requests_name(api_key: ApiKey, expected: tuple[bool, bool]) -> None:
    """So that a rule about something else is refused."""
    assert expected == (names_consumer_groups(api_key), names_transactional_ids(api_key))
