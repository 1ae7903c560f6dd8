"""What happens to a session: the shell says these one at a time, with their instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.approval.answer import Answer
    from gateway.identity.mechanism import Verdict
    from gateway.session.broker_login import BrokerLogin


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment on both clocks; order comes from the monotonic one."""

    wall_ns: int
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class ClientConnected:
    """The client's connection was accepted; always the first signal, and exactly once."""


@dataclass(frozen=True, slots=True)
class ClientBytes:
    """Bytes arrived from the client; only sent while `Session.reads_client` is true."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ClientEof:
    """The client ended its sending side; it may still take answers."""


@dataclass(frozen=True, slots=True)
class ClientLost:
    """The client's connection is gone: nothing can be sent to it any more."""


@dataclass(frozen=True, slots=True)
class BrokerConnected:
    """The connection asked for by ConnectBroker stands; the login lasts so long, 0 for ever."""

    lifetime_ms: int = 0


@dataclass(frozen=True, slots=True)
class LoginPrepared:
    """The answer to PrepareLogin: a login to be made, None where it cannot be made now."""

    login: BrokerLogin | None


@dataclass(frozen=True, slots=True)
class BrokerFailed:
    """The connection asked for by ConnectBroker could not be made."""

    reason: str


@dataclass(frozen=True, slots=True)
class BrokerBytes:
    """Bytes arrived from the broker."""

    data: bytes


@dataclass(frozen=True, slots=True)
class BrokerEof:
    """The broker ended its sending side, or its connection broke."""


@dataclass(frozen=True, slots=True)
class CredentialsChecked:
    """The answer to CheckCredentials."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class TopicsResolved:
    """The answer to ResolveTopics: names by topic id, unknown ids left out."""

    names: Mapping[bytes, str]


@dataclass(frozen=True, slots=True)
class Drain:
    """The gateway shuts down: answer what is under way, take nothing new, then close."""


@dataclass(frozen=True, slots=True)
class Kill:
    """An operator ends the session; the reason is for the record."""

    reason: str


@dataclass(frozen=True, slots=True)
class Tick:
    """About a second has passed: limits on time are looked at."""


@dataclass(frozen=True, slots=True)
class ChangesRefused:
    """From now on requests that change something are refused for a while, or no longer."""

    is_so: bool


@dataclass(frozen=True, slots=True)
class ApprovalAnswered:
    """The answer to AskApproval."""

    exchange: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class GrantCharged:
    """The answer to ChargeGrant: whether the grant allows this to be delivered."""

    exchange: int
    is_allowed: bool


Signal = (
    ClientConnected
    | ClientBytes
    | ClientEof
    | ClientLost
    | BrokerConnected
    | LoginPrepared
    | BrokerFailed
    | BrokerBytes
    | BrokerEof
    | CredentialsChecked
    | TopicsResolved
    | Drain
    | Kill
    | ChangesRefused
    | ApprovalAnswered
    | GrantCharged
    | Tick
)
