"""A decision is a kind and the rules behind it."""

from __future__ import annotations

import pytest

from gateway.policy.decision import ALLOWED, DENIED, Decision, DecisionKind


def test_the_kinds_are_the_words_of_the_evidence() -> None:
    """Readers of an archive look for them."""
    assert ["allow", "mask", "hold", "deny"] == [kind.value for kind in DecisionKind]


def test_nothing_is_allowed_by_a_rule() -> None:
    """Where a rule spoke, "allow" would be a lie."""
    with pytest.raises(AssertionError, match="a rule spoke"):
        Decision(DecisionKind.ALLOW, ("no-cards",))


@pytest.mark.parametrize(
    ("decision", "expected"),
    [(ALLOWED, False), (DENIED, True), (Decision(DecisionKind.HOLD, ("bulk",)), False)],
)
def test_a_denial_is_what_was_denied(decision: Decision, *, expected: bool) -> None:
    """What is held may be allowed yet."""
    assert expected is decision.is_denial
