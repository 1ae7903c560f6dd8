"""Metadata and its kin: what answers teach about topics, and how rules about topics apply to them.

Clients cannot go on without the brokers in a Metadata answer, so a `forbid` rule does not refuse it
whole: forbidden topics are taken out of the request and come back as errors, and an answer about
all topics leaves them out, as a broker's authorizer does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gateway.apis.error_codes import ErrorCode
from gateway.apis.topics import NULL_TOPIC_ID, TopicDirectory
from gateway.wire.api_keys import ApiKey
from gateway.wire.schema import default_value
from gateway.wire.table import load

if TYPE_CHECKING:
    from gateway.wire.readers import Body

IsForbidden = Callable[[str], bool]

NULLABLE_NAME_VERSION = 12
"""From this version on clients may ask by topic id alone (KIP-516)."""

TOPICS_MAX = 5_000
"""Topics named in one exchange row."""


def learn_topics(api_key: int, answer: Body, directory: TopicDirectory) -> None:
    """Take the topic ids out of an answer that gives ids and names together."""
    if array := _NAMING.get(api_key):
        for topic in answer[array]:
            directory.learn(topic.get("topic_id"), topic.get("name", topic.get("topic_name")))


_NAMING: dict[int, str] = {
    ApiKey.METADATA: "topics",
    ApiKey.CREATE_TOPICS: "topics",
    ApiKey.DELETE_TOPICS: "responses",
    ApiKey.DESCRIBE_TOPIC_PARTITIONS: "topics",
}


def take_out(request: Body, directory: TopicDirectory, is_forbidden: IsForbidden) -> list[Body]:
    """Remove the forbidden topics from a Metadata request, and return them."""
    asked = request["topics"] or []
    kept, taken = [], []
    for topic in asked:
        name = topic["name"] or directory.name_of(topic.get("topic_id", NULL_TOPIC_ID))
        if name is not None and is_forbidden(name):
            taken.append({**topic, "name": name})
        else:
            kept.append(topic)
    if taken:
        request["topics"] = kept
    return taken


def put_back(
    answer: Body, api_version: int, taken: Sequence[Body], is_forbidden: IsForbidden
) -> list[str]:
    """Leave forbidden topics out of a Metadata answer; name those that were in it.

    Those that were taken out of the request come back as errors.
    """
    kept, hidden = [], []
    for topic in answer["topics"]:
        name = topic["name"]
        if name and is_forbidden(name):
            hidden.append(name)
        else:
            kept.append(topic)
    answer["topics"] = kept + [_error(topic, api_version) for topic in taken]
    return hidden


def _error(asked: Body, api_version: int) -> Body:
    topics = next(field for field in load()[ApiKey.METADATA].response if field.name == "topics")
    made: Body = {
        field.name: default_value(field, api_version)
        for field in topics.fields
        if api_version in field.versions
    }
    made["error_code"] = ErrorCode.TOPIC_AUTHORIZATION_FAILED
    made.update(
        {field: asked[field] for field in ("name", "topic_id") if field in made and field in asked}
    )
    if api_version >= NULLABLE_NAME_VERSION and made["topic_id"] != NULL_TOPIC_ID:
        # Who asks by id is not told the name, and not that there is such a topic.
        made |= {"name": None, "error_code": ErrorCode.UNKNOWN_TOPIC_ID}
    return made


def answered_detail(answer: Body) -> dict[str, object]:
    """Give which topics a Metadata answer told of; partitions and their replicas are left out."""
    topics = [
        {"name": topic["name"], "partition_count": len(topic["partitions"])}
        | ({"error_code": topic["error_code"]} if topic["error_code"] else {})
        for topic in answer["topics"][:TOPICS_MAX]
    ]
    detail: dict[str, object] = {
        "cluster_id": answer.get("cluster_id"),
        "controller_id": answer.get("controller_id"),
        "node_ids": [broker["node_id"] for broker in answer["brokers"]],
        "topics": topics,
    }
    if len(answer["topics"]) > TOPICS_MAX:
        detail["topics_left_out"] = len(answer["topics"]) - TOPICS_MAX
    return detail
