"""A request and people, for tests."""

from __future__ import annotations

from gateway.approval.asked import Asked, GrantKind, Person, Terms
from gateway.approval.vote import Reviewer

ISSUER = "https://id.example"
MINUTE = 60_000_000_000
NOW = 1_800_000_000_000_000_000

ANNA = Person(issuer="gateway:main", subject="anna")


def reviewer(subject: str) -> Reviewer:
    """Make a reviewer of the group security."""
    return Reviewer(
        person=Person(issuer=ISSUER, subject=subject),
        groups=("security",),
        auth_time=1_799_999_999,
        token_hash="ab" * 32,
    )


SINGLE = Asked(
    asker=ANNA,
    terms=Terms(rule_id="bulk", reviewers=2, reviewer_groups=("security",), minutes=60),
    api="FETCH",
    topics=("customers",),
    parameters={"offset": 7},
    shown={"offset": 7},
)
TIME_BOX = Asked(
    asker=ANNA,
    terms=Terms(
        rule_id="bulk", kind=GrantKind.TIME_BOX, minutes=60, records_max=100, bytes_max=1000
    ),
    api="FETCH",
    topics=("customers",),
    parameters={"offset": 7},
)


def person(subject: str, *groups: str) -> Reviewer:
    """Make a verified person of some groups, who may also log in at a listener by that name."""
    return Reviewer(
        person=Person(issuer=ISSUER, subject=subject),
        groups=groups,
        names=frozenset({subject}),
        token_hash="ab" * 32,
    )
