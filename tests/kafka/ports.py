"""Ports for servers that must come back on the same port."""

from __future__ import annotations

import random
import socket

# Below the range that Linux, macOS and Windows take for outgoing connections: a client that keeps
# trying a closed port of that range may be given the very same port and connect to itself.
FIRST, LAST = 15_000, 31_000


def free_ports(count: int, *, host: str = "127.0.0.1") -> int:
    """Find the first of several neighbouring ports that are free now."""
    # Not the seeded generator of the tests: two test processes must not try the same ports.
    chance = random.SystemRandom()
    while True:
        first = chance.randrange(FIRST, LAST - count)
        if all(_is_free(host, first + n) for n in range(count)):
            return first


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
