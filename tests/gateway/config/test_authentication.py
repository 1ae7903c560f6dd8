"""Which keys a listener's authentication takes depends on its type."""

from __future__ import annotations

import pytest

from gateway.config.authentication import NoAuthentication, authentication_type


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"type": "plain"}, "plain"),
        ({"type": "none", "users": []}, "none"),
        ({"type": "Plain"}, "plain"),
        ({"users": []}, "plain"),
        ({"allow_plaintext": True, "type": 7}, "plain"),
        ({}, "none"),
        (NoAuthentication(type="none"), "none"),
    ],
)
def test_a_type_that_is_wrong_is_guessed(written: object, expected: str) -> None:
    """So that the other keys are told about as what they were meant to be."""
    assert expected == authentication_type(written)
