"""What becomes of one request: forwarded, answered here, held, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gateway.apis import api_versions, metadata, partial
from gateway.apis.catalogue import is_offered, may_change
from gateway.apis.detail import to_json
from gateway.apis.error_codes import ErrorCode
from gateway.apis.produce import expects_answer
from gateway.apis.recording import Knowledge, Recording, begin
from gateway.apis.refusal import message_naming, refuse, retriable_error
from gateway.apis.touches import topic_ids
from gateway.policy.decision import Decision, DecisionKind
from gateway.session.ask import ask_about
from gateway.session.options import FRAME_BYTES_MAX
from gateway.session.pipeline import Exchange, Held, Taken, Unresolved
from gateway.wire.api_keys import ApiKey
from gateway.wire.errors import UnknownApiError
from gateway.wire.frames import frame as framed
from gateway.wire.headers import RequestHeader, read_request_header
from gateway.wire.messages import decode_request_prefix, encode_request

if TYPE_CHECKING:
    from collections.abc import Collection

    from gateway.apis.masking import Masking
    from gateway.evidence.event import Event
    from gateway.session.authentication import Over
    from gateway.session.judge import Judge, Judgement
    from gateway.session.login import Login
    from gateway.session.signals import Instant
    from gateway.session.stamp import Stamp
    from gateway.wire.readers import Body

UNKNOWN_IDS_MAX = 10_000
UNKNOWN_ID_NS = 30_000_000_000
"""For how long the cluster is not asked again for the name of an id that it did not know."""

NO_CHANGES = Decision(DecisionKind.DENY, ("gateway:no-changes",))
"""A rule of the gateway's own: names in the configuration have no colon."""

NO_CHANGES_MESSAGE = "The gateway is short of room for what it records: try again later"

SASL_APIS = frozenset({ApiKey.SASL_HANDSHAKE, ApiKey.SASL_AUTHENTICATE})


class RefusedRequestError(Exception):
    """A request that no answer fits: the connection must end."""


class SessionOverError(Exception):
    """A request of a client who may not go on, whatever it asks for."""

    def __init__(self, over: Over) -> None:
        super().__init__(over.message)
        self.reason = over.reason


