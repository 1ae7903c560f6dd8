"""Trials find rules that nothing tests, and changes that nothing would notice."""

from __future__ import annotations

import pytest

from gateway.policy.decision import DecisionKind
from gateway.policy.engine import Policy
from gateway.policy.trial import Trial, mutants, survivors, unreached
from tests.gateway.policy.policies import about, names, rule

CARDS = rule("no-cards", topics=["cards"])
POLICY = Policy([CARDS])


def _trial(topic: str, expected: DecisionKind, *rule_ids: str) -> Trial:
    return Trial(
        name=topic,
        request=about(topic),
        expected=expected,
        rule_ids=frozenset(rule_ids) if rule_ids else None,
    )


DENIED = _trial("cards", DecisionKind.DENY)
ALLOWED = _trial("orders", DecisionKind.ALLOW)


@pytest.mark.parametrize(
    ("trial", "expected"),
    [
        (DENIED, True),
        (_trial("cards", DecisionKind.DENY, "no-cards"), True),
        (_trial("cards", DecisionKind.DENY, "other"), False),
        (_trial("cards", DecisionKind.ALLOW), False),
    ],
)
def test_a_trial_is_about_the_decision_and_maybe_its_rules(trial: Trial, *, expected: bool) -> None:
    """Whoever names rules wants just these."""
    assert expected is trial.passes(POLICY)


def test_a_rule_that_decides_no_trial_is_unreached() -> None:
    """Nobody has said what it is good for."""
    assert ["no-cards"] == unreached(POLICY, [ALLOWED])
    assert [] == unreached(POLICY, [DENIED])


def test_each_rule_is_removed_turned_and_widened() -> None:
    """A widened rule is one without one of its parts."""
    policy = Policy([rule("a", topics=["x"], client_ids=names("y")), rule("m", DecisionKind.MASK)])
    changes = [(mutant.rule_id, mutant.change) for mutant in mutants(policy)]

    assert [
        ("a", "removed"),
        ("a", "allow instead of deny"),
        ("a", "without client_ids"),
        ("a", "without topics"),
        ("m", "removed"),
        ("m", "deny instead of mask"),
    ] == changes


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        ([DENIED], ["without topics"]),
        ([DENIED, ALLOWED], []),
        ([ALLOWED], ["removed", "allow instead of deny"]),
    ],
)
def test_a_change_that_no_trial_notices_survives(trials: list[Trial], expected: list[str]) -> None:
    """So that a case is missing."""
    assert expected == [mutant.change for mutant in survivors(POLICY, trials)]
