"""What rules can look at in a request besides its topics: groups, transactions, numbers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from gateway.apis.payload import measure
from gateway.apis.touches import values_at
from gateway.wire.api_keys import ApiKey
from gateway.wire.schema import walk
from gateway.wire.table import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.apis.touches import Path
    from gateway.wire.readers import Body

GROUP_ID = "groupId"
TRANSACTIONAL_ID = "transactionalId"
"""Kafka's own words for what a field names."""

_COORDINATOR_OF = {0: GROUP_ID, 1: TRANSACTIONAL_ID, 2: GROUP_ID}
"""By the type of a FindCoordinator's key; that of a share partition begins with its group."""


def names_consumer_groups(api_key: ApiKey) -> bool:
    """Say whether requests of this API name consumer groups."""
    return api_key == ApiKey.FIND_COORDINATOR or bool(_paths(api_key, GROUP_ID))


def names_transactional_ids(api_key: ApiKey) -> bool:
    """Say whether requests of this API name transactional ids."""
    return api_key == ApiKey.FIND_COORDINATOR or bool(_paths(api_key, TRANSACTIONAL_ID))


def consumer_groups(api_key: int, body: Body) -> frozenset[str]:
    """Collect the ids of the groups in a request, whichever kind of group they are of."""
    return _named(api_key, body, GROUP_ID)


def transactional_ids(api_key: int, body: Body) -> frozenset[str]:
    """Collect the transactional ids in a request."""
    return _named(api_key, body, TRANSACTIONAL_ID)


def numbers(api_key: int, body: Body) -> Mapping[str, int]:
    """Count what rules can count in a request."""
    topics = body.get("topics") or body.get("topic_data") or ()
    partitions = [
        partition
        for topic in topics
        if isinstance(topic, dict)
        for partition in topic.get("partitions") or topic.get("partition_data") or ()
    ]
    found = {"topic_count": len(topics), "partition_count": len(partitions)}
    if api_key == ApiKey.PRODUCE:
        records = [partition["records"] or memoryview(b"") for partition in partitions]
        found["records"] = sum(measure(each).record_count for each in records)
        found["bytes"] = sum(map(len, records))
    return found | {"max_bytes": body.get("max_bytes", 0)}


def _named(api_key: int, body: Body, entity: str) -> frozenset[str]:
    if api_key == ApiKey.FIND_COORDINATOR:
        return _coordinated(body, entity)
    return frozenset(
        name for path in _paths(api_key, entity) for name in values_at(body, path) if name
    )


def _coordinated(body: Body, entity: str) -> frozenset[str]:
    key_type = body.get("key_type", 0)
    if _COORDINATOR_OF.get(key_type) != entity:
        return frozenset()
    keys = body.get("coordinator_keys", [body.get("key", "")])
    return frozenset(key.partition(":")[0] if key_type == _SHARE_PARTITION else key for key in keys)


_SHARE_PARTITION = 2


@cache
def _paths(api_key: int, entity: str) -> tuple[Path, ...]:
    api = load()[api_key]
    return tuple(
        path
        for path, field, _ in walk(api.request, api.versions)
        if field.entity_type == entity or (entity == GROUP_ID and path == ("group_id",))
    )
