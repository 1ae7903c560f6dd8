"""Produce: what was sent is recorded before it is forwarded, what became of it at the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gateway.apis.payload import measure
from gateway.apis.topics import TopicDirectory, reference
from gateway.evidence.event import Event, EventKind

if TYPE_CHECKING:
    from gateway.wire.readers import Body

NO_ANSWER = 0
"""The value of `acks` for which the broker sends no response at all."""

ERRORS_MAX = 1_000
"""Partition errors named in one exchange row."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One topic-partition of a request; `record_count` is None when a request names it twice."""

    topic: str | None
    topic_id: str | None
    record_count: int | None


Partition = tuple[str | bytes, int]
"""A topic's name, or its id from version 13 on, and the partition's number."""


def expects_answer(body: Body) -> bool:
    """Say whether the broker will answer: not for acks=0."""
    return bool(body["acks"] != NO_ANSWER)


def asked_detail(body: Body) -> dict[str, object]:
    """Give the arguments of the request; its topics and records stand in the `produce` rows."""
    return {
        "transactional_id": body["transactional_id"],
        "acks": body["acks"],
        "timeout_ms": body["timeout_ms"],
        "partition_count": sum(len(topic["partition_data"]) for topic in body["topic_data"]),
    }


def produce_rows(
    template: Event, body: Body, topics: TopicDirectory
) -> tuple[list[Event], dict[Partition, Sent]]:
    """Make a `produce` row for each topic-partition, and what the answer's rows will need of it."""
    rows: list[Event] = []
    sent: dict[Partition, Sent] = {}
    for topic in body["topic_data"]:
        named = reference(topic, topics)
        for partition in topic["partition_data"]:
            records = partition["records"] or memoryview(b"")
            measured = measure(records)
            place = (named.key, partition["index"])
            count = None if place in sent else measured.record_count
            sent[place] = Sent(named.name, named.id_text, count)
            rows.append(
                replace(
                    template,
                    kind=EventKind.PRODUCE,
                    topic=named.name,
                    topic_id=named.id_text,
                    partition=partition["index"],
                    record_count=measured.record_count,
                    byte_count=len(records),
                    extents=measured.extents,
                    payload=records,
                )
            )
    return rows, sent


def produced_rows(template: Event, body: Body, sent: dict[Partition, Sent]) -> list[Event]:
    """Make a `produced` row for each topic-partition, with the offsets that the broker gave."""
    rows = []
    for topic in body["responses"]:
        key = topic["topic_id"] if "topic_id" in topic else topic["name"]
        for partition in topic["partition_responses"]:
            request = sent.get((key, partition["index"]), _NEVER_SENT)
            first = partition["base_offset"] if partition["base_offset"] >= 0 else None
            last = None
            if first is not None and request.record_count:
                last = first + request.record_count - 1
            rows.append(
                replace(
                    template,
                    kind=EventKind.PRODUCED,
                    topic=request.topic or topic.get("name"),
                    topic_id=request.topic_id,
                    partition=partition["index"],
                    first_offset=first,
                    last_offset=last,
                    record_count=request.record_count,
                    error_code=partition["error_code"],
                )
            )
    return rows


def answered_detail(body: Body) -> dict[str, object]:
    """Give what the answer says beyond its `produced` rows: the texts of errors."""
    errors = [
        {"index": partition["index"], "error_code": partition["error_code"]}
        | {
            field: partition[field]
            for field in ("error_message", "record_errors")
            if partition.get(field)
        }
        for topic in body["responses"]
        for partition in topic["partition_responses"]
        if partition["error_code"]
    ]
    detail: dict[str, object] = {"throttle_time_ms": body.get("throttle_time_ms", 0)}
    if errors:
        detail["errors"] = errors[:ERRORS_MAX]
    if len(errors) > ERRORS_MAX:
        detail["errors_left_out"] = len(errors) - ERRORS_MAX
    return detail


_NEVER_SENT = Sent(None, None, None)
