"""What a verified person may do with a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.approval.vote import Reviewer
    from gateway.approvals.options import ReviewerOptions
    from gateway.approvals.store import Row


class Roles:
    """Reads roles off groups; whoever is in no group sees and cancels their own requests."""

    def __init__(self, options: ReviewerOptions) -> None:
        self._options = options

    def reviews(self, person: Reviewer) -> bool:
        """Say whether somebody is a reviewer at all; a request may ask for more."""
        return _is_in(person, self._options.reviewer_groups)

    def sees_all(self, person: Reviewer) -> bool:
        """Say whether somebody sees the requests of others."""
        everybody = (*self._options.auditor_groups, *self._options.break_glass_groups)
        return self.reviews(person) or _is_in(person, everybody)

    def breaks_glass(self, person: Reviewer) -> bool:
        """Say whether somebody may approve alone in an emergency, also what they asked for."""
        return _is_in(person, self._options.break_glass_groups)

    def owns(self, person: Reviewer, row: Row) -> bool:
        """Say whether somebody asked for this."""
        own = {person.person.subject} if row["issuer"] == person.person.issuer else person.names
        return row["subject"] in own

    def sees(self, person: Reviewer, row: Row) -> bool:
        """Say whether somebody may read a request."""
        return self.sees_all(person) or self.owns(person, row)


def _is_in(person: Reviewer, groups: tuple[str, ...]) -> bool:
    return not set(groups).isdisjoint(person.groups)
