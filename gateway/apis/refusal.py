"""Answers that refuse a request in its API's own error shape, as a broker's authorizer would.

Clients understand an authorization error for each topic, group or resource they asked about; a
closed connection they would retry for ever. A shape says which arrays of the request come back in
the answer, each element with the error. An API without a shape cannot stand in a `forbid` rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.apis.error_codes import ErrorCode
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import default_body
from gateway.wire.readers import Body
from gateway.wire.schema import default_value
from gateway.wire.table import Field, load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


ITSELF = ""
"""Stands for an array's element where that is a plain value, such as the name of a group."""

Element = Body | str | int
"""What arrays of requests hold: structures, or names and numbers."""

MESSAGE = "Refused by a rule of the gateway"
"""What a client reads beside the error code, where the API has room for it."""


def message_naming(rule_ids: Sequence[str]) -> str:
    """Say which rules have refused a request, so that whoever is asked about it can look."""
    return f"{MESSAGE}: {', '.join(rule_ids)}"


_ABOUT_SESSIONS = frozenset(
    {ErrorCode.FETCH_SESSION_ID_NOT_FOUND, ErrorCode.SHARE_SESSION_NOT_FOUND}
)
"""Errors that stand on top alone: the client begins a new session and names everything again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """One array of the answer, made element by element from an array of the request.

    `copied` gives the request's field for fields of the answer's element; what a version does not
    have is left out. `fixed` are values Kafka sends beside an error where the field's default is
    another one. An element gets the error in the field `error`, unless its own arrays (`inner`)
    carry it.
    """

    asked: str
    answered: str
    copied: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, object] = field(default_factory=dict)
    inner: Mirror | None = None
    error: str = "error_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one API refuses: with which error, in which arrays, and whether also on top."""

    error_code: ErrorCode
    mirrors: tuple[Mirror, ...] = ()
    is_on_top: bool = True


def refusable() -> dict[str, ApiKey]:
    """List the APIs that can stand in a `forbid` rule, by Kafka's names for them ("Fetch")."""
    named = {load()[api_key].name: ApiKey(api_key) for api_key in _SHAPES}
    return named | {load()[ApiKey.METADATA].name: ApiKey.METADATA}


def retriable_error(api_key: int) -> ErrorCode | None:
    """Return the error after which clients of an API ask again later; None where it has no form.

    It must not say that the request may have been carried out, as REQUEST_TIMED_OUT does. What a
    coordinator answers waits for it to be loaded; the rest is told that a disk could not take it.
    """
    shape = _SHAPES.get(api_key)
    if shape is None:
        return None
    if shape.error_code in (_GROUP, _TRANSACTION) and api_key not in _ABOUT_SHARED_RECORDS:
        return ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    return ErrorCode.KAFKA_STORAGE_ERROR


def refuse(
    api_key: int,
    api_version: int,
    request: Body,
    error_code: ErrorCode | None = None,
    message: str = MESSAGE,
) -> tuple[Body, ErrorCode]:
    """Answer a request with one error for all it asks, by default the API's own.

    Returns the answer and the error.
    """
    shape = _SHAPES[api_key]
    error = shape.error_code if error_code is None else error_code
    answer = default_body(api_key, api_version, response=True)
    if error in _ABOUT_SESSIONS:
        return answer | {"error_code": error}, error
    if shape.is_on_top and "error_code" in answer:
        answer["error_code"] = error
    if "error_message" in answer:
        answer["error_message"] = message
    if api_key == ApiKey.ALTER_REPLICA_LOG_DIRS:
        # The answer is by topic, whichever folder a replica was to move to.
        request = {"topics": [topic for each in request["dirs"] for topic in each["topics"]]}
    answering = _Answering(api_version, error, message)
    fields = load()[api_key].response
    for mirror in shape.mirrors:
        # Which arrays a request and its answer have depends on the version.
        if mirror.asked in request and mirror.answered in answer:
            answer[mirror.answered] = answering.mirrored(mirror, fields, request[mirror.asked])
    return answer, error


