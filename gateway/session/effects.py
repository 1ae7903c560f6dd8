"""What a session wants done: the shell performs these strictly in the order of the list.

Everything recorded earlier, in this list or before, must stand in the journal before a later send
of the list is performed (write-ahead).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.approval.asked import Asked
    from gateway.evidence.event import Event
    from gateway.identity.mechanism import Credentials


@dataclass(frozen=True, slots=True)
class Record:
    """Append the event to the journal."""

    event: Event


@dataclass(frozen=True, slots=True)
class ConnectBroker:
    """Open the connection to the broker; answered by BrokerConnected or BrokerFailed."""


@dataclass(frozen=True, slots=True)
class SendClient:
    """Write whole frames to the client; a failure shows as ClientLost."""

    data: bytes


@dataclass(frozen=True, slots=True)
class SendBroker:
    """Write whole frames to the broker; only after BrokerConnected."""

    data: bytes


@dataclass(frozen=True, slots=True)
class CloseClient:
    """Flush what was sent, then close the client's connection; the reason is for the log."""

    reason: str


@dataclass(frozen=True, slots=True)
class CloseBroker:
    """Close the broker's connection, or give up connecting."""


@dataclass(frozen=True, slots=True)
class ShutdownBrokerWrite:
    """Flush what was sent, then end the sending side towards the broker; reading goes on."""


@dataclass(frozen=True, slots=True)
class CheckCredentials:
    """Check a password or a token where nobody waits for it; answered by CredentialsChecked."""

    credentials: Credentials


@dataclass(frozen=True, slots=True)
class ResolveTopics:
    """Ask the cluster for the names of topic ids; answered by TopicsResolved, even when empty."""

    topic_ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AskApproval:
    """Ask people about a held request; answered by ApprovalAnswered for the same exchange."""

    exchange: int
    asked: Asked


@dataclass(frozen=True, slots=True)
class StopAsking:
    """Nobody waits for the approval of this exchange any more."""

    exchange: int


@dataclass(frozen=True, slots=True)
class ChargeGrant:
    """Count what is about to be delivered; answered by GrantCharged for the same exchange."""

    exchange: int
    request_id: str
    record_count: int
    byte_count: int


@dataclass(frozen=True, slots=True)
class PrepareLogin:
    """Ask for what a new login at the broker takes; answered by LoginPrepared."""


Effect = (
    Record
    | ConnectBroker
    | SendClient
    | SendBroker
    | CloseClient
    | CloseBroker
    | ShutdownBrokerWrite
    | CheckCredentials
    | ResolveTopics
    | AskApproval
    | StopAsking
    | ChargeGrant
    | PrepareLogin
)
