"""A principal is an issuer and a subject."""

from __future__ import annotations

from gateway.identity.principal import ANONYMOUS, Principal


def test_the_same_subject_of_another_issuer_is_somebody_else() -> None:
    """Two listeners may each have an alice; they are not one."""
    assert Principal(issuer="gateway:a", subject="alice") != Principal(
        issuer="gateway:b", subject="alice"
    )


def test_anonymous_has_no_issuer_that_vouches() -> None:
    """Kafka's word for everybody, and an issuer that says that nobody was asked."""
    assert Principal(issuer="none", subject="ANONYMOUS") == ANONYMOUS
