"""The `forbid` rules: a request that matches one is refused and never forwarded."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from gateway.policy.decision import ALLOWED, Decision, DecisionKind
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class ForbidRule:
    """One refusal: any of the APIs, by any of the principals, on any of the topics.

    `topics` and `principals` are case-sensitive globs; left out (None) they match everything. A
    principal is matched by its subject.
    """

    id: str
    apis: frozenset[ApiKey]
    topics: tuple[str, ...] | None = None
    principals: tuple[str, ...] | None = None

    def matches(self, api_key: int, subject: str | None, topics: Iterable[str] | None) -> bool:
        """Say whether a request falls under this rule; None for topics means all of the cluster's.

        A request on all topics matches every topic rule: its answer could hold any of them.
        """
        if api_key not in self.apis:
            return False
        if self.principals is not None and not _any_matches(self.principals, (subject or "",)):
            return False
        return self.topics is None or topics is None or _any_matches(self.topics, topics)


class Policy:
    """The rules of one listener, asked about one request at a time."""

    __slots__ = ("_rules",)

    def __init__(self, rules: tuple[ForbidRule, ...]) -> None:
        self._rules = rules

    def speaks_of(self, api_key: int) -> bool:
        """Say whether there is a rule about an API; if not, its requests need no closer look."""
        return any(api_key in rule.apis for rule in self._rules)

    def decide(self, api_key: int, subject: str | None, topics: Iterable[str] | None) -> Decision:
        """Decide about a request; None for topics means that it may be about any."""
        named = None if topics is None else tuple(topics)
        rule_ids = tuple(rule.id for rule in self._rules if rule.matches(api_key, subject, named))
        return Decision(DecisionKind.DENY, rule_ids) if rule_ids else ALLOWED

    def hides(self, subject: str | None, topic: str) -> bool:
        """Say whether Metadata may not tell a principal of a topic."""
        return self.decide(ApiKey.METADATA, subject, (topic,)).is_denial


def _any_matches(globs: Iterable[str], texts: Iterable[str]) -> bool:
    return any(fnmatchcase(text, glob) for text in texts for glob in globs)
