"""Who may vote, and what votes come to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.approval.asked import Person
from gateway.approval.state import State
from gateway.approval.vote import (
    Poll,
    Reviewer,
    Verdict,
    Vote,
    VoteRefusedError,
    take_vote,
)

ANNA = Person(issuer="https://id", subject="anna")
BEN = Person(issuer="https://id", subject="ben")
CARA = Person(issuer="https://id", subject="cara")
POLL = Poll(
    asker=ANNA,
    digest="d1",
    state=State.PENDING,
    reviewers=2,
    reviewer_groups=("security", "privacy"),
    votes=(),
)
SECURITY = ("staff", "security")


def _yes(person: Person) -> Vote:
    return Vote(reviewer=person, verdict=Verdict.APPROVE)


def test_a_reviewer_of_one_of_the_groups_may_vote() -> None:
    """Nothing else is asked of them; the other reviewer is still missing."""
    reviewer = Reviewer(person=BEN, groups=SECURITY)

    assert State.PENDING == take_vote(POLL, reviewer, Verdict.APPROVE, "d1")


def test_without_groups_any_reviewer_may_vote() -> None:
    """The rule left it to the gateway."""
    poll = replace(POLL, reviewer_groups=())

    assert State.PENDING == take_vote(poll, Reviewer(person=BEN), Verdict.APPROVE, "d1")


REFUSED = {
    "own request": (POLL, Reviewer(person=ANNA, groups=SECURITY), "d1", "own request"),
    "own request, as an administrator": (
        POLL,
        Reviewer(person=ANNA, groups=(*SECURITY, "admins")),
        "d1",
        "own request",
    ),
    "own request, logged in at the gateway": (
        replace(POLL, asker=Person(issuer="gateway:main", subject="anna")),
        Reviewer(person=ANNA, groups=SECURITY),
        "d1",
        "own request",
    ),
    "own request, under a user name": (
        replace(POLL, asker=Person(issuer="gateway:main", subject="anna.b")),
        Reviewer(person=ANNA, groups=SECURITY, names=frozenset({"anna.b"})),
        "d1",
        "own request",
    ),
    "another digest": (POLL, Reviewer(person=BEN, groups=SECURITY), "d2", "another request"),
    "no group": (POLL, Reviewer(person=BEN, groups=("staff",)), "d1", "one of: security, privacy"),
    "voted before": (
        replace(POLL, votes=(_yes(BEN),)),
        Reviewer(person=BEN, groups=("privacy",)),
        "d1",
        "you have voted",
    ),
    "decided": (
        replace(POLL, state=State.DENIED),
        Reviewer(person=BEN, groups=SECURITY),
        "d1",
        "is denied",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_vote_is_refused(case: str) -> None:
    """Each rule stands for itself."""
    poll, reviewer, digest, text = REFUSED[case]

    with pytest.raises(VoteRefusedError, match=text):
        take_vote(poll, reviewer, Verdict.APPROVE, digest)


@pytest.mark.parametrize(
    ("state", "votes", "verdict"),
    [
        (State.PENDING, [], Verdict.APPROVE),
        (State.APPROVED, [_yes(CARA)], Verdict.APPROVE),
        (State.APPROVED, [_yes(replace(BEN, issuer="https://other"))], Verdict.APPROVE),
        (State.DENIED, [], Verdict.DENY),
        (State.DENIED, [_yes(CARA)], Verdict.DENY),
    ],
)
def test_two_must_agree_and_nobody_may_object(
    state: State, votes: list[Vote], verdict: Verdict
) -> None:
    """A person counts once, by issuer and subject, and one no is enough."""
    reviewer = Reviewer(person=BEN, groups=SECURITY)

    assert state == take_vote(replace(POLL, votes=votes), reviewer, verdict, "d1")
