"""Who may vote on a request, and what the votes come to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from gateway.approval.state import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.approval.asked import Person


class Verdict(StrEnum):
    """What a reviewer says."""

    APPROVE = "approve"
    DENY = "deny"


class VoteRefusedError(Exception):
    """A vote that does not count; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """A verified person in front of a request.

    `names` are other names that the issuer gives them, such as a user name or an address of
    e-mail: what a client logged in as may be one of these.
    """

    person: Person
    groups: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    auth_time: int | None = None
    token_hash: str | None = None

    def is_same(self, asker: Person) -> bool:
        """Say whether this may be the one who asked.

        The gateway vouches for the users of a listener, an identity provider for the reviewers:
        the same subject under two issuers counts as one person here, as refusing is safe.
        """
        return asker.subject == self.person.subject or asker.subject in self.names


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one reviewer said about a digest."""

    reviewer: Person
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A request as far as votes go."""

    asker: Person
    digest: str
    state: State
    reviewers: int
    reviewer_groups: tuple[str, ...]
    votes: Sequence[Vote]


def take_vote(poll: Poll, reviewer: Reviewer, verdict: Verdict, digest: str) -> State:
    """Say what a request becomes with one more vote; nobody is exempt from a rule.

    Raises VoteRefusedError for a vote that must not count.
    """
    if poll.state is not State.PENDING:
        raise VoteRefusedError(f"the request is {poll.state}: nothing is left to vote on")
    if digest != poll.digest:
        raise VoteRefusedError("the vote is about another request than this one: read it again")
    if reviewer.is_same(poll.asker):
        raise VoteRefusedError("nobody decides about their own request")
    if poll.reviewer_groups and not set(poll.reviewer_groups) & set(reviewer.groups):
        raise VoteRefusedError(f"reviewers must be in one of: {', '.join(poll.reviewer_groups)}")
    if any(vote.reviewer == reviewer.person for vote in poll.votes):
        raise VoteRefusedError("you have voted: a vote is not changed")
    return _outcome(poll.reviewers, (*poll.votes, Vote(reviewer=reviewer.person, verdict=verdict)))


def _outcome(reviewers: int, votes: Sequence[Vote]) -> State:
    """Say what the votes come to: one no is enough, a yes counts once for each person."""
    if any(vote.verdict is Verdict.DENY for vote in votes):
        return State.DENIED
    agreed = {vote.reviewer for vote in votes}
    return State.APPROVED if len(agreed) >= reviewers else State.PENDING
