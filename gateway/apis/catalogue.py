"""One table of all APIs: who may call them through the gateway, and which change the cluster."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.wire.readers import Body


class Role(Enum):
    """What one API is to the gateway."""

    READS = "reads"
    """Forwarded; leaves the cluster as it is, so one row at the answer suffices."""
    CHANGES = "changes"
    """Forwarded after an intent row: the cluster or a group is another afterwards."""
    DEPENDS = "depends"
    """Changes or not, by its arguments: see `changes_state`."""
    PRODUCES = "produces"
    """Produce: its `produce` rows are the intent."""
    TERMINATED = "terminated"
    """Answered by the gateway: authentication ends here."""
    HIDDEN = "hidden"
    """Not offered and refused: it deals in credentials of the broker, which mean nothing to clients
    that authenticate at the gateway, and its messages carry secrets."""


ROLES: dict[int, Role] = {
    ApiKey.PRODUCE: Role.PRODUCES,
    ApiKey.FETCH: Role.READS,
    ApiKey.LIST_OFFSETS: Role.READS,
    ApiKey.METADATA: Role.DEPENDS,
    ApiKey.OFFSET_COMMIT: Role.CHANGES,
    ApiKey.OFFSET_FETCH: Role.READS,
    ApiKey.FIND_COORDINATOR: Role.READS,
    ApiKey.JOIN_GROUP: Role.CHANGES,
    # Only restarts a timer; membership itself changes by the other group APIs.
    ApiKey.HEARTBEAT: Role.READS,
    ApiKey.LEAVE_GROUP: Role.CHANGES,
    ApiKey.SYNC_GROUP: Role.CHANGES,
    ApiKey.DESCRIBE_GROUPS: Role.READS,
    ApiKey.LIST_GROUPS: Role.READS,
    ApiKey.SASL_HANDSHAKE: Role.TERMINATED,
    ApiKey.API_VERSIONS: Role.READS,
    ApiKey.CREATE_TOPICS: Role.CHANGES,
    ApiKey.DELETE_TOPICS: Role.CHANGES,
    ApiKey.DELETE_RECORDS: Role.CHANGES,
    ApiKey.INIT_PRODUCER_ID: Role.CHANGES,
    ApiKey.OFFSET_FOR_LEADER_EPOCH: Role.READS,
    ApiKey.ADD_PARTITIONS_TO_TXN: Role.CHANGES,
    ApiKey.ADD_OFFSETS_TO_TXN: Role.CHANGES,
    ApiKey.END_TXN: Role.CHANGES,
    ApiKey.WRITE_TXN_MARKERS: Role.CHANGES,
    ApiKey.TXN_OFFSET_COMMIT: Role.CHANGES,
    ApiKey.DESCRIBE_ACLS: Role.READS,
    ApiKey.CREATE_ACLS: Role.CHANGES,
    ApiKey.DELETE_ACLS: Role.CHANGES,
    ApiKey.DESCRIBE_CONFIGS: Role.READS,
    ApiKey.ALTER_CONFIGS: Role.CHANGES,
    ApiKey.ALTER_REPLICA_LOG_DIRS: Role.CHANGES,
    ApiKey.DESCRIBE_LOG_DIRS: Role.READS,
    ApiKey.SASL_AUTHENTICATE: Role.TERMINATED,
    ApiKey.CREATE_PARTITIONS: Role.CHANGES,
    ApiKey.CREATE_DELEGATION_TOKEN: Role.HIDDEN,
    ApiKey.RENEW_DELEGATION_TOKEN: Role.HIDDEN,
    ApiKey.EXPIRE_DELEGATION_TOKEN: Role.HIDDEN,
    ApiKey.DESCRIBE_DELEGATION_TOKEN: Role.HIDDEN,
    ApiKey.DELETE_GROUPS: Role.CHANGES,
    ApiKey.ELECT_LEADERS: Role.CHANGES,
    ApiKey.INCREMENTAL_ALTER_CONFIGS: Role.CHANGES,
    ApiKey.ALTER_PARTITION_REASSIGNMENTS: Role.CHANGES,
    ApiKey.LIST_PARTITION_REASSIGNMENTS: Role.READS,
    ApiKey.OFFSET_DELETE: Role.CHANGES,
    ApiKey.DESCRIBE_CLIENT_QUOTAS: Role.READS,
    ApiKey.ALTER_CLIENT_QUOTAS: Role.CHANGES,
    ApiKey.DESCRIBE_USER_SCRAM_CREDENTIALS: Role.HIDDEN,
    ApiKey.ALTER_USER_SCRAM_CREDENTIALS: Role.HIDDEN,
    ApiKey.DESCRIBE_QUORUM: Role.READS,
    ApiKey.UPDATE_FEATURES: Role.CHANGES,
    ApiKey.DESCRIBE_CLUSTER: Role.READS,
    ApiKey.DESCRIBE_PRODUCERS: Role.READS,
    ApiKey.UNREGISTER_BROKER: Role.CHANGES,
    ApiKey.DESCRIBE_TRANSACTIONS: Role.READS,
    ApiKey.LIST_TRANSACTIONS: Role.READS,
    ApiKey.CONSUMER_GROUP_HEARTBEAT: Role.CHANGES,
    ApiKey.CONSUMER_GROUP_DESCRIBE: Role.READS,
    ApiKey.GET_TELEMETRY_SUBSCRIPTIONS: Role.READS,
    ApiKey.PUSH_TELEMETRY: Role.READS,
    ApiKey.LIST_CONFIG_RESOURCES: Role.READS,
    ApiKey.DESCRIBE_TOPIC_PARTITIONS: Role.READS,
    ApiKey.SHARE_GROUP_HEARTBEAT: Role.CHANGES,
    ApiKey.SHARE_GROUP_DESCRIBE: Role.READS,
    ApiKey.SHARE_FETCH: Role.DEPENDS,
    ApiKey.SHARE_ACKNOWLEDGE: Role.CHANGES,
    ApiKey.ADD_RAFT_VOTER: Role.CHANGES,
    ApiKey.REMOVE_RAFT_VOTER: Role.CHANGES,
    ApiKey.INITIALIZE_SHARE_GROUP_STATE: Role.CHANGES,
    ApiKey.READ_SHARE_GROUP_STATE: Role.READS,
    ApiKey.WRITE_SHARE_GROUP_STATE: Role.CHANGES,
    ApiKey.DELETE_SHARE_GROUP_STATE: Role.CHANGES,
    ApiKey.READ_SHARE_GROUP_STATE_SUMMARY: Role.READS,
    ApiKey.STREAMS_GROUP_HEARTBEAT: Role.CHANGES,
    ApiKey.STREAMS_GROUP_DESCRIBE: Role.READS,
    ApiKey.DESCRIBE_SHARE_GROUP_OFFSETS: Role.READS,
    ApiKey.ALTER_SHARE_GROUP_OFFSETS: Role.CHANGES,
    ApiKey.DELETE_SHARE_GROUP_OFFSETS: Role.CHANGES,
    ApiKey.STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE: Role.CHANGES,
    ApiKey.UNREGISTER_CONTROLLER: Role.CHANGES,
}


def is_offered(api_key: int) -> bool:
    """Say whether clients may call this API; one that is not in the table may not be called.

    The table leaves out what brokers and controllers use among themselves.
    """
    return ROLES.get(api_key, Role.HIDDEN) is not Role.HIDDEN


def changes_state(api_key: int, body: Body) -> bool:
    """Say whether this request needs an intent row before it is forwarded."""
    role = ROLES[api_key]
    return role is Role.CHANGES or (role is Role.DEPENDS and _DEPENDS[api_key](body))


def may_change(api_key: int, body: Body) -> bool:
    """Say whether anything in the cluster or a group could be another after this request."""
    return ROLES[api_key] is Role.PRODUCES or changes_state(api_key, body)


def _may_create_topics(body: Body) -> bool:
    # Brokers create missing topics on Metadata when asked by name (auto.create.topics.enable).
    return bool(body["topics"]) and bool(body.get("allow_auto_topic_creation", True))


def _acknowledges(body: Body) -> bool:
    # Epoch -1 ends the share session and releases every record the member holds (KIP-932).
    return body["share_session_epoch"] == -1 or any(
        partition["acknowledgement_batches"]
        for topic in body["topics"]
        for partition in topic["partitions"]
    )


_DEPENDS: dict[int, Callable[[Body], bool]] = {
    ApiKey.METADATA: _may_create_topics,
    ApiKey.SHARE_FETCH: _acknowledges,
}
