"""The states of a request for approval, and which may follow which."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a request stands; the words stand in the table, the API and the evidence."""

    PENDING = "pending"
    APPROVED = "approved"
    """Enough reviewers said yes, or somebody broke the glass; it can be used."""
    DENIED = "denied"
    EXPIRED = "expired"
    """Nobody decided in time, or nobody used in time what was approved."""
    CANCELLED = "cancelled"
    """Who asked wants it no more."""
    CONSUMED = "consumed"
    """Used: once, or up to the limits of its grant."""
    REVOKED = "revoked"


MOVES: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.APPROVED, State.DENIED, State.EXPIRED, State.CANCELLED}),
    State.APPROVED: frozenset({State.CONSUMED, State.REVOKED, State.EXPIRED}),
}
"""What may follow each state; what is not here is terminal and stays as it is for ever."""

OPEN = tuple(MOVES)
"""The states in which a request can still change."""


def may_follow(old: State, new: State) -> bool:
    """Say whether a request may go from one state to another."""
    return new in MOVES.get(old, ())
