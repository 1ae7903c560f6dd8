"""What was decided about a request, and by which rules."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DecisionKind(StrEnum):
    """What became of a request; the words stand in the `decision` column of the evidence."""

    ALLOW = "allow"
    MASK = "mask"
    HOLD = "hold"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Decision:
    """A kind, and the ids of all rules behind it, in the rules' order.

    A refused login is a denial without a rule; what is allowed is so because no rule spoke.
    """

    kind: DecisionKind
    rule_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Hold kind and rules together."""
        is_allowed = self.kind is DecisionKind.ALLOW
        assert not (is_allowed and self.rule_ids), "where a rule spoke, something was not allowed"

    @property
    def is_denial(self) -> bool:
        """Whether the request, or a part of it, was refused."""
        return self.kind is DecisionKind.DENY


ALLOWED = Decision(DecisionKind.ALLOW)
DENIED = Decision(DecisionKind.DENY)
"""By no rule of the configuration's: a login that failed."""
