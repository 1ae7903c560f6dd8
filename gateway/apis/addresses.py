"""Where the gateway's own listeners stand in for brokers, and where those brokers really are."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressMap:
    """One listener's port for each node id, fixed by configuration and so stable over restarts.

    The port of a node is `first_port + node_id - first_node_id`; `count` nodes are covered.
    """

    host: str
    first_port: int
    first_node_id: int
    count: int

    def address_of(self, node_id: int) -> tuple[str, int] | None:
        """Tell the address at which clients reach a node through the gateway.

        None for a node outside the range: passing the broker's own address on instead would let
        clients go around the recorder.
        """
        place = node_id - self.first_node_id
        return (self.host, self.first_port + place) if 0 <= place < self.count else None


@dataclass(slots=True)
class BrokerAddresses:
    """The brokers' real addresses, learned from the answers that pass by."""

    _known: dict[int, tuple[str, int]] = field(default_factory=dict)

    def learn(self, node_id: int, host: str, port: int) -> None:
        """Keep the newest address of a node; an unusable one (empty host, no port) is ignored."""
        if node_id >= 0 and host and port > 0:
            self._known[node_id] = (host, port)

    def address_of(self, node_id: int) -> tuple[str, int] | None:
        """Tell where a node listens, or None while no answer has named it."""
        return self._known.get(node_id)
