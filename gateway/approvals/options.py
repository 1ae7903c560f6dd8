"""What the configuration says about approvals."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewerOptions:
    """Who vouches for reviewers, and which of their groups may do what.

    `name_claims` are claims of a token with other names of the person, so that nobody passes for
    two. `jwks` is where the issuer's keys are: an address.
    """

    issuer: str
    audience: str
    jwks: str
    groups_claim: str = "groups"
    name_claims: tuple[str, ...] = ("preferred_username", "email")
    reviewer_groups: tuple[str, ...] = ()
    auditor_groups: tuple[str, ...] = ()
    break_glass_groups: tuple[str, ...] = ()
