"""Which topics a request is about, by name or by id; read off the message table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from gateway.apis.topics import NULL_TOPIC_ID, TopicDirectory
from gateway.wire.api_keys import ApiKey
from gateway.wire.schema import walk
from gateway.wire.table import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.wire.readers import Body

Path = tuple[str, ...]

RESOURCE_TYPE_TOPIC = 2
"""What config and ACL APIs call a topic."""

LITERAL = 3
"""The pattern type of an ACL that is about one name (KIP-290)."""

_RESOURCES: dict[int, str] = {
    ApiKey.DESCRIBE_CONFIGS: "resources",
    ApiKey.ALTER_CONFIGS: "resources",
    ApiKey.INCREMENTAL_ALTER_CONFIGS: "resources",
    ApiKey.CREATE_ACLS: "creations",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """The topics of one request: names (None: all topics), and the ids nobody can name yet."""

    names: frozenset[str] | None
    unknown_ids: frozenset[bytes]


def names_topics(api_key: ApiKey) -> bool:
    """Say whether requests of this API name topics, so that a rule about topics makes sense."""
    return any(_paths(api_key)) or api_key in _RESOURCES


def topic_ids(api_key: int, body: Body) -> frozenset[bytes]:
    """Collect the topic ids in a request."""
    found = {value for path in _paths(api_key)[1] for value in values_at(body, path)}
    found.discard(NULL_TOPIC_ID)
    return frozenset(found)


def touched(api_key: int, body: Body, directory: TopicDirectory) -> Touched:
    """Collect the topics of a request, ids turned into names where they are known."""
    ids = topic_ids(api_key, body)
    named = {topic_id: directory.name_of(topic_id) for topic_id in ids}
    unknown_ids = frozenset(topic_id for topic_id, name in named.items() if name is None)
    asks_all = _ASKS_ALL.get(api_key)
    if asks_all is not None and asks_all(body):
        return Touched(names=None, unknown_ids=unknown_ids)
    names = {value for path in _paths(api_key)[0] for value in values_at(body, path)}
    names.update(name for name in named.values() if name is not None)
    if array := _RESOURCES.get(api_key):
        names.update(
            resource["resource_name"]
            for resource in body[array]
            if resource["resource_type"] == RESOURCE_TYPE_TOPIC
        )
    return Touched(names=frozenset(names), unknown_ids=unknown_ids)


@cache
def _paths(api_key: int) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the paths to topic names and to topic ids in a request."""
    api = load()[api_key]
    names, ids = [], []
    for path, field, _ in walk(api.request, api.versions):
        if field.entity_type == "topicName":
            names.append(path)
        elif field.name == "topic_id":
            ids.append(path)
    return tuple(names), tuple(ids)


def values_at(node: object, path: Path) -> Iterator[Any]:
    """Yield what stands at a path, through arrays; null is nothing."""
    if isinstance(node, list):
        for item in node:
            yield from values_at(item, path)
    elif path and isinstance(node, dict):
        yield from values_at(node.get(path[0]), path[1:])
    elif node is not None:
        yield node


def _null(array: str) -> Callable[[Body], bool]:
    return lambda body: body[array] is None


def _null_in_groups(body: Body) -> bool:
    return body.get("topics", ()) is None or any(
        group["topics"] is None for group in body.get("groups", ())
    )


def _grants_widely(body: Body) -> bool:
    # An ACL for a prefix, or for "*", is one for topics that it does not name.
    return any(
        acl["resource_type"] == RESOURCE_TYPE_TOPIC
        and (acl.get("resource_pattern_type", LITERAL) != LITERAL or acl["resource_name"] == "*")
        for acl in body["creations"]
    )


def _has_source_regex(body: Body) -> bool:
    topology = body["topology"] or {"subtopologies": ()}
    return any(each["source_topic_regex"] for each in topology["subtopologies"])


_ASKS_ALL: dict[int, Callable[[Body], bool]] = {
    ApiKey.CREATE_ACLS: _grants_widely,
    # The broker evaluates a pattern (KIP-848, KIP-1071) over topics that only it knows.
    ApiKey.CONSUMER_GROUP_HEARTBEAT: lambda body: bool(body.get("subscribed_topic_regex")),
    ApiKey.STREAMS_GROUP_HEARTBEAT: _has_source_regex,
    ApiKey.OFFSET_FETCH: _null_in_groups,
    ApiKey.DESCRIBE_SHARE_GROUP_OFFSETS: _null_in_groups,
    ApiKey.ELECT_LEADERS: _null("topic_partitions"),
    ApiKey.DESCRIBE_LOG_DIRS: _null("topics"),
    ApiKey.LIST_PARTITION_REASSIGNMENTS: _null("topics"),
    ApiKey.DESCRIBE_TOPIC_PARTITIONS: lambda body: not body["topics"],
}
