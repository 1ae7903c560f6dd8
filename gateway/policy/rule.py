"""One rule of a policy: which requests it is about, and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.policy.decision import DecisionKind

if TYPE_CHECKING:
    from gateway.policy.api_class import ApiClass
    from gateway.policy.hold_rule import HoldRule
    from gateway.policy.mask_rule import MaskRule
    from gateway.policy.selection import Names, Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A selection of requests with its effect, and what that effect needs to know."""

    id: str
    effect: DecisionKind
    selection: Selection
    mask: MaskRule | None = None
    hold: HoldRule | None = None

    def __post_init__(self) -> None:
        """Hold the effect and the rest together."""
        assert bool(self.mask) == (self.effect is DecisionKind.MASK), "who masks says what"
        assert bool(self.hold) == (self.effect is DecisionKind.HOLD), "who holds says for whom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """What holds on some listeners where no rule speaks of a request: denial, or not."""

    listeners: Names | None = None
    denied: frozenset[ApiClass] = frozenset()

    def is_about(self, listener: str) -> bool:
        """Say whether a listener is among those."""
        return self.listeners is None or self.listeners.match(listener)

    def denies(self, api_class: ApiClass) -> bool:
        """Say whether requests of a class are denied."""
        return api_class in self.denied
