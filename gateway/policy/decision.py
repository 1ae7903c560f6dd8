"""What was decided about a request, and by which rules."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.policy.hold_rule import HoldRule
    from gateway.policy.mask_rule import MaskRule


class DecisionKind(StrEnum):
    """What became of a request; the words stand in the `decision` column of the evidence."""

    ALLOW = "allow"
    MASK = "mask"
    HOLD = "hold"
    DENY = "deny"

    @property
    def severity(self) -> int:
        """The rank among others: where several speak, the highest stands."""
        return list(DecisionKind).index(self)


@dataclass(frozen=True, slots=True)
class Decision:
    """A kind, and the ids of all rules behind it, in the rules' order.

    A refused login is a denial without a rule; what is allowed may be so because no rule spoke.
    `masks` are all mask rules that matched, unless the request is denied; `hold` is the strictest
    of the hold rules. `errors` tell why rules could not be evaluated, which denies.
    """

    kind: DecisionKind
    rule_ids: tuple[str, ...] = ()
    bundle_digest: bytes | None = None
    masks: tuple[MaskRule, ...] = ()
    hold: HoldRule | None = None
    errors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Hold the kind and the rest together."""
        assert bool(self.hold) == (self.kind is DecisionKind.HOLD), "what is held waits for someone"
        is_masked = self.kind in {DecisionKind.MASK, DecisionKind.HOLD}
        assert bool(self.masks) <= is_masked, "only what goes on is masked"

    @property
    def is_denial(self) -> bool:
        """Whether the request, or a part of it, was refused."""
        return self.kind is DecisionKind.DENY

    def denying(self, other: Decision) -> Decision:
        """Return a denial by the rules of both: what another let go on could not be done."""
        rule_ids = tuple(dict.fromkeys((*self.rule_ids, *other.rule_ids)))
        return Decision(DecisionKind.DENY, rule_ids, self.bundle_digest, errors=self.errors)


ALLOWED = Decision(DecisionKind.ALLOW)
DENIED = Decision(DecisionKind.DENY)
"""By no rule of the configuration's: a login that failed."""
