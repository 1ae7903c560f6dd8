"""Fetch: each topic-partition whose records reach the client becomes one `delivered` row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.apis.payload import delivered_row
from gateway.apis.topics import TopicDirectory, TopicReference, reference

if TYPE_CHECKING:
    from gateway.apis.fetch_sessions import Wanted
    from gateway.evidence.event import Event
    from gateway.wire.readers import Body

PARTITIONS_MAX = 5_000
"""Partitions and errors named in one exchange row; the rows of delivered records are never cut."""


def asked_detail(body: Body, directory: TopicDirectory) -> dict[str, object]:
    """Give the arguments of the request: the ranges it names, not those its session remembers."""
    detail: dict[str, object] = {
        field: body[field]
        for field in (
            "max_wait_ms",
            "min_bytes",
            "max_bytes",
            "isolation_level",
            "session_id",
            "session_epoch",
            "rack_id",
        )
        if field in body
    }
    replica_id = body.get("replica_id", body.get("replica_state", {}).get("replica_id", -1))
    if replica_id >= 0:
        # Only a broker says so; a client that does reads without a group or an isolation level.
        detail["replica_id"] = replica_id
    detail["topics"], left_out = _asked_topics(body, directory)
    if left_out:
        detail["partitions_left_out"] = left_out
    if forgotten := body.get("forgotten_topics_data"):
        detail["forgotten"] = [
            {**_names(reference(topic, directory)), "partitions": topic["partitions"]}
            for topic in forgotten[:PARTITIONS_MAX]
        ]
    return detail


def _asked_topics(body: Body, directory: TopicDirectory) -> tuple[list[dict[str, object]], int]:
    named: list[dict[str, object]] = []
    left = PARTITIONS_MAX
    left_out = 0
    for topic in body["topics"]:
        partitions = topic["partitions"][:left]
        left -= len(partitions)
        left_out += len(topic["partitions"]) - len(partitions)
        ranges = [
            {
                "partition": partition["partition"],
                "fetch_offset": partition["fetch_offset"],
                "partition_max_bytes": partition["partition_max_bytes"],
            }
            for partition in partitions
        ]
        if ranges:
            named.append({**_names(reference(topic, directory)), "partitions": ranges})
    return named, left_out


def delivered_rows(
    template: Event, answer: Body, wanted: Wanted, isolation_level: int, directory: TopicDirectory
) -> list[Event]:
    """Make one row for each topic-partition that carries bytes."""
    rows = []
    for topic in answer["responses"]:
        named = reference(topic, directory)
        for partition in topic["partitions"]:
            if partition["records"]:
                asked = wanted.offsets.get((named.key, partition["partition_index"]))
                detail = _visibility(partition, isolation_level)
                rows.append(delivered_row(template, named, partition, detail, asked))
    return rows


def _visibility(partition: Body, isolation_level: int) -> dict[str, object]:
    """Say what decides which of the delivered records a consumer shows to its application."""
    aborted = partition.get("aborted_transactions") or ()
    return {
        "high_watermark": partition["high_watermark"],
        "last_stable_offset": partition.get("last_stable_offset", -1),
        "log_start_offset": partition.get("log_start_offset", -1),
        "aborted": [
            {"producer_id": each["producer_id"], "first_offset": each["first_offset"]}
            for each in aborted
        ],
        "isolation_level": isolation_level,
    }


def answered_detail(answer: Body, directory: TopicDirectory) -> dict[str, object]:
    """Give what the answer says beyond its `delivered` rows: its session, and errors."""
    errors = [
        {
            **_names(reference(topic, directory)),
            "partition": partition["partition_index"],
            "error_code": partition["error_code"],
        }
        for topic in answer["responses"]
        for partition in topic["partitions"]
        if partition["error_code"]
    ]
    detail: dict[str, object] = {
        "throttle_time_ms": answer["throttle_time_ms"],
        "session_id": answer.get("session_id", 0),
    }
    if errors:
        detail["errors"] = errors[:PARTITIONS_MAX]
    if len(errors) > PARTITIONS_MAX:
        detail["errors_left_out"] = len(errors) - PARTITIONS_MAX
    return detail


def _names(named: TopicReference) -> dict[str, object]:
    by_name: dict[str, object] = {"topic": named.name}
    return by_name if named.id_text is None else by_name | {"topic_id": named.id_text}
