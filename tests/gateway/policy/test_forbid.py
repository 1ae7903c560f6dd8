"""Forbid rules match by API, topic and principal."""

from __future__ import annotations

import pytest

from gateway.policy.decision import ALLOWED, Decision, DecisionKind
from gateway.policy.forbid import ForbidRule, Policy
from gateway.wire.api_keys import ApiKey

CARDS = ForbidRule(
    id="no-cards",
    apis=frozenset({ApiKey.FETCH}),
    topics=("cards*", "*.pan"),
    principals=("intruder", "temp-*"),
)
NO_DELETES = ForbidRule(id="no-deletes", apis=frozenset({ApiKey.DELETE_TOPICS}))
POLICY = Policy((CARDS, NO_DELETES))


def _denied_by(*rule_ids: str) -> Decision:
    return Decision(DecisionKind.DENY, rule_ids)


@pytest.mark.parametrize("topics", [["cards"], ["orders", "cards.eu"], ["eu.pan"], None])
def test_any_matching_topic_is_enough(topics: list[str] | None) -> None:
    """One forbidden topic among several matches, and so does a request for all topics."""
    assert _denied_by("no-cards") == POLICY.decide(ApiKey.FETCH, "intruder", topics)


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
    assert ALLOWED == POLICY.decide(api_key, subject, topics)


def test_parts_left_out_match_everything() -> None:
    """A rule with APIs alone is about everybody and everything, nobody's name included."""
    assert _denied_by("no-deletes") == POLICY.decide(ApiKey.DELETE_TOPICS, None, ["orders"])


def test_all_matching_rules_are_named_in_their_order() -> None:
    """Evidence names every rule that spoke."""
    again = ForbidRule(id="again", apis=frozenset({ApiKey.FETCH}), topics=("cards",))

    assert _denied_by("no-cards", "again") == Policy((CARDS, again)).decide(
        ApiKey.FETCH, "temp-7", iter(["cards"])
    )


@pytest.mark.parametrize(
    ("subject", "topic", "expected"),
    [("intruder", "cards.eu", True), ("alice", "cards.eu", False), ("intruder", "orders", False)],
)
def test_rules_about_metadata_hide_topics(subject: str, topic: str, *, expected: bool) -> None:
    """From the principals that they name, and no other topics."""
    rule = ForbidRule(
        id="r", apis=frozenset({ApiKey.METADATA}), topics=("cards*",), principals=("intruder",)
    )

    assert expected is Policy((rule, NO_DELETES)).hides(subject, topic)


def test_rules_about_other_apis_hide_nothing() -> None:
    """Who may not read a topic may still know of it."""
    assert not POLICY.hides("intruder", "cards")


def test_a_policy_speaks_of_the_apis_in_its_rules() -> None:
    """Requests of all others need not be looked at."""
    assert [True, False] == [POLICY.speaks_of(key) for key in (ApiKey.FETCH, ApiKey.PRODUCE)]
