"""The policy is asked about all that a request can reach, and an error to decide is a denial."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.apis.error_codes import ErrorCode
from gateway.apis.recording import Knowledge
from gateway.apis.topics import TopicDirectory
from gateway.identity.principal import Principal
from gateway.policy.current import CurrentPolicy
from gateway.policy.decision import ALLOWED, Decision, DecisionKind
from gateway.policy.engine import Policy
from gateway.policy.selection import Bounds
from gateway.session.judge import Judge
from gateway.session.signals import Instant
from gateway.session.stamp import Stamp
from gateway.wire.api_keys import ApiKey
from gateway.wire.headers import RequestHeader
from gateway.wire.messages import default_body
from tests.gateway.policy.policies import rule
from tests.gateway.session.conversation import CONNECTION, OPTIONS, ORDERS_ID

if TYPE_CHECKING:
    from gateway.policy.rule import Rule
    from gateway.wire.readers import Body

NOW = Instant(wall_ns=0, monotonic_ns=0)


class Court:
    """A judge with all that it knows."""

    def __init__(self, *rules: Rule, approves: bool = False) -> None:
        self.current = CurrentPolicy(Policy(rules))
        self.knowledge = Knowledge(TopicDirectory())
        stamp = Stamp("clients", CONNECTION)
        stamp.principal = Principal(issuer="none", subject="alice")
        options = replace(OPTIONS, policy=self.current, approves=approves)
        self.judge = Judge(options, self.knowledge, stamp)

    def remember(self, session_id: int, body: Body) -> None:
        """Let the broker begin a fetch session."""
        sessions = self.knowledge.fetch_sessions
        sessions.answered(sessions.wanted(body), {"session_id": session_id, "error_code": 0})


def _header(api_key: ApiKey = ApiKey.FETCH, version: int = 12) -> RequestHeader:
    return RequestHeader(api_key=api_key, api_version=version, correlation_id=1, client_id="c")


def _fetch(*topics: str, version: int = 12, **fields: object) -> Body:
    partition = {"partition": 0, "fetch_offset": 0}
    asked = [{"topic": topic, "partitions": [partition]} for topic in topics]
    return default_body(ApiKey.FETCH, version, response=False) | {"topics": asked} | fields


def test_what_no_rule_speaks_of_is_allowed() -> None:
    """Without a closer look."""
    assert ALLOWED == Court().judge.judge(_header(), _fetch("orders"), NOW).decision


@pytest.mark.parametrize("effect", [DecisionKind.DENY, DecisionKind.HOLD])
def test_what_cannot_be_carried_out_is_denied(effect: DecisionKind) -> None:
    """What nobody can approve must not pass as if somebody had."""
    court = Court(rule("r", effect))
    decision = court.judge.judge(_header(), _fetch("orders"), NOW).decision

    assert (DecisionKind.DENY, ("r",)) == (decision.kind, decision.rule_ids)


def test_a_fetch_is_about_the_topics_of_its_session_too() -> None:
    """A rule that came later must not be passed by a request that names nothing."""
    court = Court(rule("r", topics=["cards"]))
    court.remember(7, _fetch("cards", session_epoch=0))
    later = _fetch(session_id=7, session_epoch=1)

    assert court.judge.judge(_header(), later, NOW).decision.is_denial


@pytest.mark.parametrize(
    ("effect", "denied", "passing"),
    [
        (DecisionKind.ALLOW, {"cards"}, DecisionKind.ALLOW),
        (DecisionKind.MASK, {"cards"}, DecisionKind.MASK),
        (DecisionKind.HOLD, set(), DecisionKind.ALLOW),
    ],
)
def test_a_fetch_is_divided_by_its_topics(
    effect: DecisionKind, denied: set[str], passing: DecisionKind
) -> None:
    """One is refused and the other passes, if that can be carried out."""
    court = Court(rule("no-cards", topics=["cards"]), rule("r", effect, topics=["orders"]))
    judgement = court.judge.judge(_header(), _fetch("cards", "orders"), NOW)

    assert (DecisionKind.DENY, ("no-cards",)) == (
        judgement.decision.kind,
        judgement.decision.rule_ids,
    )
    assert denied == judgement.denied
    assert passing is judgement.passing.kind


def test_a_session_with_ids_is_about_their_names() -> None:
    """And about any topic where the name is not known."""
    court = Court(rule("r", topics=["cards"]))
    topic = {"topic_id": ORDERS_ID, "partitions": [{"partition": 0, "fetch_offset": 0}]}
    court.remember(7, {"topics": [topic], "session_id": 0, "session_epoch": 0})
    later = default_body(ApiKey.FETCH, 13, response=False) | {"session_id": 7, "session_epoch": 1}

    unnamed = court.judge.judge(_header(version=13), later, NOW)
    assert (True, ErrorCode.UNKNOWN_TOPIC_ID) == (unnamed.decision.is_denial, unnamed.error_code)
    court.knowledge.topics.learn(ORDERS_ID, "cards")
    named = court.judge.judge(_header(version=13), later, NOW)
    assert (True, ErrorCode.FETCH_SESSION_ID_NOT_FOUND) == (
        named.decision.is_denial,
        named.error_code,
    )


def test_another_connections_session_could_be_about_anything() -> None:
    """The client is told to begin a new one."""
    court = Court(rule("r", topics=["cards"]))
    judgement = court.judge.judge(_header(), _fetch(session_id=7, session_epoch=1), NOW)

    assert judgement.decision.is_denial
    assert ErrorCode.FETCH_SESSION_ID_NOT_FOUND == judgement.error_code


def test_numbers_are_counted_where_a_rule_wants_them() -> None:
    """The size of what is asked for decides."""
    court = Court(rule("r", numbers={"max_bytes": Bounds(above=10)}))

    assert [True, False] == [
        court.judge.judge(_header(), _fetch("orders", max_bytes=most), NOW).decision.is_denial
        for most in (11, 10)
    ]


def test_a_new_policy_holds_from_the_next_request_on() -> None:
    """Sessions share the place where it is kept."""
    court = Court()
    court.current.policy = Policy([rule("r")])

    assert court.judge.judge(_header(), _fetch("orders"), NOW).decision.is_denial
    assert court.judge.allowed == court.current.policy.allowed


def test_a_view_keeps_the_policy_that_it_was_taken_under() -> None:
    """A request in flight ends under the rules that it began with."""
    court = Court(rule("r", topics=["cards"], apis=frozenset({int(ApiKey.METADATA)})))
    body = default_body(ApiKey.METADATA, 9, response=False)
    view = court.judge.view(_header(ApiKey.METADATA, 9), body, NOW)
    court.current.policy = Policy()

    assert view is not None
    assert view.hides("cards")
    assert court.judge.view(_header(ApiKey.METADATA, 9), body, NOW) is None


def test_requests_of_other_apis_are_about_what_they_name() -> None:
    """Only fetches have a session that remembers more."""
    court = Court(rule("r", topics=["cards"], apis=frozenset({int(ApiKey.PRODUCE)})))
    topic = {"name": "cards", "partition_data": []}
    body = {"topic_data": [topic], "transactional_id": None, "acks": -1}

    assert court.judge.judge(_header(ApiKey.PRODUCE, 9), body, NOW).decision.is_denial


def test_where_people_can_be_asked_a_request_is_held() -> None:
    """Its rule comes with the decision."""
    court = Court(rule("r", DecisionKind.HOLD), approves=True)
    decision = court.judge.judge(_header(), _fetch("orders"), NOW).decision

    assert decision.hold is not None
    assert (DecisionKind.HOLD, "r") == (decision.kind, decision.hold.id)


def test_what_is_held_keeps_its_masks() -> None:
    """An approval is for what the rules let it be."""
    court = Court(rule("r", DecisionKind.HOLD), rule("m", DecisionKind.MASK), approves=True)
    decision = court.judge.judge(_header(), _fetch("orders"), NOW).decision

    assert (DecisionKind.HOLD, ["m"]) == (decision.kind, [each.id for each in decision.masks])


def test_nobody_is_asked_about_topics_that_have_no_name() -> None:
    """The client is told so, and names them first."""
    court = Court(rule("r", DecisionKind.HOLD, topics=["orders"]), approves=True)
    body = _fetch(version=13) | {"topics": [{"topic_id": ORDERS_ID, "partitions": []}]}
    judgement = court.judge.judge(_header(version=13), body, NOW)

    assert (DecisionKind.DENY, ErrorCode.UNKNOWN_TOPIC_ID) == (
        judgement.decision.kind,
        judgement.error_code,
    )


def test_only_a_produce_is_masked_as_a_request() -> None:
    """Records come with the answer of every other one."""
    judge, mask = Court().judge, rule("m", DecisionKind.MASK).mask
    assert mask is not None
    decision = Decision(DecisionKind.MASK, ("m",), masks=(mask,))

    assert judge.mask(_header(), decision, _fetch("orders")) is None
    produce = _header(ApiKey.PRODUCE, 9)
    assert judge.mask(produce, ALLOWED, {"topic_data": []}) is None
    assert judge.mask(produce, decision, {"topic_data": []}) is not None
