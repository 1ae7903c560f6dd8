"""The `forbid` rules: a request that matches one is refused and never forwarded."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.wire.api_keys import ApiKey


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


def forbidden_by(
    rules: Sequence[ForbidRule], api_key: int, subject: str | None, topics: Iterable[str] | None
) -> tuple[str, ...]:
    """List the ids of all rules that forbid a request, in the rules' order; empty when allowed."""
    named = None if topics is None else tuple(topics)
    return tuple(rule.id for rule in rules if rule.matches(api_key, subject, named))


def _any_matches(globs: Iterable[str], texts: Iterable[str]) -> bool:
    return any(fnmatchcase(text, glob) for text in texts for glob in globs)
