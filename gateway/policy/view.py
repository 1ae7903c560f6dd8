"""One request under the policy that it began with, for questions that come with its answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.policy.decision import Decision
    from gateway.policy.engine import Policy
    from gateway.policy.request import AccessRequest


@dataclass(frozen=True, slots=True)
class View:
    """A policy and a request, asked about topics that the request itself may not name."""

    policy: Policy
    request: AccessRequest

    def decide(self, topics: Iterable[str]) -> Decision:
        """Decide about the request as if it named these topics."""
        return self.policy.decide(replace(self.request, topics=frozenset(topics)))

    def decide_about(self, topics: Iterable[str | None]) -> Decision:
        """Decide about the topics of an answer; one whose name is not known may be any."""
        named = frozenset(topics)
        if None in named:
            return self.policy.decide(replace(self.request, topics=None))
        return self.decide(topic for topic in named if topic is not None)

    def hides(self, topic: str) -> bool:
        """Say whether the answer may not tell of a topic."""
        return self.decide((topic,)).is_denial
