"""One forbidden topic among several is refused, and the others pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.evidence.event import EventKind
from gateway.policy.forbid import ForbidRule
from gateway.session.effects import SendBroker, SendClient
from gateway.session.signals import ChangesRefused, ClientBytes
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import decode_response
from tests.gateway.session.conversation import (
    answer,
    ask,
    batch,
    connected,
    fetched,
    new_session,
    say_answer,
)
from tests.playbook import Playbook, row

if TYPE_CHECKING:
    from gateway.wire.readers import Body

RULE = ForbidRule(id="no-cards", apis=frozenset({ApiKey.FETCH, ApiKey.PRODUCE}), topics=("cards",))
FETCHED_PARTITION = {
    "partition": 0,
    "current_leader_epoch": -1,
    "fetch_offset": 0,
    "last_fetched_epoch": -1,
    "log_start_offset": -1,
    "partition_max_bytes": 1_000,
}
DENIED = {"decision": "deny", "rule_ids": ("no-cards",)}
ALLOWED = {"decision": "allow", "rule_ids": ()}


def _fetch(*topics: str) -> bytes:
    asked = [{"topic": topic, "partitions": [FETCHED_PARTITION]} for topic in topics]
    return ask(ApiKey.FETCH, 12, topics=asked)


def _produce(*topics: str, acks: int = -1) -> bytes:
    partitions = [{"index": 0, "records": batch(0, 3)}]
    sent = [{"name": topic, "partition_data": partitions} for topic in topics]
    return ask(ApiKey.PRODUCE, 9, acks=acks, topic_data=sent)


def _play() -> Playbook:
    return connected(new_session(forbid=(RULE,)))


def _reply(play: Playbook, api_key: ApiKey, version: int) -> Body:
    effect = play.take()
    assert isinstance(effect, SendClient)
    return decode_response(effect.data[4:], api_key, version).body


def test_a_fetch_goes_on_without_the_forbidden_topic() -> None:
    """Its records are delivered under their own decision, and the other comes back as an error."""
    play = _play()
    play >> ClientBytes(_fetch("cards", "orders")) << SendBroker(_fetch("orders"))
    say_answer(play, fetched(batch(7, 3)))
    play << row(EventKind.DELIVERED, topic="orders", record_count=3, **ALLOWED)
    detail = {"request": {"refused_topics": ["cards"]}}
    play << row(EventKind.EXCHANGE, error_code=29, detail=detail, **DENIED)
    body = _reply(play, ApiKey.FETCH, 12)
    play.finish()

    errors = {each["topic"]: each["partitions"][0]["error_code"] for each in body["responses"]}
    assert {"orders": 0, "cards": 29} == errors


def test_an_error_about_the_fetch_session_stands_alone() -> None:
    """The client begins a new one, and asks for everything again."""
    play = _play()
    play >> ClientBytes(_fetch("cards", "orders")) << SendBroker(_fetch("orders"))
    say_answer(play, answer(ApiKey.FETCH, 12, error_code=70))
    play << row(EventKind.EXCHANGE, error_code=70)

    assert [] == _reply(play, ApiKey.FETCH, 12)["responses"]


def test_a_produce_goes_on_without_the_forbidden_topic() -> None:
    """What was not sent on is not recorded as sent."""
    play = _play()
    play >> ClientBytes(_produce("cards", "orders"))
    play << row(EventKind.PRODUCE, topic="orders", **ALLOWED) << SendBroker(_produce("orders"))
    partition: dict[str, object] = {
        "index": 0,
        "base_offset": 5,
        "log_append_time_ms": -1,
        "log_start_offset": 0,
    }
    partition |= {"error_code": 0, "record_errors": [], "error_message": None}
    done = [{"name": "orders", "partition_responses": [partition]}]
    say_answer(play, answer(ApiKey.PRODUCE, 9, responses=done))
    play << row(EventKind.PRODUCED, topic="orders", first_offset=5, **ALLOWED)
    play << row(EventKind.EXCHANGE, error_code=29, **DENIED)
    body = _reply(play, ApiKey.PRODUCE, 9)
    play.finish()

    answered = {each["name"]: each["partition_responses"][0] for each in body["responses"]}
    assert {"orders": 0, "cards": 29} == {n: each["error_code"] for n, each in answered.items()}


def test_a_produce_without_an_answer_is_refused_whole() -> None:
    """A broker closes the connection as well, for there is no other way to tell."""
    play = _play()
    play >> ClientBytes(_produce("cards", "orders", acks=0))
    play << row(EventKind.EXCHANGE, **DENIED) << row(EventKind.SESSION_CLOSE)

    assert not any(isinstance(effect, SendBroker) for effect in play.take_all())


def test_while_changes_are_refused_all_topics_are() -> None:
    """One error for the whole request: there is no room to record it."""
    play = _play()
    play >> ChangesRefused(is_so=True) >> ClientBytes(_produce("cards", "orders"))
    play << row(EventKind.EXCHANGE, rule_ids=("gateway:no-changes",))
    body = _reply(play, ApiKey.PRODUCE, 9)
    play.finish()

    assert {"cards", "orders"} == {each["name"] for each in body["responses"]}
