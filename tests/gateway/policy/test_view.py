"""A view asks the policy about topics that come with an answer."""

from __future__ import annotations

import pytest

from gateway.policy.engine import Policy
from gateway.policy.view import View
from tests.gateway.policy.policies import about, rule

VIEW = View(Policy([rule("r", topics=["cards*"])]), about("orders"))


@pytest.mark.parametrize(("topic", "expected"), [("cards.eu", True), ("orders", False)])
def test_what_is_denied_is_hidden(topic: str, *, expected: bool) -> None:
    """And no other topic."""
    assert expected is VIEW.hides(topic)


def test_the_decision_is_about_the_topics_that_are_asked_of() -> None:
    """Whatever the request names."""
    assert ("r",) == VIEW.decide(["cards", "orders"]).rule_ids
    assert () == VIEW.decide(["orders"]).rule_ids


def test_an_answer_with_a_nameless_topic_may_be_about_any() -> None:
    """So a rule about another topic speaks of it too."""
    assert not VIEW.decide_about(["orders"]).is_denial
    assert VIEW.decide_about(["cards", "orders"]).is_denial
    assert VIEW.decide_about(["orders", None]).is_denial
