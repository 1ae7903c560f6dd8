"""Which rows of evidence one exchange leaves: before its request goes on, and at its answer.

Every API has the generic form, driven by the message table; those that carry records, and Metadata,
have their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from gateway.apis import fetch, metadata, produce, share_fetch
from gateway.apis.catalogue import changes_state
from gateway.apis.detail import Rendering, secret_values, to_json
from gateway.apis.error_codes import ErrorCode
from gateway.apis.fetch_sessions import FetchSessions
from gateway.apis.share_fetch import ShareSessions
from gateway.evidence.event import Event, EventKind
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from gateway.apis.topics import TopicDirectory
    from gateway.wire.readers import Body

Detail = dict[str, object]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What rows need beyond the messages themselves."""

    topics: TopicDirectory
    fetch_sessions: FetchSessions = field(default_factory=FetchSessions)
    share_sessions: ShareSessions = field(default_factory=ShareSessions)

    def lost_session(self, api_key: int, body: Body) -> ErrorCode | None:
        """Say how to refuse a request that goes on with a session begun on another connection.

        Which topics such a request reads is not known here; None for all other requests.
        """
        if api_key == ApiKey.FETCH and not self.fetch_sessions.knows(body):
            return ErrorCode.FETCH_SESSION_ID_NOT_FOUND
        if api_key == ApiKey.SHARE_FETCH and not self.share_sessions.knows(body):
            return ErrorCode.SHARE_SESSION_NOT_FOUND
        return None


class Recording(Protocol):
    """One exchange's part of the record; `asked` is the request's place in the detail column."""

    asked: Detail

    def before(self, template: Event, body: Body, /) -> list[Event]:
        """Make the rows that must stand in the journal before the request is forwarded."""

    def after(self, template: Event, answer: Body, /) -> tuple[list[Event], Detail]:
        """Make the rows before the exchange row, and the answer's place in its detail column."""


def begin(api_key: int, body: Body, knowledge: Knowledge) -> Recording:
    """Begin the record of one request."""
    match api_key:
        case ApiKey.PRODUCE:
            return _Produce(body, knowledge)
        case ApiKey.FETCH:
            return _Fetch(body, knowledge)
        case ApiKey.SHARE_FETCH:
            return _ShareFetch(api_key, body, knowledge)
        case ApiKey.METADATA:
            return _Metadata(api_key, body, knowledge)
        case _:
            return _Generic(api_key, body, knowledge)


class _Generic:
    """An intent row where the API changes something, and an answer rendered as it is."""

    __slots__ = ("_changes", "_secrets", "_topics", "asked")

    def __init__(self, api_key: int, body: Body, knowledge: Knowledge) -> None:
        self._topics = knowledge.topics
        self._changes = changes_state(api_key, body)
        self._secrets = secret_values(body)
        self.asked = Rendering(knowledge.topics).message(body)

    def before(self, template: Event, _body: Body, /) -> list[Event]:
        if not self._changes:
            return []
        detail = to_json({"request": self.asked})
        return [replace(template, kind=EventKind.INTENT, detail=detail)]

    def after(self, _template: Event, answer: Body, /) -> tuple[list[Event], Detail]:
        return [], Rendering(self._topics, self._secrets).message(answer)


class _Metadata(_Generic):
    __slots__ = ()

    def after(self, _template: Event, answer: Body, /) -> tuple[list[Event], Detail]:
        return [], metadata.answered_detail(answer)


class _ShareFetch(_Generic):
    __slots__ = ("_begun", "_group_id", "_sessions")

    def __init__(self, api_key: int, body: Body, knowledge: Knowledge) -> None:
        super().__init__(api_key, body, knowledge)
        self._group_id = body["group_id"]
        self._sessions = knowledge.share_sessions
        self._begun = share_fetch.begun_by(body)

    def after(self, template: Event, answer: Body, /) -> tuple[list[Event], Detail]:
        if self._begun is not None and not answer["error_code"]:
            self._sessions.keep(self._begun)
        rows = share_fetch.delivered_rows(template, answer, self._group_id, self._topics)
        return rows, super().after(template, share_fetch.without_records(answer))[1]


class _Produce:
    __slots__ = ("_sent", "_topics", "asked")

    def __init__(self, body: Body, knowledge: Knowledge) -> None:
        self._topics = knowledge.topics
        self._sent: dict[produce.Partition, produce.Sent] = {}
        self.asked = produce.asked_detail(body)

    def before(self, template: Event, body: Body, /) -> list[Event]:
        rows, self._sent = produce.produce_rows(template, body, self._topics)
        return rows

    def after(self, template: Event, answer: Body, /) -> tuple[list[Event], Detail]:
        return produce.produced_rows(template, answer, self._sent), produce.answered_detail(answer)


class _Fetch:
    __slots__ = ("_isolation_level", "_knowledge", "_wanted", "asked")

    def __init__(self, body: Body, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._isolation_level = body["isolation_level"]
        self._wanted = knowledge.fetch_sessions.wanted(body)
        self.asked = fetch.asked_detail(body, knowledge.topics)

    def before(self, _template: Event, _body: Body, /) -> list[Event]:
        return []

    def after(self, template: Event, answer: Body, /) -> tuple[list[Event], Detail]:
        topics = self._knowledge.topics
        self._knowledge.fetch_sessions.answered(self._wanted, answer)
        rows = fetch.delivered_rows(template, answer, self._wanted, self._isolation_level, topics)
        return rows, fetch.answered_detail(answer, topics)
