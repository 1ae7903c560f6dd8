r"""Who the client is: the state machine of SASL on one connection (KIP-43, KIP-152, KIP-368).

Without mechanisms everybody is ANONYMOUS from the start, and SASL is refused. With them:

    NEW --handshake--> SHAKEN --message--> CHECKING --accepted--> AUTHENTICATED
                       |  ^                |      \--rejected--> the connection ends
                       |  \---challenge----/
                       \------accepted, rejected: without a check

An authenticated client may shake hands again; until that ends well it must ask for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from gateway.apis.error_codes import ErrorCode
from gateway.identity.mechanism import Accepted, Challenge, Credentials, Rejected
from gateway.identity.principal import ANONYMOUS
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from gateway.identity.mechanism import Conversation, Verdict
    from gateway.identity.principal import Principal
    from gateway.session.options import SessionOptions

WITHOUT_AUTHENTICATION = frozenset(
    {ApiKey.SASL_HANDSHAKE, ApiKey.SASL_AUTHENTICATE, ApiKey.API_VERSIONS}
)

NS_PER_MS = 1_000_000


class State(Enum):
    """Where the client stands."""

    NEW = "new"
    SHAKEN = "shaken"
    CHECKING = "checking"
    AUTHENTICATED = "authenticated"


@dataclass(frozen=True, slots=True)
class Refused:
    """A step that fails: what the client is told, and what the record says."""

    error_code: ErrorCode
    message: str
    reason: str
    username: str | None = None


class Authentication:
    """Decides what the client may do now, and follows it through SASL."""

    __slots__ = (
        "_conversation",
        "_lifetime_ms",
        "_mechanisms",
        "expires_ns",
        "mechanism",
        "principal",
        "state",
    )

    def __init__(self, options: SessionOptions) -> None:
        self._mechanisms = {mechanism.name: mechanism for mechanism in options.mechanisms}
        self._lifetime_ms = options.session_lifetime_ms
        self._conversation: Conversation | None = None
        self.expires_ns: int | None = None
        self.mechanism: str | None = None
        """The one that hands were shaken on last."""
        self.principal: Principal | None = None if self.terminates else ANONYMOUS
        self.state = State.NEW if self.terminates else State.AUTHENTICATED

    @property
    def terminates(self) -> bool:
        """Whether clients log in here."""
        return bool(self._mechanisms)

    @property
    def offered(self) -> list[str]:
        """The names of the mechanisms, as clients are told them."""
        return list(self._mechanisms)

    @property
    def lifetime_ms(self) -> int:
        """How long an authentication lasts, as the answer says it: 0 for ever."""
        return self._lifetime_ms or 0

    def why_not(self, api_key: int, now_ns: int) -> str | None:
        """Say why a request may not be made now, or None when it may."""
        if api_key in WITHOUT_AUTHENTICATION:
            return None
        if self.state is not State.AUTHENTICATED:
            return "before authentication"
        if self.expires_ns is not None and now_ns > self.expires_ns:
            return "after the session's lifetime without re-authentication"
        return None

    def shake_hands(self, mechanism: str, api_version: int) -> Refused | None:
        """Take a SaslHandshake."""
        if not self.terminates:
            return _illegal("this listener has no authentication")
        if api_version == 0:
            # After a handshake 0 unframed tokens follow, for which the answer cannot be told apart
            # (KIP-152).
            text = "SaslHandshake version 0 is not supported: use version 1"
            return Refused(ErrorCode.UNSUPPORTED_VERSION, text, "handshake version 0")
        if mechanism not in self._mechanisms:
            text = f"this listener offers {', '.join(self._mechanisms)} only"
            return Refused(ErrorCode.UNSUPPORTED_SASL_MECHANISM, text, "unsupported mechanism")
        self.mechanism = mechanism
        self._conversation = self._mechanisms[mechanism].begin()
        self.state = State.SHAKEN
        return None

    def read_message(
        self, message: bytes, now_ns: int
    ) -> Credentials | Challenge | Accepted | Refused:
        """Take a SaslAuthenticate; credentials come back to be checked."""
        if not self.terminates:
            return _illegal("this listener has no authentication")
        if self.state is not State.SHAKEN or self._conversation is None:
            return _illegal("SaslAuthenticate without a handshake")
        step = self._conversation.take(message)
        if isinstance(step, Credentials):
            self.state = State.CHECKING
            return step
        return self._conclude(step, now_ns)

    def take_verdict(self, verdict: Verdict, now_ns: int) -> Challenge | Accepted | Refused:
        """Take what the check of the credentials said."""
        assert self.state is State.CHECKING, "nobody asked for this verdict"
        assert self._conversation is not None, "a check is part of a conversation"
        self.state = State.SHAKEN
        return self._conclude(self._conversation.take_verdict(verdict), now_ns)

    def _conclude(
        self, step: Challenge | Accepted | Rejected, now_ns: int
    ) -> Challenge | Accepted | Refused:
        assert self.state is State.SHAKEN, "a login under way has a state of its own"
        if isinstance(step, Challenge):
            return step
        if isinstance(step, Rejected):
            return self._refuse(step.message, step.reason, step.claimed)
        principal = step.principal
        if self.principal is not None and not self.principal.is_same(principal):
            text = "a session cannot change its user: open another connection"
            return self._refuse(text, "changed user", principal.subject)
        self._enter(principal, now_ns)
        return step

    def _enter(self, principal: Principal, now_ns: int) -> None:
        self._conversation = None
        self.state = State.AUTHENTICATED
        self.principal = principal
        if self._lifetime_ms is not None:
            self.expires_ns = now_ns + self._lifetime_ms * NS_PER_MS

    def _refuse(self, message: str, reason: str, claimed: str | None) -> Refused:
        self._conversation = None
        self.state = State.NEW
        return Refused(ErrorCode.SASL_AUTHENTICATION_FAILED, message, reason, claimed)


def _illegal(reason: str) -> Refused:
    return Refused(ErrorCode.ILLEGAL_SASL_STATE, reason, reason)
