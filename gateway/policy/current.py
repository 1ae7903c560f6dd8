"""The policy in force, which may be another one at the next request."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.policy.engine import Policy


@dataclass(slots=True)
class CurrentPolicy:
    """Held by all sessions; whoever loads a new policy puts it here."""

    policy: Policy = field(default_factory=Policy)
