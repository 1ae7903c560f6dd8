"""The table of states."""

from __future__ import annotations

import pytest

from gateway.approval.state import MOVES, OPEN, State, may_follow

TERMINAL = sorted(set(State) - set(MOVES))

ALLOWED = {
    ("pending", "approved"),
    ("pending", "denied"),
    ("pending", "expired"),
    ("pending", "cancelled"),
    ("approved", "consumed"),
    ("approved", "revoked"),
    ("approved", "expired"),
}


def test_the_moves_are_these_and_no_others() -> None:
    """Of all pairs of states seven may follow each other."""
    found = {(old.value, new.value) for old in State for new in State if may_follow(old, new)}

    assert ALLOWED == found


@pytest.mark.parametrize("state", TERMINAL)
def test_a_terminal_state_never_changes(state: State) -> None:
    """What was denied, expired, cancelled, consumed or revoked stays so."""
    assert not any(may_follow(state, new) for new in State)


def test_what_can_change_is_open() -> None:
    """Pending and approved requests are open."""
    assert (State.PENDING, State.APPROVED) == OPEN
