"""The cost of decisions is measured on rules that none of the requests matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.policy import REQUEST, all_looked_at, conditions, few, microseconds
from gateway.policy.decision import DecisionKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.policy.engine import Policy


@pytest.mark.parametrize("make", [few, all_looked_at, conditions])
def test_a_policy_has_so_many_rules_and_allows(make: Callable[[int], Policy]) -> None:
    """A denial would be found before all were looked at."""
    policy = make(20)

    assert 20 == len(policy.rules)
    assert DecisionKind.ALLOW is policy.decide(REQUEST).kind
    assert microseconds(policy, 0.01) > 0
