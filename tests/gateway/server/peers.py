"""What the tests of the server share: a configuration, a worker in this loop, and bare clients."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from gateway.config.model import Config, Limits, Listener, NoAuthentication, Nodes, Upstream

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NODE_COUNT = 2


def free_ports(count: int) -> int:
    """Find the first of several neighbouring ports that are free now."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            first: int = probe.getsockname()[1]
        if first + count < 65_536 and all(is_free(first + n) for n in range(count)):
            return first


def is_free(port: int) -> bool:
    """Tell whether a port can be bound."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def config_for(folder: Path, *, upstream: Iterable[int], **limits: int) -> Config:
    """Make a configuration on free ports with one open listener and node ids 0 and 1."""
    port = free_ports(1 + NODE_COUNT)
    return Config(
        instance="test",
        archive=folder / "archive",
        journal=folder / "journal",
        upstream=Upstream(
            bootstrap=tuple(f"127.0.0.1:{number}" for number in upstream),
            connect_timeout_ms=500,
            request_timeout_ms=300,
        ),
        listeners=(
            Listener(
                name="clients",
                port=port,
                nodes=Nodes(first_port=port + 1, count=NODE_COUNT),
                authentication=NoAuthentication(type="none"),
            ),
        ),
        limits=Limits(**limits),
    )
