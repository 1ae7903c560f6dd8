"""What groups allow, and whose requests are whose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.approvals.options import ReviewerOptions
from gateway.approvals.role import Roles
from tests.gateway.approvals.samples import ISSUER, person

ROLES = Roles(
    ReviewerOptions(
        issuer=ISSUER,
        audience="approvals",
        jwks="https://id.example/jwks",
        reviewer_groups=("security",),
        auditor_groups=("audit",),
        break_glass_groups=("emergency",),
    )
)


@pytest.mark.parametrize(
    ("group", "allowed"),
    [
        ("security", (True, True, False)),
        ("audit", (False, True, False)),
        ("emergency", (False, True, True)),
        ("other", (False, False, False)),
    ],
)
def test_a_group_allows_what_it_is_for(group: str, allowed: tuple[bool, bool, bool]) -> None:
    """Review, see all, break the glass."""
    who = person("ben", group)

    assert allowed == (ROLES.reviews(who), ROLES.sees_all(who), ROLES.breaks_glass(who))


def test_a_request_is_known_by_subject_at_the_same_issuer() -> None:
    """A name to show is no identity there."""
    row = {"issuer": ISSUER, "subject": "anna"}

    assert ROLES.owns(person("anna"), row)
    assert not ROLES.owns(replace(person("ben"), names=frozenset({"anna"})), row)


def test_a_request_of_a_listeners_user_is_known_by_a_name_of_theirs() -> None:
    """The gateway checked that user's password, the provider vouches for the name."""
    row = {"issuer": "gateway:main", "subject": "anna"}

    assert ROLES.sees(replace(person("1234"), names=frozenset({"anna"})), row)
    assert not ROLES.sees(person("1234"), row)
