"""Effects say what to do, and not what is secret."""

from __future__ import annotations

from gateway.identity.mechanism import Password
from gateway.session.effects import CheckCredentials


def test_a_password_does_not_show() -> None:
    """Effects may be logged while debugging."""
    assert "CheckCredentials(credentials=Password(username='alice'))" == repr(
        CheckCredentials(Password("alice", "s3cret"))
    )
