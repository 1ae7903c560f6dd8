"""What a SASL mechanism is: a conversation that ends with a principal or a rejection.

A mechanism begins a conversation for each login. Every message of the client is one step of it,
which leads to a challenge, to credentials that somebody else must check, or to a verdict; what the
check says is handed back to the conversation, which has the last word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.identity.principal import Principal

FAILED = "Authentication failed: invalid user name or password"
"""The same text for an unknown name and a wrong password, as in Kafka."""


@dataclass(frozen=True, slots=True)
class Password:
    """A name and a password; nothing of it is verified yet."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A token, and whose it is said to be; nothing of it is verified yet."""

    token: str = field(repr=False)
    username: str | None = None


Credentials: TypeAlias = Password | BearerToken
"""What is checked where waiting and computing hold up nobody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The client is this principal."""

    principal: Principal
    data: bytes = field(default=b"", repr=False)
    """What the mechanism still tells the client."""
    expires_ns: int | None = None
    """When what was presented expires, by the wall clock."""
    jti: str | None = None
    """The name that the issuer gave to the token."""
    detail: Mapping[str, object] = field(default_factory=dict)
    """What the record says besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The client is not let in: why, for the record, and what the client itself is told."""

    reason: str
    claimed: str | None = None
    message: str = FAILED


Verdict: TypeAlias = Accepted | Rejected


@dataclass(frozen=True, slots=True)
class Challenge:
    """Something for the client to answer; `rejected` when it can only lead to that."""

    data: bytes = field(repr=False)
    rejected: Rejected | None = None


Step: TypeAlias = Challenge | Credentials | Accepted | Rejected


class Conversation(Protocol):
    """One login under way."""

    def take(self, message: bytes) -> Step:
        """Take the client's next message."""

    def take_verdict(self, verdict: Verdict) -> Challenge | Verdict:
        """Take what the check of the credentials said."""


class Mechanism(Protocol):
    """One way to say who one is."""

    @property
    def name(self) -> str:
        """The name that clients and servers agree on."""

    def begin(self) -> Conversation:
        """Begin a login."""
