"""Asking a policy about what was recorded: which exchanges it would have decided otherwise.

Only the events are read, no payload. What a record does not tell (the texts of an exchange that
was encrypted, arguments that were cut) is counted as not decided, and never guessed.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from gateway.apis.access import consumer_groups, transactional_ids
from gateway.apis.topics import TopicDirectory
from gateway.apis.touches import touched
from gateway.evidence.archive import scan
from gateway.evidence.encryption.marks import read_mark
from gateway.evidence.event import EventKind
from gateway.evidence.reader import Block
from gateway.identity.principal import Principal
from gateway.policy.api_class import ApiClass, class_of
from gateway.policy.request import AccessRequest
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.policy.engine import Policy

COLUMNS = (
    "kind",
    "session",
    "listener",
    "peer",
    "issuer",
    "subject",
    "groups",
    "client_id",
    "exchange",
    "api_key",
    "api_version",
    "topic",
    "record_count",
    "byte_count",
    "decision",
    "detail",
)
CARRIES_RECORDS = frozenset({ApiKey.PRODUCE, ApiKey.FETCH, ApiKey.SHARE_FETCH})

Row = dict[str, Any]


class Change(NamedTuple):
    """One kind of difference: whose requests, on what, what was decided and what would be."""

    api: str
    subject: str
    topics: tuple[str, ...]
    was: str
    would: str
    rule_ids: tuple[str, ...]

    def __str__(self) -> str:
        """Show it as a line of a report."""
        on = f" on {', '.join(self.topics)}" if self.topics else ""
        by = f" by {', '.join(self.rule_ids)}" if self.rule_ids else ""
        return f"{self.api} by {self.subject}{on}: {self.was}, would be {self.would}{by}"


@dataclass(slots=True)
class Replay:
    """How often what would change, and how many exchanges were compared or could not be."""

    changes: Counter[Change] = field(default_factory=Counter)
    compared: int = 0
    undecided: int = 0
    damages: int = 0


@dataclass(slots=True)
class _Records:
    """What the rows about records say of one exchange."""

    topics: set[str] = field(default_factory=set)
    records: int = 0
    byte_count: int = 0


def replay(archive: Path, policy: Policy) -> Replay:
    """Ask a policy about every exchange of an archive; raises ArchiveError for what is none."""
    result = Replay()
    open_exchanges: dict[tuple[str, int], _Records] = {}
    for found in scan(archive):
        if not isinstance(found, Block):
            result.damages += 1
            continue
        times = found.rows.column("wall_time").cast(pa.int64()).to_pylist()
        for row, wall_ns in zip(found.rows.select(COLUMNS).to_pylist(), times, strict=True):
            place = (row["session"], row["exchange"])
            if row["kind"] in (EventKind.PRODUCE, EventKind.DELIVERED):
                _add(open_exchanges.setdefault(place, _Records()), row)
            elif row["kind"] == EventKind.EXCHANGE:
                records = open_exchanges.pop(place, _Records())
                _compare({**row, "wall_ns": wall_ns}, records, policy, result)
    return result


def _add(records: _Records, row: Row) -> None:
    records.topics |= {row["topic"]} - {None}
    if row["kind"] == EventKind.PRODUCE:
        records.records += row["record_count"] or 0
        records.byte_count += row["byte_count"] or 0


def _compare(row: Row, records: _Records, policy: Policy, result: Replay) -> None:
    if class_of(row["api_key"]) is ApiClass.LOGIN:
        return
    request = _request(row, records)
    if request is None:
        result.undecided += 1
        return
    result.compared += 1
    decision = policy.decide(request)
    if decision.kind != row["decision"]:
        topics = ("any topic",) if request.topics is None else tuple(sorted(request.topics))
        change = Change(
            ApiKey(row["api_key"]).name,
            row["subject"] or "nobody",
            topics,
            row["decision"],
            decision.kind,
            decision.rule_ids,
        )
        result.changes[change] += 1


def _request(row: Row, records: _Records) -> AccessRequest | None:
    """Make the request that an exchange began with, None where the record does not tell it."""
    detail = json.loads(row["detail"] or "{}")
    body = detail.get("request", {})
    api_key = row["api_key"]
    if read_mark(row["detail"]) is not None:
        if not records.topics:
            return None
        # Its texts are sealed; the topics of its records stand in columns of their own.
        detail, body = {}, {}
    try:
        topics = _topics(api_key, detail, records)
        groups = consumer_groups(api_key, body)
        ids = transactional_ids(api_key, body)
    except (KeyError, TypeError, AttributeError):
        # The arguments were cut, or the request was refused before they were looked at.
        return None
    return AccessRequest(
        api_key=api_key,
        api_version=row["api_version"],
        listener=row["listener"],
        principal=Principal(
            issuer=row["issuer"] or "",
            subject=row["subject"] or "",
            groups=tuple(row["groups"] or ()),
        ),
        client_id=row["client_id"],
        peer=row["peer"],
        topics=topics,
        consumer_groups=groups,
        transactional_ids=ids,
        numbers={
            "records": records.records,
            "bytes": records.byte_count,
            "max_bytes": body.get("max_bytes", 0),
            "topic_count": len(topics or ()),
            "partition_count": body.get("partition_count", 0),
        },
        wall_ns=row["wall_ns"],
    )


def _topics(api_key: int, detail: dict[str, Any], records: _Records) -> frozenset[str] | None:
    body = detail.get("request", {})
    refused = frozenset(body.get("refused_topics", ()))
    if api_key in CARRIES_RECORDS:
        named = (topic.get("topic", topic.get("name")) for topic in body.get("topics", ()))
        return refused | records.topics | frozenset(name for name in named if name)
    if api_key == ApiKey.METADATA and not body["topics"]:
        told = detail["response"]
        answered = told.get("topics", ()) if isinstance(told, dict) else ()
        return frozenset(topic["name"] for topic in answered if topic["name"])
    return touched(api_key, body, TopicDirectory()).names


def told(result: Replay, *, lines_max: int) -> Iterator[str]:
    """Say what would change, the most frequent first."""
    for change, count in result.changes.most_common(lines_max):
        yield f"{count:,} x {change}"
    if len(result.changes) > lines_max:
        yield f"... and {len(result.changes) - lines_max:,} more kinds"
    yield (
        f"{result.compared:,} exchanges compared, {result.changes.total():,} would change, "
        f"{result.undecided:,} could not be told, {result.damages:,} damages"
    )
