"""A request that waits for people: held on its connection for a while, then told to come again.

Nothing behind it is taken meanwhile, for answers leave in order. A member of a group that must
show that it lives is not made late: its heartbeat behind a held request ends the wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.approval.answer import Answer, AnswerKind
from gateway.session.ask import waiting_error
from gateway.session.effects import AskApproval, StopAsking
from gateway.session.judge import refused
from gateway.session.pipeline import delivers
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from gateway.apis.error_codes import ErrorCode
    from gateway.evidence.event import Event
    from gateway.session.pipeline import Exchange, Held, Taken
    from gateway.session.requests import Requests
    from gateway.session.signals import Instant

COME_AGAIN: Final = Answer(kind=AnswerKind.WAIT, request_id="")
"""Told where a wait was cut short: the next try finds or makes the request."""

_SHOWS_LIFE = frozenset(
    {
        ApiKey.HEARTBEAT,
        ApiKey.JOIN_GROUP,
        ApiKey.SYNC_GROUP,
        ApiKey.LEAVE_GROUP,
        ApiKey.CONSUMER_GROUP_HEARTBEAT,
        ApiKey.SHARE_GROUP_HEARTBEAT,
        ApiKey.STREAMS_GROUP_HEARTBEAT,
    }
)


def shows_life(frame: bytes) -> bool:
    """Say whether a frame from a client is one that a group's coordinator waits for."""
    return int.from_bytes(frame[:2], "big") in _SHOWS_LIFE


class Holding:
    """The one request of a connection that may be held at a time."""

    __slots__ = ("_held", "_requests")

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._held: Held | None = None

    def __bool__(self) -> bool:
        """Say whether a request is held now."""
        return self._held is not None

    def begin(self, held: Held) -> AskApproval:
        """Hold a request until it is answered or given up."""
        assert self._held is None, "nothing is taken behind a held request"
        self._held = held
        return AskApproval(held.exchange.ordinal, held.asked)

    def end(self, ordinal: int, answer: Answer, now: Instant) -> Taken | None:
        """Take the answer; None where nobody waits for it any more."""
        held = self._held
        if held is None or held.exchange.ordinal != ordinal:
            return None
        self._held = None
        return self._go_on(held, answer, now)

    def give_up(self, now: Instant) -> tuple[StopAsking, Taken] | None:
        """Tell the client to come again; None where nothing is held."""
        held, self._held = self._held, None
        if held is None:
            return None
        return StopAsking(held.exchange.ordinal), self._go_on(held, COME_AGAIN, now)

    def after_charge(self, exchange: Exchange, now: Instant, *, is_allowed: bool) -> list[Event]:
        """Give the rows of an answer that was charged; where that failed, it is refused instead."""
        assert exchange.uncharged is not None, "what was charged waits for it"
        assert exchange.charged is not None, "what is charged says what it asked for"
        rows, exchange.uncharged = exchange.uncharged, None
        if is_allowed:
            return rows
        exchange.decision = refused(exchange.decision)
        exchange.reply = None
        message = f"Approval {exchange.approval_id} has ended, or allows no more than was delivered"
        return self._requests.refuse(exchange, exchange.charged, None, message, now).rows

    def _go_on(self, held: Held, answer: Answer, now: Instant) -> Taken:
        """Forward a request that was held, or refuse it for now or for good."""
        exchange = held.exchange
        exchange.approval_id = answer.request_id or None
        if answer.kind is AnswerKind.GRANTED:
            if answer.is_charged and delivers(exchange):
                exchange.charged = held.body
            taken = self._requests.forward(exchange, held.recording, held.frame, held.body, now)
            if taken.exchange is None:
                exchange.reply = b""
            return taken
        error_code: ErrorCode | None = waiting_error(exchange.header.api_key)
        if answer.kind is AnswerKind.REFUSED:
            exchange.decision, error_code = refused(exchange.decision), None
        return self._requests.refuse(exchange, held.body, error_code, answer.message, now)
