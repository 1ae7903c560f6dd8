"""Reading details."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from gateway.evidence.event import EventKind
from gateway.wire.api_keys import ApiKey
from workbench.archive.detail import (
    AbortedTransaction,
    ExchangeDetail,
    Told,
    read_exchange,
    read_told,
    told_by_exchange,
)


def test_the_end_of_a_session_is_told() -> None:
    """Its reason and counts come out; what else stands there is left."""
    counts: dict[str, Any] = {"exchange_count": 3, "bytes_from_client": 4, "bytes_to_client": 5}
    detail = json.dumps({"reason": "idle", "message": None, "bytes_to_broker": 9, **counts})

    told = read_told(EventKind.SESSION_CLOSE, detail)

    assert Told(close_reason="idle", **counts) == told


@pytest.mark.parametrize("kind", [EventKind.SESSION_AUTHENTICATED, EventKind.SESSION_REJECTED])
def test_a_login_is_told(kind: EventKind) -> None:
    """The mechanism, the software and a claimed name come out."""
    values: dict[str, Any] = {"mechanism": "PLAIN", "software_name": "a", "claimed": "x"}

    assert Told(**values) == read_told(kind, json.dumps({"reason": "r", **values}))


def test_what_decides_the_visibility_of_a_delivery_is_told() -> None:
    """Isolation level, offsets and aborted transactions come out."""
    aborted = [{"producer_id": 1, "first_offset": 2}]
    values: dict[str, Any] = {"isolation_level": 1, "high_watermark": 9, "log_start_offset": 0}

    told = read_told(EventKind.DELIVERED, json.dumps({"aborted": aborted, **values}))

    assert Told(aborted=(AbortedTransaction(1, 2),), **values) == told


@pytest.mark.parametrize("kind", [*EventKind, "from_the_future"])
def test_a_missing_detail_tells_nothing(kind: str) -> None:
    """No event needs a detail."""
    assert Told() == read_told(kind, None)


def test_other_details_are_not_read() -> None:
    """What no column is made of may say what it likes."""
    assert Told() == read_told(EventKind.RECORDER_START, "no JSON")


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        ({"error": 1}, "answered"),
        ("none", "none"),
        ("refused", "refused"),
        ("unknown", "unknown"),
        ("not_forwarded", "not_forwarded"),
        ("version_not_supported", "answered"),
    ],
)
def test_an_exchange_says_what_became_of_it(response: object, outcome: str) -> None:
    """A word in place of an answer is the outcome; the gateway's own answers are answers."""
    exchange = read_exchange(json.dumps({"request": {}, "response": response, "elapsed_ns": 7}))

    assert Told(outcome=outcome, elapsed_ns=7) == told_by_exchange(ApiKey.FETCH, exchange)


def test_an_intent_has_no_answer_yet() -> None:
    """What was recorded before forwarding leaves the outcome unknown."""
    assert "unknown" == read_exchange('{"request":{}}').outcome


def test_a_request_to_produce_says_how_it_wants_to_be_acknowledged() -> None:
    """Acks and the transaction come out, for Produce alone."""
    exchange = ExchangeDetail(request=msgspec.Raw(b'{"acks":1,"transactional_id":"t"}'))

    told = told_by_exchange(ApiKey.PRODUCE, exchange)

    assert (1, "t") == (told.acks, told.transactional_id)
    assert told_by_exchange(ApiKey.FETCH, exchange).acks is None


@pytest.mark.parametrize("detail", ["", "{", "[]", '{"elapsed_ns":"x"}'])
def test_a_broken_exchange_is_an_error(detail: str) -> None:
    """Whoever reads it must say that it cannot be read; only an absent detail is fine."""
    if detail:
        with pytest.raises(msgspec.MsgspecError):
            read_exchange(detail)
    assert read_exchange(None).outcome == "unknown"
