"""The exchanges under way on one connection: answers leave in the order of their requests."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.evidence.event import EventKind
from gateway.policy.decision import ALLOWED, Decision
from gateway.session.effects import ChargeGrant
from gateway.wire.api_keys import ApiKey
from gateway.wire.frames import frame
from gateway.wire.messages import Response, encode_response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.apis.masking import Masking
    from gateway.apis.recording import Recording
    from gateway.approval.asked import Asked
    from gateway.evidence.event import Event
    from gateway.policy.view import View
    from gateway.session.effects import CheckCredentials
    from gateway.wire.headers import RequestHeader
    from gateway.wire.readers import Body


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request until its answer has left.

    `recording` is None for a request that is answered here; `view` is what rules say about the
    topics in the answer, None where no rule speaks of it; `taken` are topics that a rule took out
    of a Metadata request, and `is_all_taken` tells that the request now asks for all topics for
    want of another way to ask for none. Where some topics were refused and the others passed,
    `passing` is the decision about those, and `refusal` the answer about the refused ones.
    `masking` is what was masked in the exchange. `approval_id` names the request for approval
    behind it, `charged` is the request where its records count against a grant, and `uncharged` are
    the rows of an answer that waits until they were counted. `reply` is the whole frame once the
    answer is known, empty where none may be sent. `ending` is why the connection closes behind this
    reply.
    """

    ordinal: int
    header: RequestHeader
    began_ns: int
    recording: Recording | None = None
    view: View | None = None
    taken: tuple[Body, ...] = ()
    is_all_taken: bool = False
    decision: Decision = ALLOWED
    passing: Decision | None = None
    refusal: Body | None = None
    masking: Masking | None = None
    approval_id: str | None = None
    charged: Body | None = None
    uncharged: list[Event] | None = None
    is_forwarded: bool = False
    is_own: bool = False
    """Whether the gateway itself asks, so that nothing of it goes to the client or the record."""
    reply: bytes | None = None
    ending: str | None = None

    @property
    def going_on(self) -> Decision:
        """The decision about what is not refused, where something is not."""
        return self.decision if self.passing is None else self.passing

    def charge(self, rows: list[Event]) -> ChargeGrant:
        """Keep the answer and its rows back until what they deliver was counted."""
        assert self.reply is not None, "only an answer is charged"
        assert self.approval_id is not None, "a grant has its request"
        self.uncharged = rows
        delivered = [row for row in rows if row.kind is EventKind.DELIVERED]
        return ChargeGrant(
            exchange=self.ordinal,
            request_id=self.approval_id,
            record_count=sum(row.record_count or 0 for row in delivered),
            byte_count=sum(row.byte_count or 0 for row in delivered),
        )

    def answer(self, body: Body, ending: str | None = None) -> None:
        """Set our own answer as the reply."""
        assert self.reply is None, "an exchange is answered once"
        response = Response(correlation_id=self.header.correlation_id, body=body)
        content = encode_response(response, self.header.api_key, self.header.api_version)
        self.reply = frame(content)
        self.ending = ending


@dataclass(slots=True, kw_only=True)
class Taken:
    """A request that was dealt with: rows to record, then what to do.

    `exchange` is None when nothing will be answered (acks=0). `forward` is the whole frame for the
    broker.
    """

    rows: list[Event]
    exchange: Exchange | None = None
    forward: bytes | None = None
    check: CheckCredentials | None = None
    held: Held | None = None


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A request that must wait until the cluster was asked for the names of these topic ids."""

    topic_ids: tuple[bytes, ...]


def delivers(exchange: Exchange) -> bool:
    """Tell whether an exchange's answer carries records."""
    return exchange.header.api_key in {ApiKey.FETCH, ApiKey.SHARE_FETCH}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A request that waits for people, with all that going on with it needs."""

    exchange: Exchange
    recording: Recording
    frame: bytes
    body: Body
    asked: Asked


class Pipeline:
    """A queue for answers of two kinds: the broker's come in order, our own wait for them."""

    __slots__ = ("_exchanges",)

    def __init__(self) -> None:
        self._exchanges: deque[Exchange] = deque()

    def __len__(self) -> int:
        return len(self._exchanges)

    @property
    def is_ending(self) -> bool:
        """Whether the connection closes behind the last exchange, so that nothing may follow it."""
        return bool(self._exchanges) and self._exchanges[-1].ending is not None

    @property
    def is_deciding(self) -> bool:
        """Whether a request waits for a decision here, after which the connection may close."""
        return any(each.reply is None and not each.is_forwarded for each in self._exchanges)

    def add(self, exchange: Exchange) -> None:
        """Put an exchange behind all others."""
        assert not self.is_ending, "nothing follows an answer that ends the connection"
        self._exchanges.append(exchange)

    def awaiting_broker(self) -> Exchange | None:
        """Tell whose answer the broker owes next."""
        return next((e for e in self._exchanges if e.is_forwarded and e.reply is None), None)

    def uncharged(self, ordinal: int) -> Exchange:
        """Give the exchange whose answer waits until it was charged: none leaves before."""
        (found,) = (each for each in self._exchanges if each.ordinal == ordinal)
        assert found.uncharged is not None, "what is charged waits for it"
        return found

    def unanswered(self) -> list[Exchange]:
        """List the client's exchanges whose answer is not known."""
        return [
            each
            for each in self._exchanges
            if (each.reply is None or each.uncharged is not None) and not each.is_own
        ]

    def release(self) -> Iterator[Exchange]:
        """Take out, in order, the exchanges that nothing holds back any more."""
        while self._exchanges and self._exchanges[0].reply is not None:
            if self._exchanges[0].uncharged is not None:
                return
            exchange = self._exchanges.popleft()
            assert exchange.ending is None or not self._exchanges, "an end is the last"
            yield exchange
