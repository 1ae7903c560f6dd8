"""What the cases of a bundle show about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.config.trials_made import trial_of
from gateway.policy.trial import survivors, unreached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.config.bundle_load import LoadedBundle
    from gateway.policy.trial import Mutant


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The failed cases with what was decided, rules without a case, and changes that none notices.

    Changes are looked for only when no case fails.
    """

    case_count: int
    rule_count: int
    failures: tuple[str, ...]
    unreached: tuple[str, ...]
    survivors: tuple[Mutant, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every case holds and every rule is held by one."""
        return not (self.failures or self.unreached or self.survivors)

    def lines(self) -> Iterator[str]:
        """Say it, one fact a line."""
        yield from (f"failed: {failure}" for failure in self.failures)
        for rule_id in self.unreached:
            yield f"no case: rule {rule_id} is behind no decision: add a case that it decides"
        for each in self.survivors:
            yield f"not noticed: rule {each.rule_id}, {each.change}: add a case that tells"
        reached = self.rule_count - len(self.unreached)
        yield (
            f"{self.case_count} cases, {len(self.failures)} failed; "
            f"{reached} of {self.rule_count} rules have a case; "
            f"{len(self.survivors)} changes not noticed"
        )


def rehearse(loaded: LoadedBundle) -> Outcome:
    """Try a policy, and broken ones beside it, on the cases of its bundle."""
    trials = [trial_of(case) for case in loaded.cases]
    policy = loaded.policy
    failures = []
    for trial in trials:
        decision = policy.decide(trial.request)
        if not trial.fits(decision):
            rules = ", ".join(decision.rule_ids) or "no rule"
            failures.append(f"{trial.name}: {decision.kind} by {rules}, not {trial.expected}")
    missing = unreached(policy, trials)
    return Outcome(
        case_count=len(trials),
        rule_count=len(policy.rules),
        failures=tuple(failures),
        unreached=tuple(missing),
        # A rule without a case is told of once.
        survivors=()
        if failures
        else tuple(each for each in survivors(policy, trials) if each.rule_id not in missing),
    )
