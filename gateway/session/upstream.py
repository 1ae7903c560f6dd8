"""The session's connection to its broker, made when the first request needs it."""

from __future__ import annotations

from enum import Enum

from gateway.session.effects import ConnectBroker, Effect, SendBroker


class Standing(Enum):
    """How far the connection is."""

    ABSENT = "absent"
    CONNECTING = "connecting"
    CONNECTED = "connected"


class Upstream:
    """Sends to the broker, or holds what must be sent until the connection stands."""

    __slots__ = ("_held", "held_bytes", "sent_bytes", "standing")

    def __init__(self) -> None:
        self.standing = Standing.ABSENT
        self._held: list[bytes] = []
        self.held_bytes = 0
        self.sent_bytes = 0

    def send(self, data: bytes) -> list[Effect]:
        """Send a whole frame now or later; the first one asks for the connection."""
        assert data, "a frame has its size, if nothing else"
        if self.standing is Standing.CONNECTED:
            self.sent_bytes += len(data)
            return [SendBroker(data)]
        self._held.append(data)
        self.held_bytes += len(data)
        if self.standing is Standing.CONNECTING:
            return []
        self.standing = Standing.CONNECTING
        return [ConnectBroker()]

    def connected(self) -> list[Effect]:
        """Send what was held."""
        assert self.standing is not Standing.CONNECTED or not self._held, "nothing was held back"
        assert self.held_bytes == sum(map(len, self._held)), "what is held is counted"
        self.standing = Standing.CONNECTED
        effects: list[Effect] = [SendBroker(data) for data in self._held]
        self.sent_bytes += self.held_bytes
        self._held = []
        self.held_bytes = 0
        return effects
