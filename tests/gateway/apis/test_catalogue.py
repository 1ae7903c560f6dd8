"""Every API has a role, and what changes the cluster is known to."""

from __future__ import annotations

import pytest

from gateway.apis.catalogue import ROLES, Role, changes_state, is_offered, may_change
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import default_body


def test_every_api_of_the_table_has_a_role() -> None:
    """A new Kafka API must be classified before it passes."""
    assert set(ApiKey) == set(ROLES)


@pytest.mark.parametrize("api_key", [*ApiKey, 10_000, -1])
def test_only_known_apis_without_brokers_credentials_are_offered(api_key: int) -> None:
    """SCRAM credentials and delegation tokens are the broker's; an unknown key is nobody's."""
    is_hidden = api_key not in set(ApiKey) or any(
        word in ApiKey(api_key).name for word in ("SCRAM", "DELEGATION_TOKEN")
    )

    assert is_hidden is not is_offered(api_key)


@pytest.mark.parametrize(
    "api_key",
    [
        api_key
        for api_key in ApiKey
        if api_key.name.split("_")[0]
        in {"CREATE", "DELETE", "ALTER", "ADD", "REMOVE", "UPDATE", "WRITE", "UNREGISTER", "END"}
        and ROLES[api_key] is not Role.HIDDEN
    ],
)
def test_apis_whose_name_says_so_change_state(api_key: ApiKey) -> None:
    """A verb of change in the name and no intent row would be a mistake."""
    assert changes_state(api_key, {})


@pytest.mark.parametrize(
    ("topics", "allowed", "expected"),
    [
        ([{"name": "orders"}], True, True),
        ([{"name": "orders"}], False, False),
        ([], True, False),
        (None, True, False),
    ],
)
def test_metadata_changes_state_when_it_may_create_topics(
    topics: list[dict[str, str]] | None, *, allowed: bool, expected: bool
) -> None:
    """Only a request that names topics, and lets them be created, can."""
    body = {"topics": topics, "allow_auto_topic_creation": allowed}

    assert expected == changes_state(ApiKey.METADATA, body)


def test_metadata_of_old_versions_always_lets_topics_be_created() -> None:
    """Before version 4 there was no flag."""
    assert changes_state(ApiKey.METADATA, {"topics": [{"name": "orders"}]})


def test_share_fetch_changes_state_when_it_acknowledges() -> None:
    """A plain poll does not need an intent; an acknowledgement does."""
    body = default_body(ApiKey.SHARE_FETCH, 1, response=False)
    partition = {"partition_index": 0, "acknowledgement_batches": []}
    body["topics"] = [{"topic_id": bytes(16), "partitions": [partition]}]

    assert not changes_state(ApiKey.SHARE_FETCH, body)
    partition["acknowledgement_batches"] = [{"first_offset": 0, "last_offset": 1}]
    assert changes_state(ApiKey.SHARE_FETCH, body)


def test_ending_a_share_session_changes_state() -> None:
    """Epoch -1 releases all records that the member holds."""
    body = default_body(ApiKey.SHARE_FETCH, 1, response=False)
    body["share_session_epoch"] = -1

    assert changes_state(ApiKey.SHARE_FETCH, body)


@pytest.mark.parametrize(
    ("api_key", "expected"),
    [(ApiKey.PRODUCE, True), (ApiKey.DELETE_TOPICS, True), (ApiKey.LIST_GROUPS, False)],
)
def test_whatever_may_change_something_is_known(api_key: ApiKey, *, expected: bool) -> None:
    """Produce, too, whose rows stand for the intent."""
    assert expected == may_change(api_key, {})