@dataclass(frozen=True, slots=True)
class _Answering:
    """What stays the same over all levels of one answer."""

    api_version: int
    error_code: ErrorCode
    message: str

    def mirrored(
        self, mirror: Mirror, fields: Sequence[Field], asked: list[Element] | None
    ) -> list[Body]:
        """Make one array of the answer; null asks for everything and gets nothing."""
        array = next(member for member in fields if member.name == mirror.answered)
        return [self._element(mirror, array.fields, element) for element in asked or ()]

    def _element(self, mirror: Mirror, fields: Sequence[Field], asked: Element) -> Body:
        made: Body = {
            member.name: default_value(member, self.api_version)
            for member in fields
            if self.api_version in member.versions
        }
        source: Body = asked if isinstance(asked, dict) else {ITSELF: asked}
        copied = {name: source[of] for name, of in mirror.copied.items() if of in source}
        made.update({name: value for name, value in copied.items() if name in made})
        made.update({name: value for name, value in mirror.fixed.items() if name in made})
        if mirror.inner is None:
            made[mirror.error] = self.error_code
            if "error_message" in made:
                made["error_message"] = self.message
        else:
            inner = mirror.inner
            made[inner.answered] = self.mirrored(inner, fields, source[inner.asked])
        return made


def _topics(
    asked: str = "topics", answered: str = "topics", *, inner: Mirror, name: str = "name"
) -> Mirror:
    copied = {name: name, "topic_id": "topic_id"}
    return Mirror(asked=asked, answered=answered, copied=copied, inner=inner)


def _structures(
    asked: str = "partitions", answered: str = "partitions", index: str = "partition_index"
) -> Mirror:
    return Mirror(asked=asked, answered=answered, copied={index: index})


def _numbers(
    asked: str = "partitions", answered: str = "partitions", index: str = "partition_index"
) -> Mirror:
    return Mirror(asked=asked, answered=answered, copied={index: ITSELF})


def _each(asked: str, answered: str, *fields: str) -> Mirror:
    return Mirror(asked=asked, answered=answered, copied={name: name for name in fields})


_ABOUT_SHARED_RECORDS = frozenset({ApiKey.SHARE_FETCH, ApiKey.SHARE_ACKNOWLEDGE})
"""Sent to the leaders of partitions, not to the group's coordinator."""

_TOPIC = ErrorCode.TOPIC_AUTHORIZATION_FAILED
_GROUP = ErrorCode.GROUP_AUTHORIZATION_FAILED
_CLUSTER = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
_TRANSACTION = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED

_RESOURCES = ("resource_type", "resource_name")
_TXN_PARTITIONS = Mirror(
    asked="partitions",
    answered="results_by_partition",
    copied={"partition_index": ITSELF},
    error="partition_error_code",
)
_NAMED_GROUPS = Mirror(asked="group_ids", answered="groups", copied={"group_id": ITSELF})

_SHARE_STATE = Shape(
    error_code=_CLUSTER,
    mirrors=(_topics(answered="results", inner=_structures(index="partition")),),
)

