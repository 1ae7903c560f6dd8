"""The levels: a ladder, of which each rung includes those before it."""

from __future__ import annotations

from gateway.server.level import Level


def test_less_is_let_from_rung_to_rung() -> None:
    """The worst of several gates is the highest."""
    rungs = [Level.OPEN, Level.WARNED, Level.NO_SESSIONS, Level.NO_CHANGES, Level.STOPPED]

    assert rungs == sorted(Level)
