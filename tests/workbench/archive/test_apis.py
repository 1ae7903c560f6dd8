"""Which APIs are administrative."""

from __future__ import annotations

from gateway.apis.catalogue import ROLES, Role
from gateway.wire.api_keys import ApiKey
from workbench.archive.apis import ADMINISTRATIVE, CHANGES, COMMITS, READS, api_name

# What moves records, or only leads up to it.
DATA = frozenset(
    {
        ApiKey.PRODUCE,
        ApiKey.FETCH,
        ApiKey.SHARE_FETCH,
        ApiKey.LIST_OFFSETS,
        ApiKey.OFFSET_FOR_LEADER_EPOCH,
        ApiKey.METADATA,
        ApiKey.FIND_COORDINATOR,
        ApiKey.HEARTBEAT,
        ApiKey.SASL_HANDSHAKE,
        ApiKey.SASL_AUTHENTICATE,
        ApiKey.API_VERSIONS,
        ApiKey.GET_TELEMETRY_SUBSCRIPTIONS,
        ApiKey.PUSH_TELEMETRY,
    }
)


def test_every_api_is_in_one_group() -> None:
    """An API that Kafka gains must be sorted in before anybody looks for it."""
    assert set(ApiKey) == ADMINISTRATIVE | DATA
    assert not ADMINISTRATIVE & DATA
    assert not CHANGES & READS


def test_what_changes_something_agrees_with_the_gateway() -> None:
    """The gateway records an intent for exactly these; hidden ones it refuses."""
    changing = {api_key for api_key, role in ROLES.items() if role is Role.CHANGES}
    hidden = {api_key for api_key, role in ROLES.items() if role is Role.HIDDEN}

    assert changing == CHANGES - hidden


def test_commits_are_changes() -> None:
    """Their intents are kept for the table of commits."""
    assert COMMITS <= CHANGES


def test_apis_are_named_as_kafka_names_them() -> None:
    """What has no name keeps its number, and no API stays none."""
    assert ["FETCH", "API_999", None] == [api_name(key) for key in (1, 999, None)]
