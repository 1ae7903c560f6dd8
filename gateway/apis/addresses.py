"""Where the gateway's own listeners stand in for brokers, and where those brokers really are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

NODE_ID = "{node_id}"
NODE_ID_MAX = 2**31 - 1


class Addresses(Protocol):
    """Where clients of one listener reach the cluster's nodes."""

    def address_of(self, node_id: int) -> tuple[str, int] | None:
        """Tell the address at which clients reach a node, None for one that has none."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAddresses:
    """One port for all nodes, which are told apart by the name that a client asks for in TLS.

    `names` holds `{node_id}` once; `bootstrap` is the name that stands for no node.
    """

    names: str
    bootstrap: str
    port: int

    def address_of(self, node_id: int) -> tuple[str, int] | None:
        """Tell the name and port of a node."""
        return (self.names.replace(NODE_ID, str(node_id)), self.port) if node_id >= 0 else None

    def is_known(self, name: str | None) -> bool:
        """Tell whether a name that a client asks for is the bootstrap's or a node's."""
        return name is not None and (
            name.casefold() == self.bootstrap.casefold() or self.node_of(name) is not None
        )

    def node_of(self, name: str) -> int | None:
        """Tell which node a name stands for."""
        before, _, behind = self.names.casefold().partition(NODE_ID)
        asked = name.casefold()
        number = asked[len(before) : len(asked) - len(behind)]
        if not (number.isascii() and number.isdigit()) or len(number) > len(str(NODE_ID_MAX)):
            return None
        # One name for each node: neither 01 nor 1 with something around it.
        is_written_so = asked == f"{before}{int(number)}{behind}" and int(number) <= NODE_ID_MAX
        return int(number) if is_written_so else None


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
