"""Reading the JSON in an event's detail column into typed values."""

from __future__ import annotations

from typing import Final

import msgspec

from gateway.evidence.event import EventKind
from gateway.wire.api_keys import ApiKey

_NOTHING: Final = msgspec.Raw(b"{}")
# What stands in place of an answer; an answer itself is an object.
_OUTCOMES: Final = {
    b'"none"': "none",
    b'"refused"': "refused",
    b'"unknown"': "unknown",
    b'"not_forwarded"': "not_forwarded",
}
ANSWERED: Final = "answered"
UNKNOWN: Final = "unknown"


class AbortedTransaction(msgspec.Struct, frozen=True, gc=False):
    """A transaction of which a read_committed consumer must not show records."""

    producer_id: int
    first_offset: int


class Told(msgspec.Struct, kw_only=True):
    """What a detail says, one field for each column of workbench.archive.files.TOLD."""

    outcome: str | None = None
    elapsed_ns: int | None = None
    mechanism: str | None = None
    software_name: str | None = None
    software_version: str | None = None
    claimed: str | None = None
    close_reason: str | None = None
    exchange_count: int | None = None
    bytes_from_client: int | None = None
    bytes_to_client: int | None = None
    acks: int | None = None
    transactional_id: str | None = None
    group_id: str | None = None
    isolation_level: int | None = None
    high_watermark: int | None = None
    log_start_offset: int | None = None
    aborted: tuple[AbortedTransaction, ...] | None = None


class ExchangeDetail(msgspec.Struct, frozen=True, kw_only=True):
    """The detail of an exchange, or of an intent, which has no answer."""

    request: msgspec.Raw = _NOTHING
    response: msgspec.Raw = msgspec.Raw(b'"unknown"')
    elapsed_ns: int | None = None

    @property
    def outcome(self) -> str:
        """Say what became of the request, in the words of the table of exchanges."""
        return _OUTCOMES.get(bytes(self.response), ANSWERED)


class _ProduceRequest(msgspec.Struct, frozen=True, kw_only=True):
    acks: int | None = None
    transactional_id: str | None = None


class _Close(msgspec.Struct, frozen=True, kw_only=True):
    reason: str | None = None
    exchange_count: int | None = None
    bytes_from_client: int | None = None
    bytes_to_client: int | None = None


_TOLD_AS_NAMED: Final = frozenset(
    {EventKind.SESSION_AUTHENTICATED, EventKind.SESSION_REJECTED, EventKind.DELIVERED}
)
WITH_REQUEST: Final = frozenset({EventKind.EXCHANGE, EventKind.INTENT})


def read_told(kind: str, detail: str | None) -> Told:
    """Read the detail of an event that is about no request; raises MsgspecError."""
    if detail is not None and kind in _TOLD_AS_NAMED:
        return msgspec.json.decode(detail, type=Told)
    if detail is not None and kind == EventKind.SESSION_CLOSE:
        close = msgspec.json.decode(detail, type=_Close)
        return Told(
            close_reason=close.reason,
            exchange_count=close.exchange_count,
            bytes_from_client=close.bytes_from_client,
            bytes_to_client=close.bytes_to_client,
        )
    return Told()


def read_exchange(detail: str | None) -> ExchangeDetail:
    """Read the detail of an exchange or an intent; raises MsgspecError."""
    return msgspec.json.decode(detail or "{}", type=ExchangeDetail)


def told_by_exchange(api_key: int | None, exchange: ExchangeDetail) -> Told:
    """Give the columns of an exchange; raises MsgspecError."""
    told = Told(outcome=exchange.outcome, elapsed_ns=exchange.elapsed_ns)
    if api_key == ApiKey.PRODUCE:
        request = msgspec.json.decode(exchange.request, type=_ProduceRequest)
        told.acks = request.acks
        told.transactional_id = request.transactional_id
    return told