class Requests:
    """The client's side of a session."""

    __slots__ = (
        "_judge",
        "_knowledge",
        "_login",
        "_ordinal",
        "_stamp",
        "_unknown_ids",
        "refuses_changes",
    )

    def __init__(self, judge: Judge, knowledge: Knowledge, stamp: Stamp, login: Login) -> None:
        self._judge = judge
        self._knowledge = knowledge
        self._stamp = stamp
        self._login = login
        self._ordinal = 0
        self.refuses_changes = False
        """Whether requests that change something are refused for now."""
        self._unknown_ids: dict[bytes, int] = {}

    @property
    def exchange_count(self) -> int:
        """How many exchanges were begun."""
        return self._ordinal

    def take(self, frame: bytes, now: Instant) -> Taken | Unresolved:
        """Deal with a frame from the client.

        Raises WireError for bytes that are no request, RefusedRequestError for a request that ends
        the connection, SessionOverError when the client may not go on.
        """
        if api_versions.is_too_new(frame):
            return self._answer_too_new(frame, now)
        header, body, end = self._read(frame, now)
        # What stands behind a request is not recorded, so it does not go to the broker either.
        frame = frame[:end]
        unresolved = self._unresolved(header.api_key, body, now)
        if unresolved:
            return Unresolved(unresolved)
        self._stamp.client_id = header.client_id
        if header.api_key == ApiKey.API_VERSIONS:
            self._login.note_software(body)
        announced = self._login.announce_anonymous(now)
        exchange = self._begin(header, now)
        if header.api_key in SASL_APIS:
            taken = self._login.take(exchange, body, now)
        else:
            taken = self._decide(exchange, frame, body, now)
        taken.rows[:0] = announced
        return taken

    def give_up_on(self, topic_ids: Collection[bytes], now: Instant) -> None:
        """Let requests with these ids go on without names for a while."""
        if len(self._unknown_ids) + len(topic_ids) > UNKNOWN_IDS_MAX:
            self._unknown_ids.clear()
        self._unknown_ids.update(dict.fromkeys(topic_ids, now.monotonic_ns + UNKNOWN_ID_NS))

    def _read(self, frame: bytes, now: Instant) -> tuple[RequestHeader, Body, int]:
        try:
            header, offset = read_request_header(frame)
        except UnknownApiError as error:
            raise RefusedRequestError(f"{error}: not offered, so not answered") from error
        if not is_offered(header.api_key):
            raise RefusedRequestError(f"API key {header.api_key} is not offered by the gateway")
        over = self._login.authentication.why_over(header.api_key, now.monotonic_ns)
        if over is not None:
            raise SessionOverError(over)
        why_not = self._login.authentication.why_not(header.api_key)
        if why_not is not None:
            raise RefusedRequestError(f"API key {header.api_key} was called {why_not}")
        return header, *decode_request_prefix(header, frame, offset)

    def _unresolved(self, api_key: int, body: Body, now: Instant) -> tuple[bytes, ...]:
        if api_key == ApiKey.METADATA:
            return ()  # its own answer names them
        directory = self._knowledge.topics
        return tuple(
            topic_id
            for topic_id in topic_ids(api_key, body)
            if directory.name_of(topic_id) is None
            and self._unknown_ids.get(topic_id, 0) <= now.monotonic_ns
        )

    def _begin(self, header: RequestHeader, now: Instant) -> Exchange:
        exchange = Exchange(ordinal=self._ordinal, header=header, began_ns=now.monotonic_ns)
        self._ordinal += 1
        return exchange

    def _decide(self, exchange: Exchange, frame: bytes, body: Body, now: Instant) -> Taken:
        api_key = exchange.header.api_key
        if api_key == ApiKey.METADATA:
            return self._forward_metadata(exchange, frame, body, now)
        judgement = self._judge.judge(exchange.header, body, now)
        exchange.decision = judgement.decision
        if judgement.decision.is_denial and not judgement.denied:
            return self._deny(exchange, body, judgement.error_code, now)
        if self.refuses_changes and may_change(api_key, body):
            error_code = retriable_error(api_key)
            assert error_code is not None, "what changes something can be refused"
            exchange.decision = NO_CHANGES
            return self._deny(exchange, body, error_code, now)
        if api_key == ApiKey.SHARE_FETCH:
            exchange.view = self._judge.view(exchange.header, body, now)
        if judgement.denied:
            frame = self._take_out(exchange, body, judgement)
        exchange.masking = self._judge.mask(exchange.header, exchange.going_on, body)
        if exchange.masking is not None and exchange.masking.is_changed:
            frame = encode_request(exchange.header, body)
            error_code = _masking_error(exchange.masking, frame)
            if error_code is not None:
                exchange.decision = exchange.decision.denying(exchange.going_on)
                return self._deny(exchange, body, error_code, now)
        if judgement.decision.hold is not None:
            # Masked before: people and their database see no more than the broker will.
            return self._hold(exchange, frame, body)
        recording = begin(api_key, body, self._knowledge)
        if judgement.denied:
            recording.asked["refused_topics"] = sorted(judgement.denied)
        return self.forward(exchange, recording, frame, body, now)

    def _hold(self, exchange: Exchange, frame: bytes, body: Body) -> Taken:
        recording = begin(exchange.header.api_key, body, self._knowledge)
        asked = ask_about(exchange, body, recording, self._stamp, self._knowledge.topics)
        held = Held(exchange=exchange, recording=recording, frame=frame, body=body, asked=asked)
        return Taken(rows=[], exchange=exchange, held=held)

    def _take_out(self, exchange: Exchange, body: Body, judgement: Judgement) -> bytes:
        """Take refused topics out of a request; return what is left of it as a frame's content."""
        header = exchange.header
        directory = self._knowledge.topics
        refused = partial.take_out(header.api_key, body, judgement.denied, directory)
        message = message_naming(judgement.decision.rule_ids)
        exchange.refusal, _ = refuse(header.api_key, header.api_version, refused, None, message)
        exchange.passing = judgement.passing
        return encode_request(header, body)

    def _deny(
        self, exchange: Exchange, body: Body, error_code: ErrorCode | None, now: Instant
    ) -> Taken:
        assert exchange.decision.rule_ids, "a refusal names its rules"
        is_about_room = exchange.decision is NO_CHANGES
        message = (
            NO_CHANGES_MESSAGE if is_about_room else message_naming(exchange.decision.rule_ids)
        )
        return self.refuse(exchange, body, error_code, message, now)

    def refuse(
        self,
        exchange: Exchange,
        body: Body,
        error_code: ErrorCode | None,
        message: str,
        now: Instant,
    ) -> Taken:
        """Record a request and answer it with an error, the API's own if there is none."""
        header = exchange.header
        answer, error = refuse(header.api_key, header.api_version, body, error_code, message)
        if exchange.refusal is not None:
            partial.put_back(answer, exchange.refusal)
        if header.api_key == ApiKey.PRODUCE and not expects_answer(body):
            # A broker, too, closes the connection: there is no other way to tell a client that
            # waits for nothing.
            exchange.reply, exchange.ending = b"", "refused_without_answer"
        else:
            exchange.answer(answer)
        detail = {
            "request": begin(header.api_key, body, self._knowledge).asked,
            "response": "refused",
            "elapsed_ns": now.monotonic_ns - exchange.began_ns,
            **({} if exchange.masking is None else exchange.masking.detail),
        }
        row = replace(
            self._stamp.exchange_template(now, exchange),
            error_code=error,
            detail=to_json(detail),
        )
        return Taken(rows=[row], exchange=exchange)

    def _forward_metadata(
        self, exchange: Exchange, frame: bytes, body: Body, now: Instant
    ) -> Taken:
        # The record keeps what the client asked for, also what the broker is not asked.
        recording = begin(ApiKey.METADATA, body, self._knowledge)
        if self.refuses_changes and may_change(ApiKey.METADATA, body):
            if "allow_auto_topic_creation" not in body:
                raise RefusedRequestError(f"{NO_CHANGES_MESSAGE} (METADATA that creates topics)")
            # Without the answer no client finds a broker to read from.
            body["allow_auto_topic_creation"] = False
            frame = encode_request(exchange.header, body)
        exchange.decision = self._judge.allowed
        exchange.view = self._judge.view(exchange.header, body, now)
        if exchange.view is not None:
            taken = metadata.take_out(body, self._knowledge.topics, exchange.view.hides)
            if taken:
                exchange.taken = tuple(taken)
                # In the oldest version no topics means all topics.
                exchange.is_all_taken = not exchange.header.api_version and not body["topics"]
                exchange.decision = exchange.view.decide(topic["name"] for topic in taken)
                frame = encode_request(exchange.header, body)
        return self.forward(exchange, recording, frame, body, now)

    def forward(
        self, exchange: Exchange, recording: Recording, frame: bytes, body: Body, now: Instant
    ) -> Taken:
        """Record a request and send it to the broker."""
        assert exchange.reply is None, "what is answered here goes no further"
        header = exchange.header
        template = self._stamp.exchange_template(now, exchange)
        rows = recording.before(self._stamp.passing_template(now, exchange), body)
        if exchange.masking is not None:
            rows = [exchange.masking.on(row) for row in rows]
        if header.api_key == ApiKey.PRODUCE and not expects_answer(body):
            detail = {"request": recording.asked, "response": "none", "elapsed_ns": 0}
            rows.append(replace(template, error_code=0, detail=to_json(detail)))
            return Taken(rows=rows, forward=framed(frame))
        exchange.recording = recording
        exchange.is_forwarded = True
        return Taken(rows=rows, exchange=exchange, forward=framed(frame))

    def _answer_too_new(self, frame: bytes, now: Instant) -> Taken:
        api_key, api_version, correlation_id = api_versions.read_start(frame)
        header = RequestHeader(
            api_key=api_key, api_version=api_version, correlation_id=correlation_id, client_id=None
        )
        exchange = self._begin(header, now)
        exchange.reply = framed(api_versions.answer_too_new(correlation_id))
        detail = {"request": {}, "response": "version_not_supported", "elapsed_ns": 0}
        row: Event = replace(
            self._stamp.exchange_template(now, exchange),
            error_code=ErrorCode.UNSUPPORTED_VERSION,
            detail=to_json(detail),
        )
        return Taken(rows=[row], exchange=exchange)


def _masking_error(masking: Masking, frame: bytes) -> ErrorCode | None:
    """Say how to refuse what was masked and cannot be sent, None where it can be."""
    if masking.undecodable is not None:
        return ErrorCode.INVALID_RECORD
    # A broker answers for a batch that has grown too large; for a frame it would break off.
    return ErrorCode.MESSAGE_TOO_LARGE if len(frame) > FRAME_BYTES_MAX else None
