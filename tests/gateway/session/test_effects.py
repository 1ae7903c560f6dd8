"""Effects say what to do, and not what is secret."""

from __future__ import annotations

from gateway.session.effects import CheckPassword


def test_a_password_does_not_show() -> None:
    """Effects may be logged while debugging."""
    assert "CheckPassword(username='alice')" == repr(CheckPassword("alice", "s3cret"))
