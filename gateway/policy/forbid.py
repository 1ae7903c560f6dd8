"""The `forbid` rules of a configuration: a short way to write rules that deny."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.policy.decision import DecisionKind
from gateway.policy.patterns import Patterns
from gateway.policy.rule import Rule
from gateway.policy.selection import Names, Principals, Selection

if TYPE_CHECKING:
    from gateway.wire.api_keys import ApiKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ForbidRule:
    """One refusal: any of the APIs, by any of the principals, on any of the topics.

    `topics` and `principals` are patterns; left out (None) they match everything. A principal is
    matched by its subject.
    """

    id: str
    apis: frozenset[ApiKey]
    topics: tuple[str, ...] | None = None
    principals: tuple[str, ...] | None = None

    @property
    def rule(self) -> Rule:
        """The rule that is meant."""
        topics, subjects = self.topics, self.principals
        return Rule(
            id=self.id,
            effect=DecisionKind.DENY,
            selection=Selection(
                apis=frozenset(map(int, self.apis)),
                topics=None if topics is None else Names(included=Patterns(topics)),
                principals=None if subjects is None else Principals(subjects=Patterns(subjects)),
            ),
        )
