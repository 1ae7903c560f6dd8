"""A decision is a kind and the rules behind it."""

from __future__ import annotations

import pytest

from gateway.policy.decision import ALLOWED, DENIED, Decision, DecisionKind
from gateway.policy.hold_rule import HoldRule
from tests.gateway.policy.policies import rule

HOLD = HoldRule(id="bulk", reviewers=2)
MASK = rule("m", DecisionKind.MASK).mask


def test_the_kinds_are_the_words_of_the_evidence() -> None:
    """Readers of an archive look for them, and each is stricter than the one before."""
    assert ["allow", "mask", "hold", "deny"] == [kind.value for kind in DecisionKind]
    assert [0, 1, 2, 3] == [kind.severity for kind in DecisionKind]


def test_what_is_held_waits_for_someone() -> None:
    """A hold without a rule for it would wait for ever."""
    with pytest.raises(AssertionError, match="waits for someone"):
        Decision(DecisionKind.HOLD, ("bulk",))


def test_what_is_denied_is_not_masked() -> None:
    """There is nothing to mask."""
    assert MASK is not None
    with pytest.raises(AssertionError, match="only what goes on"):
        Decision(DecisionKind.DENY, ("r",), masks=(MASK,))


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (ALLOWED, False),
        (DENIED, True),
        (Decision(DecisionKind.HOLD, ("bulk",), hold=HOLD), False),
    ],
)
def test_a_denial_is_what_was_denied(decision: Decision, *, expected: bool) -> None:
    """What is held may be allowed yet."""
    assert expected is decision.is_denial


def test_a_denial_of_what_was_to_go_on_names_the_rules_of_both() -> None:
    """Each once."""
    partly = Decision(DecisionKind.DENY, ("a", "b"), bytes(32))
    expected = Decision(DecisionKind.DENY, ("a", "b", "c"), bytes(32))

    assert expected == partly.denying(Decision(DecisionKind.HOLD, ("b", "c"), hold=HOLD))
