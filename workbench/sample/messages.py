"""What requests and answers of the sample say, as the detail and the columns of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.evidence.event import Extent
from gateway.wire.api_keys import ApiKey
from workbench.sample.recorder import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.evidence.event import Masked
    from workbench.sample.cluster import Batch, Partition

Detail = dict[str, object]

VERSIONS: Final = {
    ApiKey.PRODUCE: 11,
    ApiKey.FETCH: 12,
    ApiKey.LIST_OFFSETS: 9,
    ApiKey.METADATA: 12,
    ApiKey.OFFSET_COMMIT: 9,
    ApiKey.SASL_HANDSHAKE: 1,
    ApiKey.API_VERSIONS: 3,
    ApiKey.CREATE_TOPICS: 7,
    ApiKey.DELETE_TOPICS: 6,
    ApiKey.INIT_PRODUCER_ID: 5,
    ApiKey.END_TXN: 3,
    ApiKey.SASL_AUTHENTICATE: 2,
}

OFFERED: Final[Detail] = {
    "error_code": 0,
    "api_keys": [
        {"api_key": int(api), "min_version": 0, "max_version": version}
        for api, version in sorted(VERSIONS.items())
    ],
    "throttle_time_ms": 0,
    "supported_features": [],
    "finalized_features_epoch": -1,
    "finalized_features": [],
    "zk_migration_ready": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one partition's part of a Fetch answer holds."""

    partition: Partition
    requested_offset: int
    batches: Sequence[Batch]
    high_watermark: int
    masked: tuple[Masked, ...] = ()
    isolation_level: int = 0
    aborted: tuple[tuple[int, int], ...] = ()


def place_columns(partition: Partition) -> Detail:
    """Say which topic-partition a row is about."""
    return {"topic": partition[0], "partition": partition[1]}


def fetch_request(deliveries: Sequence[Delivery]) -> Detail:
    """Ask for one range of each partition."""
    return {
        "max_wait_ms": 500,
        "min_bytes": 1,
        "max_bytes": 52_428_800,
        "isolation_level": max(each.isolation_level for each in deliveries),
        "session_id": 0,
        "session_epoch": -1,
        "rack_id": "",
        "topics": [_asked(delivery) for delivery in deliveries],
    }


def _asked(delivery: Delivery) -> Detail:
    topic, number = delivery.partition
    one = {
        "partition": number,
        "fetch_offset": delivery.requested_offset,
        "partition_max_bytes": 1_048_576,
    }
    return {"topic": topic, "partitions": [one]}


def delivered_columns(delivery: Delivery) -> Detail:
    """Describe what one partition brought."""
    batches = delivery.batches
    payload = b"".join(batch.content for batch in batches)
    visibility = {
        "high_watermark": delivery.high_watermark,
        "last_stable_offset": delivery.high_watermark,
        "log_start_offset": 0,
        "aborted": [
            {"producer_id": producer_id, "first_offset": first}
            for producer_id, first in delivery.aborted
        ],
        "isolation_level": delivery.isolation_level,
    }
    decided = {"decision": "mask", "rule_ids": ("mask-cards",), "masked": delivery.masked}
    return place_columns(delivery.partition) | {
        "requested_offset": delivery.requested_offset,
        "first_offset": batches[0].first_offset,
        "last_offset": batches[-1].last_offset,
        "record_count": sum(batch.record_count for batch in batches),
        "byte_count": len(payload),
        "error_code": 0,
        "detail": to_json(visibility),
        "extents": tuple(
            Extent(each.first_offset, each.last_offset, each.record_count, len(each.content))
            for each in batches
        ),
        "payload": memoryview(payload),
        **(decided if delivery.masked else {}),
    }


def commit_exchange(
    group_id: str, member_id: str, offsets: Mapping[Partition, int]
) -> tuple[Detail, Detail]:
    """Make the request and the answer of a commit."""
    asked = [
        {
            "name": topic,
            "partitions": [
                {
                    "partition_index": number,
                    "committed_offset": offset,
                    "committed_leader_epoch": -1,
                    "committed_metadata": "",
                }
            ],
        }
        for (topic, number), offset in offsets.items()
    ]
    request: Detail = {
        "group_id": group_id,
        "generation_id_or_member_epoch": 1,
        "member_id": member_id,
        "group_instance_id": None,
        "topics": asked,
    }
    answered = [
        {"name": topic, "partitions": [{"partition_index": number, "error_code": 0}]}
        for topic, number in offsets
    ]
    return request, {"throttle_time_ms": 0, "topics": answered}
