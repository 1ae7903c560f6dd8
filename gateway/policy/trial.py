"""Trying a policy on cases: which fail, which rules no case reaches, and which none would miss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gateway.policy.decision import DecisionKind
from gateway.policy.engine import Policy
from gateway.policy.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.policy.decision import Decision
    from gateway.policy.request import AccessRequest
    from gateway.policy.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A request, what must become of it, and by which rules (None: by any)."""

    name: str
    request: AccessRequest
    expected: DecisionKind
    rule_ids: frozenset[str] | None = None

    def passes(self, policy: Policy) -> bool:
        """Say whether a policy decides as expected."""
        return self.fits(policy.decide(self.request))

    def fits(self, decision: Decision) -> bool:
        """Say whether a decision is the expected one."""
        is_by_these = self.rule_ids is None or self.rule_ids == frozenset(decision.rule_ids)
        return decision.kind is self.expected and is_by_these


@dataclass(frozen=True, slots=True)
class Mutant:
    """A policy with one rule broken, which some trial should notice."""

    rule_id: str
    change: str
    policy: Policy


def unreached(policy: Policy, trials: Sequence[Trial]) -> list[str]:
    """List the rules that are behind no decision about the trials."""
    reached = {rule_id for each in trials for rule_id in policy.decide(each.request).rule_ids}
    return [rule.id for rule in policy.rules if rule.id not in reached]


def survivors(policy: Policy, trials: Sequence[Trial]) -> list[Mutant]:
    """List the broken policies that no trial tells from the real one."""
    return [
        mutant for mutant in mutants(policy) if all(each.passes(mutant.policy) for each in trials)
    ]


def mutants(policy: Policy) -> Iterator[Mutant]:
    """Yield a policy without each rule, with each rule's effect turned, and with it widened.

    A rule is widened by leaving out one of its parts: what it was meant to leave alone is caught.
    """
    for number, rule in enumerate(policy.rules):
        yield Mutant(rule.id, "removed", _with(policy, number, ()))
        turned = DecisionKind.ALLOW if rule.effect is DecisionKind.DENY else DecisionKind.DENY
        changed = replace(rule, effect=turned, mask=None, hold=None)
        yield Mutant(
            rule.id, f"{turned} instead of {rule.effect}", _with(policy, number, [changed])
        )
        for part in _PARTS:
            if getattr(rule.selection, part) != getattr(_EVERYTHING, part):
                wider = replace(rule.selection, **{part: getattr(_EVERYTHING, part)})
                widened = replace(rule, selection=wider)
                yield Mutant(rule.id, f"without {part}", _with(policy, number, [widened]))


def _with(policy: Policy, number: int, rules: Sequence[Rule]) -> Policy:
    changed = [*policy.rules[:number], *rules, *policy.rules[number + 1 :]]
    return Policy(changed, policy.defaults, digest=policy.digest)


_EVERYTHING = Selection()
_PARTS = tuple(part for part in Selection.__slots__ if part != "apis")
