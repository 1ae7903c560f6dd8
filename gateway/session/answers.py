"""What becomes of one answer of the broker: recorded, made safe to pass on, and passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gateway.apis import api_versions, metadata, partial
from gateway.apis.detail import first_error, to_json
from gateway.apis.hosts import rewrite_hosts
from gateway.apis.masking import Masker, delivered_topics, withhold
from gateway.session.judge import refused
from gateway.session.pipeline import delivers
from gateway.wire.api_keys import ApiKey
from gateway.wire.errors import MalformedError
from gateway.wire.frames import frame as framed
from gateway.wire.messages import Response, decode_response, encode_response

if TYPE_CHECKING:
    from gateway.evidence.event import Event
    from gateway.policy.view import View
    from gateway.session.options import SessionOptions
    from gateway.session.pipeline import Exchange
    from gateway.session.signals import Instant
    from gateway.session.stamp import Stamp
    from gateway.session.topology import Topology
    from gateway.wire.readers import Body


class Answers:
    """The broker's side of a session."""

    __slots__ = ("_options", "_stamp", "_topology")

    def __init__(self, options: SessionOptions, topology: Topology, stamp: Stamp) -> None:
        self._options = options
        self._topology = topology
        self._stamp = stamp

    def take(self, exchange: Exchange | None, frame: bytes, now: Instant) -> list[Event]:
        """Set an exchange's reply from the broker's answer, and make the rows that go before it.

        Raises WireError for bytes that do not answer the request, ControllerAddressError for
        addresses that have no place on our side; nothing of such an answer may go on.
        """
        if exchange is None:
            raise MalformedError("the broker sent an answer while no request waits for one")
        assert exchange.is_forwarded, "the broker answers what it was sent"
        header = exchange.header
        response, version = self._read(exchange, frame)
        if response.correlation_id != header.correlation_id:
            raise MalformedError(
                f"the broker answered request {response.correlation_id} "
                f"where {header.correlation_id} was next"
            )
        metadata.learn_topics(header.api_key, response.body, self._topology.topics)
        # First the change, then the rows: they state what the client sees, and nothing if it sees
        # nothing.
        is_changed = self._change(exchange, response, version)
        rows = self._rows(exchange, response, now)
        if is_changed or exchange.refusal is not None:
            frame = encode_response(response, header.api_key, version)
        assert exchange.reply is None, "the broker's answer goes to the request that waits for it"
        exchange.reply = framed(frame)
        return rows

    def _read(self, exchange: Exchange, frame: bytes) -> tuple[Response, int]:
        header = exchange.header
        if header.api_key == ApiKey.API_VERSIONS:
            return api_versions.decode_answer(frame, header.api_version)
        return decode_response(frame, header.api_key, header.api_version), header.api_version

    def _change(self, exchange: Exchange, response: Response, version: int) -> bool:
        """Make an answer fit to be seen by the client; say whether it had to change."""
        api_key = exchange.header.api_key
        if api_key == ApiKey.API_VERSIONS:
            api_versions.intersect(response.body, terminates=bool(self._options.mechanisms))
            return True
        changed = rewrite_hosts(
            api_key, response.body, self._options.addresses, self._topology.brokers
        )
        if delivers(exchange):
            return self._mask(exchange, response.body) or changed
        if exchange.view is not None:
            return _hide(exchange, exchange.view, response.body, version) or changed
        return changed

    def _mask(self, exchange: Exchange, answer: Body) -> bool:
        """Mask the records in an answer; say whether it had to change."""
        topics = self._topology.topics
        if exchange.view is not None:
            # A request within a share session names no topics: only the answer tells which.
            approved = exchange.decision.hold
            exchange.decision = exchange.view.decide_about(delivered_topics(answer, topics))
            if exchange.decision.hold not in {None, approved}:
                # Nobody was asked, for nobody could know what about.
                exchange.decision = refused(exchange.decision)
        decision = exchange.going_on
        if decision.is_denial:
            exchange.masking = withhold(answer)
        elif decision.masks:
            plans, rules = self._options.plans, decision.masks
            exchange.masking = Masker(plans, topics, rules, exchange.header).mask_answer(answer)
        return exchange.masking is not None and exchange.masking.is_changed

    def _rows(self, exchange: Exchange, response: Response, now: Instant) -> list[Event]:
        template = self._stamp.exchange_template(now, exchange)
        assert exchange.recording is not None, "what was forwarded was recorded before"
        passing = self._stamp.passing_template(now, exchange)
        rows, answered = exchange.recording.after(passing, response.body)
        if exchange.refusal is not None:
            partial.put_back(response.body, exchange.refusal)
        detail = {
            "request": exchange.recording.asked,
            "response": answered,
            "elapsed_ns": now.monotonic_ns - exchange.began_ns,
        }
        if exchange.masking is not None:
            rows = [exchange.masking.on(each) for each in rows]
            detail |= exchange.masking.detail
        row = replace(
            template,
            error_code=first_error(response.body),
            detail=to_json(detail),
        )
        return [*rows, row]


def _hide(exchange: Exchange, view: View, answer: Body, version: int) -> bool:
    """Leave out of a Metadata answer what rules hide; say whether it had to change."""
    assert exchange.header.api_key == ApiKey.METADATA, "no other answer is looked at"
    if exchange.is_all_taken:
        answer["topics"] = []
    hidden = metadata.put_back(answer, version, exchange.taken, view.hides)
    if hidden:
        # Only the answer tells what a request for all topics was about.
        exchange.decision = view.decide([topic["name"] for topic in exchange.taken] + hidden)
    return bool(hidden or exchange.taken)
