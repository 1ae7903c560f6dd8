"""A principal is an issuer and a subject."""

from __future__ import annotations

import pytest

from gateway.identity.principal import ANONYMOUS, Principal


def test_the_same_subject_of_another_issuer_is_somebody_else() -> None:
    """Two listeners may each have an alice; they are not one."""
    assert Principal(issuer="gateway:a", subject="alice") != Principal(
        issuer="gateway:b", subject="alice"
    )


def test_anonymous_has_no_issuer_that_vouches() -> None:
    """Kafka's word for everybody, and an issuer that says that nobody was asked."""
    assert Principal(issuer="none", subject="ANONYMOUS") == ANONYMOUS


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (Principal(issuer="i", subject="s", groups=("new",)), True),
        (Principal(issuer="j", subject="s"), False),
        (Principal(issuer="i", subject="t"), False),
    ],
)
def test_who_a_principal_is_does_not_depend_on_its_groups(
    other: Principal, *, expected: bool
) -> None:
    """They may change while it is connected."""
    assert Principal(issuer="i", subject="s").is_same(other) == expected
