"""A request's peer is "host:port"."""

from __future__ import annotations

import pytest

from gateway.policy.request import host_of


@pytest.mark.parametrize(
    ("peer", "expected"), [("10.0.0.7:40", "10.0.0.7"), ("[fd00::7]:40", "fd00::7"), ("?", "")]
)
def test_the_host_of_a_peer_has_no_brackets(peer: str, expected: str) -> None:
    """What cannot be known is nothing."""
    assert expected == host_of(peer)