_SHAPES: dict[int, Shape] = {
    ApiKey.PRODUCE: Shape(
        error_code=_TOPIC,
        mirrors=(
            _topics(
                "topic_data",
                "responses",
                inner=Mirror(
                    asked="partition_data",
                    answered="partition_responses",
                    copied={"index": "index"},
                    fixed={"base_offset": -1},
                ),
            ),
        ),
    ),
    ApiKey.FETCH: Shape(
        error_code=_TOPIC,
        # An error on top would be about the fetch session (KIP-227).
        is_on_top=False,
        mirrors=(
            _topics(
                "topics",
                "responses",
                name="topic",
                inner=Mirror(
                    asked="partitions",
                    answered="partitions",
                    copied={"partition_index": "partition"},
                    fixed={"high_watermark": -1, "records": memoryview(b"")},
                ),
            ),
        ),
    ),
    ApiKey.LIST_OFFSETS: Shape(error_code=_TOPIC, mirrors=(_topics(inner=_structures()),)),
    ApiKey.OFFSET_COMMIT: Shape(error_code=_GROUP, mirrors=(_topics(inner=_structures()),)),
    ApiKey.OFFSET_FETCH: Shape(
        error_code=_GROUP,
        mirrors=(
            _topics(inner=_numbers("partition_indexes")),
            _each("groups", "groups", "group_id"),
        ),
    ),
    ApiKey.FIND_COORDINATOR: Shape(
        error_code=_GROUP,
        mirrors=(
            Mirror(asked="coordinator_keys", answered="coordinators", copied={"key": ITSELF}),
        ),
    ),
    ApiKey.JOIN_GROUP: Shape(error_code=_GROUP),
    ApiKey.HEARTBEAT: Shape(error_code=_GROUP),
    ApiKey.LEAVE_GROUP: Shape(error_code=_GROUP),
    ApiKey.SYNC_GROUP: Shape(error_code=_GROUP),
    ApiKey.DESCRIBE_GROUPS: Shape(
        error_code=_GROUP,
        mirrors=(Mirror(asked="groups", answered="groups", copied={"group_id": ITSELF}),),
    ),
    ApiKey.LIST_GROUPS: Shape(error_code=_CLUSTER),
    ApiKey.CREATE_TOPICS: Shape(error_code=_TOPIC, mirrors=(_each("topics", "topics", "name"),)),
    ApiKey.DELETE_TOPICS: Shape(
        error_code=_TOPIC,
        mirrors=(
            _each("topics", "responses", "name", "topic_id"),
            Mirror(asked="topic_names", answered="responses", copied={"name": ITSELF}),
        ),
    ),
    ApiKey.DELETE_RECORDS: Shape(error_code=_TOPIC, mirrors=(_topics(inner=_structures()),)),
    ApiKey.INIT_PRODUCER_ID: Shape(error_code=_TRANSACTION),
    ApiKey.OFFSET_FOR_LEADER_EPOCH: Shape(
        error_code=_TOPIC,
        mirrors=(_topics(name="topic", inner=_structures(index="partition")),),
    ),
    ApiKey.ADD_PARTITIONS_TO_TXN: Shape(
        error_code=_TRANSACTION,
        mirrors=(
            _topics("v3_and_below_topics", "results_by_topic_v3_and_below", inner=_TXN_PARTITIONS),
            Mirror(
                asked="transactions",
                answered="results_by_transaction",
                copied={"transactional_id": "transactional_id"},
                inner=_topics("topics", "topic_results", inner=_TXN_PARTITIONS),
            ),
        ),
    ),
    ApiKey.ADD_OFFSETS_TO_TXN: Shape(error_code=_TRANSACTION),
    ApiKey.END_TXN: Shape(error_code=_TRANSACTION),
    ApiKey.TXN_OFFSET_COMMIT: Shape(error_code=_GROUP, mirrors=(_topics(inner=_structures()),)),
    ApiKey.DESCRIBE_ACLS: Shape(error_code=_CLUSTER),
    ApiKey.CREATE_ACLS: Shape(error_code=_CLUSTER, mirrors=(_each("creations", "results"),)),
    ApiKey.DELETE_ACLS: Shape(error_code=_CLUSTER, mirrors=(_each("filters", "filter_results"),)),
    ApiKey.DESCRIBE_CONFIGS: Shape(
        error_code=_CLUSTER, mirrors=(_each("resources", "results", *_RESOURCES),)
    ),
    ApiKey.ALTER_CONFIGS: Shape(
        error_code=_CLUSTER, mirrors=(_each("resources", "responses", *_RESOURCES),)
    ),
    ApiKey.DESCRIBE_LOG_DIRS: Shape(error_code=_CLUSTER),
    ApiKey.CREATE_PARTITIONS: Shape(
        error_code=_TOPIC, mirrors=(_each("topics", "results", "name"),)
    ),
    ApiKey.DELETE_GROUPS: Shape(
        error_code=_GROUP,
        mirrors=(Mirror(asked="groups_names", answered="results", copied={"group_id": ITSELF}),),
    ),
    ApiKey.ELECT_LEADERS: Shape(
        error_code=_CLUSTER,
        mirrors=(
            Mirror(
                asked="topic_partitions",
                answered="replica_election_results",
                copied={"topic": "topic"},
                inner=_numbers("partitions", "partition_result", "partition_id"),
            ),
        ),
    ),
    ApiKey.INCREMENTAL_ALTER_CONFIGS: Shape(
        error_code=_CLUSTER, mirrors=(_each("resources", "responses", *_RESOURCES),)
    ),
    ApiKey.ALTER_PARTITION_REASSIGNMENTS: Shape(
        error_code=_CLUSTER, mirrors=(_topics("topics", "responses", inner=_structures()),)
    ),
    ApiKey.LIST_PARTITION_REASSIGNMENTS: Shape(error_code=_CLUSTER),
    ApiKey.OFFSET_DELETE: Shape(error_code=_GROUP, mirrors=(_topics(inner=_structures()),)),
    ApiKey.DESCRIBE_CLIENT_QUOTAS: Shape(error_code=_CLUSTER),
    ApiKey.ALTER_CLIENT_QUOTAS: Shape(
        error_code=_CLUSTER, mirrors=(_each("entries", "entries", "entity"),)
    ),
    ApiKey.DESCRIBE_QUORUM: Shape(error_code=_CLUSTER),
    ApiKey.UPDATE_FEATURES: Shape(error_code=_CLUSTER),
    ApiKey.DESCRIBE_CLUSTER: Shape(error_code=_CLUSTER),
    ApiKey.DESCRIBE_PRODUCERS: Shape(
        error_code=_TOPIC, mirrors=(_topics(inner=_numbers("partition_indexes")),)
    ),
    ApiKey.UNREGISTER_BROKER: Shape(error_code=_CLUSTER),
    ApiKey.DESCRIBE_TRANSACTIONS: Shape(
        error_code=_TRANSACTION,
        mirrors=(
            Mirror(
                asked="transactional_ids",
                answered="transaction_states",
                copied={"transactional_id": ITSELF},
            ),
        ),
    ),
    ApiKey.LIST_TRANSACTIONS: Shape(error_code=_CLUSTER),
    ApiKey.CONSUMER_GROUP_HEARTBEAT: Shape(error_code=_GROUP),
    ApiKey.CONSUMER_GROUP_DESCRIBE: Shape(error_code=_GROUP, mirrors=(_NAMED_GROUPS,)),
    ApiKey.LIST_CONFIG_RESOURCES: Shape(error_code=_CLUSTER),
    ApiKey.DESCRIBE_TOPIC_PARTITIONS: Shape(
        error_code=_TOPIC, mirrors=(_each("topics", "topics", "name"),)
    ),
    ApiKey.SHARE_GROUP_HEARTBEAT: Shape(error_code=_GROUP),
    ApiKey.SHARE_GROUP_DESCRIBE: Shape(error_code=_GROUP, mirrors=(_NAMED_GROUPS,)),
    ApiKey.SHARE_FETCH: Shape(error_code=_GROUP),
    ApiKey.SHARE_ACKNOWLEDGE: Shape(error_code=_GROUP),
    ApiKey.ADD_RAFT_VOTER: Shape(error_code=_CLUSTER),
    ApiKey.REMOVE_RAFT_VOTER: Shape(error_code=_CLUSTER),
    ApiKey.STREAMS_GROUP_HEARTBEAT: Shape(error_code=_GROUP),
    ApiKey.STREAMS_GROUP_DESCRIBE: Shape(error_code=_GROUP, mirrors=(_NAMED_GROUPS,)),
    ApiKey.DESCRIBE_SHARE_GROUP_OFFSETS: Shape(
        error_code=_GROUP, mirrors=(_each("groups", "groups", "group_id"),)
    ),
    ApiKey.ALTER_SHARE_GROUP_OFFSETS: Shape(error_code=_GROUP),
    ApiKey.DELETE_SHARE_GROUP_OFFSETS: Shape(error_code=_GROUP),
    ApiKey.STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE: Shape(error_code=_GROUP),
    ApiKey.UNREGISTER_CONTROLLER: Shape(error_code=_CLUSTER),
    ApiKey.WRITE_TXN_MARKERS: Shape(
        error_code=_CLUSTER,
        mirrors=(
            Mirror(
                asked="markers",
                answered="markers",
                copied={"producer_id": "producer_id"},
                inner=_topics(inner=_numbers("partition_indexes")),
            ),
        ),
    ),
    ApiKey.ALTER_REPLICA_LOG_DIRS: Shape(
        error_code=_CLUSTER,
        mirrors=(
            Mirror(
                asked="topics",
                answered="results",
                copied={"topic_name": "name"},
                inner=_numbers(),
            ),
        ),
    ),
    ApiKey.GET_TELEMETRY_SUBSCRIPTIONS: Shape(error_code=_CLUSTER),
    ApiKey.PUSH_TELEMETRY: Shape(error_code=_CLUSTER),
    ApiKey.INITIALIZE_SHARE_GROUP_STATE: _SHARE_STATE,
    ApiKey.READ_SHARE_GROUP_STATE: _SHARE_STATE,
    ApiKey.WRITE_SHARE_GROUP_STATE: _SHARE_STATE,
    ApiKey.DELETE_SHARE_GROUP_STATE: _SHARE_STATE,
    ApiKey.READ_SHARE_GROUP_STATE_SUMMARY: _SHARE_STATE,
}
