"""A denial fits whom it names, and nobody else."""

from __future__ import annotations

import pytest

from gateway.identity.denials import Denial, DenyList
from gateway.identity.principal import Principal

ALICE = Principal(issuer="https://idp", subject="alice")


@pytest.mark.parametrize(
    ("denial", "expected"),
    [
        (Denial(subject="alice"), True),
        (Denial(issuer="https://idp", subject="alice"), True),
        (Denial(issuer="https://other", subject="alice"), False),
        (Denial(subject="Alice"), False),
        (Denial(jti="t-1"), True),
        (Denial(jti="t-2"), False),
        (Denial(issuer="https://idp", jti="t-1"), True),
        (Denial(subject="bob", jti="t-1"), False),
        (Denial(subject="alice", jti="t-1"), True),
        (Denial(subject="alice", jti="t-2"), False),
    ],
)
def test_all_that_a_denial_says_must_fit(denial: Denial, *, expected: bool) -> None:
    """What it leaves open fits everybody."""
    found = DenyList([Denial(subject="nobody"), denial]).find(ALICE, "t-1")

    assert (denial if expected else None) == found


def test_other_denials_are_in_force_at_once() -> None:
    """The list is the same, so that sessions under way see it."""
    denials = DenyList([Denial(subject="alice")])
    denials.replace([])

    assert denials.find(ALICE, None) is None
