"""Which APIs deal in data and which administer, for what holds where no rule speaks."""

from __future__ import annotations

from enum import StrEnum

from gateway.wire.api_keys import ApiKey


class ApiClass(StrEnum):
    """What an API is to an operator."""

    LOGIN = "login"
    """Must come before anything can be decided: no rule is asked."""
    DATA = "data"
    """What producers, consumers and their groups do all day."""
    ADMIN = "admin"
    """Looks into the cluster or changes it."""


def class_of(api_key: int) -> ApiClass | None:
    """Tell the class of an API; None for one that is not known, which nobody may call."""
    if api_key in _LOGIN:
        return ApiClass.LOGIN
    if api_key in _DATA:
        return ApiClass.DATA
    return ApiClass.ADMIN if api_key in _KNOWN else None


_KNOWN = frozenset(map(int, ApiKey))

_LOGIN = frozenset({ApiKey.API_VERSIONS, ApiKey.SASL_HANDSHAKE, ApiKey.SASL_AUTHENTICATE})

_DATA = frozenset(
    {
        ApiKey.PRODUCE,
        ApiKey.FETCH,
        ApiKey.LIST_OFFSETS,
        ApiKey.METADATA,
        ApiKey.OFFSET_COMMIT,
        ApiKey.OFFSET_FETCH,
        ApiKey.FIND_COORDINATOR,
        ApiKey.JOIN_GROUP,
        ApiKey.HEARTBEAT,
        ApiKey.LEAVE_GROUP,
        ApiKey.SYNC_GROUP,
        ApiKey.INIT_PRODUCER_ID,
        ApiKey.OFFSET_FOR_LEADER_EPOCH,
        ApiKey.ADD_PARTITIONS_TO_TXN,
        ApiKey.ADD_OFFSETS_TO_TXN,
        ApiKey.END_TXN,
        ApiKey.TXN_OFFSET_COMMIT,
        ApiKey.DESCRIBE_CLUSTER,
        ApiKey.CONSUMER_GROUP_HEARTBEAT,
        ApiKey.GET_TELEMETRY_SUBSCRIPTIONS,
        ApiKey.PUSH_TELEMETRY,
        ApiKey.DESCRIBE_TOPIC_PARTITIONS,
        ApiKey.SHARE_GROUP_HEARTBEAT,
        ApiKey.SHARE_FETCH,
        ApiKey.SHARE_ACKNOWLEDGE,
        ApiKey.STREAMS_GROUP_HEARTBEAT,
        ApiKey.STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE,
    }
)
