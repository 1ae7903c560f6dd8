"""A forbid rule is a rule that denies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.policy.decision import ALLOWED, Decision, DecisionKind
from gateway.policy.engine import Policy
from gateway.policy.forbid import ForbidRule
from gateway.wire.api_keys import ApiKey
from tests.gateway.policy.policies import Someone, about

CARDS = ForbidRule(
    id="no-cards",
    apis=frozenset({ApiKey.FETCH}),
    topics=("cards*", "*.pan"),
    principals=("intruder", "temp-*"),
)
NO_DELETES = ForbidRule(id="no-deletes", apis=frozenset({ApiKey.DELETE_TOPICS}))
POLICY = Policy((CARDS.rule, NO_DELETES.rule))


def _decide(api_key: ApiKey, subject: str | None, topics: list[str] | None) -> Decision:
    principal = None if subject is None else Someone(subject)
    named = None if topics is None else frozenset(topics)
    return POLICY.decide(replace(about(), api_key=api_key, principal=principal, topics=named))


@pytest.mark.parametrize("topics", [["cards"], ["orders", "cards.eu"], ["eu.pan"], None])
def test_any_matching_topic_is_enough(topics: list[str] | None) -> None:
    """One forbidden topic among several matches, and so does a request for all topics."""
    assert Decision(DecisionKind.DENY, ("no-cards",)) == _decide(ApiKey.FETCH, "intruder", topics)


@pytest.mark.parametrize(
    ("api_key", "subject", "topics"),
    [
        (ApiKey.PRODUCE, "intruder", ["cards"]),
        (ApiKey.FETCH, "alice", ["cards"]),
        (ApiKey.FETCH, "intruder", ["Cards", "orders"]),
        (ApiKey.FETCH, "intruder", []),
        (ApiKey.FETCH, None, ["cards"]),
    ],
    ids=["api", "principal", "case-sensitive", "no-topic", "nobody"],
)
def test_a_difference_in_any_part_does_not_match(
    api_key: ApiKey, subject: str | None, topics: list[str]
) -> None:
    """All parts that a rule names must match."""
    assert ALLOWED == _decide(api_key, subject, topics)


def test_parts_left_out_match_everything() -> None:
    """A rule with APIs alone is about everybody and everything, nobody's name included."""
    decision = _decide(ApiKey.DELETE_TOPICS, None, ["orders"])

    assert Decision(DecisionKind.DENY, ("no-deletes",)) == decision
