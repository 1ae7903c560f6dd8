"""What recorded requests say: the offsets that a commit sets, and what an administrative one names.

Requests stand in an event's detail as JSON, shortened beyond a limit: `{"left_out": n}` then ends a
list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.archive.detail import ExchangeDetail

# The fields that name a topic, a group or another resource, in whatever request they stand.
_NAMING: Final = frozenset(
    {
        "entity_name",
        "feature",
        "group_id",
        "group_ids",
        "groups",
        "groups_names",
        "name",
        "owner_principal_name",
        "principal",
        "principal_name",
        "repartition_sink_topics",
        "resource_name",
        "resource_name_filter",
        "source_topic_regex",
        "source_topics",
        "subscribed_topic_names",
        "subscribed_topic_regex",
        "topic",
        "topic_id",
        "topic_name",
        "topic_names",
        "topics",
        "transactional_id",
        "transactional_ids",
        "v3_and_below_transactional_id",
    }
)
# Names in these are no targets: settings, assignment protocols, parts of a stream application.
_INNER: Final = frozenset(
    {"configs", "global_stores", "listeners", "nodes", "protocols", "topic_configs"}
)


class _Partition(msgspec.Struct, frozen=True, kw_only=True):
    partition_index: int | None = None
    committed_offset: int | None = None
    error_code: int | None = None
    left_out: int = 0


class _Topic(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None
    topic_id: str | None = None
    partitions: tuple[_Partition, ...] = ()
    left_out: int = 0

    @property
    def key(self) -> str | None:
        """What the request or answer itself calls the topic."""
        return self.topic_id or self.name


class _Commit(msgspec.Struct, frozen=True, kw_only=True):
    group_id: str | None = None
    member_id: str | None = None
    topics: tuple[_Topic, ...] = ()


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """One offset that a request commits."""

    group_id: str | None
    member_id: str | None
    topic: str | None
    topic_id: str | None
    partition: int
    committed_offset: int | None
    error_code: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commits:
    """The offsets of one request; `left_out` counts topics or partitions that were not recorded."""

    commits: tuple[Commit, ...]
    left_out: int


def read_commits(exchange: ExchangeDetail, error_code: int | None) -> Commits:
    """Read an OffsetCommit or TxnOffsetCommit; raises MsgspecError.

    `error_code` is that of partitions for which the answer has none.
    """
    request = msgspec.json.decode(exchange.request, type=_Commit)
    errors = _errors(exchange)
    commits = tuple(
        Commit(
            group_id=request.group_id,
            member_id=request.member_id,
            topic=topic.name,
            topic_id=topic.topic_id,
            partition=partition.partition_index,
            committed_offset=partition.committed_offset,
            error_code=errors.get((topic.key, partition.partition_index), error_code),
        )
        for topic in request.topics
        for partition in topic.partitions
        if partition.partition_index is not None
    )
    left_out = sum(
        topic.left_out + sum(partition.left_out for partition in topic.partitions)
        for topic in request.topics
    )
    return Commits(commits=commits, left_out=left_out)


def _errors(exchange: ExchangeDetail) -> dict[tuple[str | None, int | None], int | None]:
    if not bytes(exchange.response).startswith(b"{"):
        return {}
    response = msgspec.json.decode(exchange.response, type=_Commit)
    return {
        (topic.key, partition.partition_index): partition.error_code
        for topic in response.topics
        for partition in topic.partitions
    }


def read_targets(exchange: ExchangeDetail) -> list[str]:
    """List what a request names, each once, in its order; raises MsgspecError."""
    return list(dict.fromkeys(_named("", msgspec.json.decode(exchange.request))))


def _named(field: str, value: object) -> Iterator[str]:
    if isinstance(value, str):
        if field in _NAMING:
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _named(field, item)
    elif isinstance(value, dict):
        for name, inner in value.items():
            is_repeated = name == "topic_id" and (value.get("name") or value.get("topic_name"))
            if name not in _INNER and not is_repeated:
                yield from _named(name, inner)
