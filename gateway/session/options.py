"""What configuration fixes for the sessions of one listener, and who is on one connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.identity.denials import DenyList
from gateway.masking.rules import Plans
from gateway.policy.current import CurrentPolicy

if TYPE_CHECKING:
    from gateway.apis.addresses import Addresses
    from gateway.identity.mechanism import Mechanism
    from gateway.identity.principal import Principal

FRAME_BYTES_MAX = 101 * 1024 * 1024
"""The broker's default socket.request.max.bytes (100 MiB), and room for what stands around records.
"""

UNAUTHENTICATED_FRAME_BYTES_MAX = 512 * 1024
"""The broker's default sasl.server.max.receive.size: a stranger may not fill our memory."""

IN_FLIGHT_MAX = 64
"""Java clients keep 5 requests under way, librdkafka up to 1,000,000 but rarely above 50."""

HOLD_BYTES_MAX = 8 * 1024 * 1024
"""What may wait before the broker's connection stands; the client is not read meanwhile."""

IDLE_MS = 660_000
"""A little above the broker's connections.max.idle.ms (10 minutes), so that the broker decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """One listener's settings; shared by its sessions."""

    listener: str
    addresses: Addresses
    durability: str = "written"
    """What is promised to the listener's clients, for the record; the shell keeps it."""
    mechanisms: tuple[Mechanism, ...] = ()
    """How clients log in, in the order in which they are offered; with none, nobody is asked."""
    denials: DenyList = field(default_factory=DenyList)
    """Who is not let in, nor left in; shared by all sessions, and changed under them."""
    policy: CurrentPolicy = field(default_factory=CurrentPolicy)
    """Shared with whoever replaces the policy in it."""
    plans: Plans = field(default_factory=Plans)
    """How what the policy masks is masked."""
    approves: bool = False
    """Whether requests can be held for people; if not, what a rule would hold is refused."""
    frame_bytes_max: int = FRAME_BYTES_MAX
    unauthenticated_frame_bytes_max: int = UNAUTHENTICATED_FRAME_BYTES_MAX
    in_flight_max: int = IN_FLIGHT_MAX
    hold_bytes_max: int = HOLD_BYTES_MAX
    idle_ms: int = IDLE_MS
    authentication_ms: int = 30_000
    """How long a client may stay unauthenticated; the Java client's own request timeout is 30 s."""
    session_lifetime_ms: int | None = None
    """After this a client must authenticate again (KIP-368); None: never."""
    resolve_ms: int = 3_000
    """How long a request waits for the name of an unknown topic id, then it goes on without one."""
    outcome_ms: int = 30_000
    """How long a client that has gone is outlived by its requests, so that their outcome is known.
    """
    linger_ms: int = 5_000
    """How long the broker gets to take the last bytes of a client that has gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The ends of one client connection: `peer` and `local` as "host:port".

    `node_id` is the node that the port stands for, None on the bootstrap port. `certificate` is the
    client's own in DER, verified; None where it showed none.
    """

    session_id: str
    peer: str
    local: str
    node_id: int | None = None
    certificate: bytes | None = None
    """The client's, in DER, where it showed one that was verified."""
    principal: Principal | None = None
    """Who that certificate says that the client is, where certificates are the login."""
    tls: str | None = None
    """The version and cipher, None without TLS."""
