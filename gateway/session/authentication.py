r"""Who the client is: the state machine of SASL on one connection (KIP-43, KIP-152, KIP-368).

Without mechanisms everybody is ANONYMOUS from the start, or whom their certificate names, and SASL
is refused. With them:

    NEW --handshake--> SHAKEN --message--> CHECKING --accepted--> AUTHENTICATED
                       |  ^                |      \--rejected--> the connection ends
                       |  \---challenge----/
                       \------accepted, rejected: without a check

An authenticated client may shake hands again, with the same mechanism and not more than once a
second; until that ends well it must ask for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from gateway.apis.error_codes import ErrorCode
from gateway.identity.mechanism import FAILED, Accepted, Challenge, Credentials, Rejected
from gateway.identity.principal import ANONYMOUS
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from gateway.identity.mechanism import Conversation, Verdict
    from gateway.identity.principal import Principal
    from gateway.session.options import SessionOptions
    from gateway.session.signals import Instant

WITHOUT_AUTHENTICATION = frozenset(
    {ApiKey.SASL_HANDSHAKE, ApiKey.SASL_AUTHENTICATE, ApiKey.API_VERSIONS}
)

NS_PER_MS = 1_000_000
REAUTHENTICATION_NS_MIN = 1_000_000_000
"""Brokers take no two re-authentications within a second, either."""


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


@dataclass(frozen=True, slots=True)
class Over:
    """Why a session ends by itself, in a word and in a sentence."""

    reason: str
    message: str


class Authentication:
    """Decides what the client may do now, and follows it through SASL."""

    __slots__ = (
        "_conversation",
        "_denials",
        "_jti",
        "_lifetime_ms_max",
        "_mechanisms",
        "_shaken_again_ns",
        "expires_ns",
        "lifetime_ms",
        "mechanism",
        "principal",
        "state",
    )

    def __init__(self, options: SessionOptions, principal: Principal | None = None) -> None:
        self._mechanisms = {mechanism.name: mechanism for mechanism in options.mechanisms}
        self._denials = options.denials
        self._lifetime_ms_max = options.session_lifetime_ms
        self._conversation: Conversation | None = None
        self._shaken_again_ns: int | None = None
        self._jti: str | None = None
        self.expires_ns: int | None = None
        self.lifetime_ms = 0
        """How long an authentication lasts, as the answer says it: 0 for ever."""
        self.mechanism: str | None = None
        """The one that hands were shaken on last."""
        self.principal = None if self.terminates else principal or ANONYMOUS
        self.state = State.NEW if self.terminates else State.AUTHENTICATED

    @property
    def terminates(self) -> bool:
        """Whether clients log in here."""
        return bool(self._mechanisms)

    @property
    def offered(self) -> list[str]:
        """The names of the mechanisms, as clients are told them."""
        return list(self._mechanisms)

    def why_not(self, api_key: int) -> str | None:
        """Say why a request may not be made now, or None when it may."""
        is_open = api_key in WITHOUT_AUTHENTICATION or self.state is State.AUTHENTICATED
        return None if is_open else "before authentication"

    def why_over(self, api_key: int | None, now_ns: int) -> Over | None:
        """Say why the session must end with this request, or without one; None when it need not."""
        denial = None
        if self.principal is not None:
            denial = self._denials.find(self.principal, self._jti)
        if denial is not None:
            return Over("denied", denial.reason or "the principal or its token is denied")
        is_late = self.expires_ns is not None and now_ns > self.expires_ns
        if is_late and api_key is not None and api_key not in WITHOUT_AUTHENTICATION:
            return Over("session_expired", "the client did not log in again in time")
        return None

    def shake_hands(self, mechanism: str, api_version: int, now_ns: int) -> Refused | None:
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
        if self.principal is not None:
            if mechanism != self.mechanism:
                return _illegal("a session cannot change its mechanism: open another connection")
            again_ns, self._shaken_again_ns = self._shaken_again_ns, now_ns
            if again_ns is not None and now_ns < again_ns + REAUTHENTICATION_NS_MIN:
                return _illegal("a session may log in again once a second only")
        self.mechanism = mechanism
        self._conversation = self._mechanisms[mechanism].begin()
        self.state = State.SHAKEN
        return None

    def read_message(
        self, message: bytes, now: Instant
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
        return self._conclude(step, now)

    def take_verdict(self, verdict: Verdict, now: Instant) -> Challenge | Accepted | Refused:
        """Take what the check of the credentials said."""
        assert self.state is State.CHECKING, "nobody asked for this verdict"
        assert self._conversation is not None, "a check is part of a conversation"
        self.state = State.SHAKEN
        return self._conclude(self._conversation.take_verdict(verdict), now)

    def _conclude(
        self, step: Challenge | Accepted | Rejected, now: Instant
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
        denial = self._denials.find(principal, step.jti)
        if denial is not None:
            return self._refuse(FAILED, f"denied: {denial.reason}", principal.subject)
        self._enter(step, now)
        return step

    def _enter(self, accepted: Accepted, now: Instant) -> None:
        self._conversation = None
        self.state = State.AUTHENTICATED
        self.principal = accepted.principal
        self._jti = accepted.jti
        limits_ms = [] if self._lifetime_ms_max is None else [self._lifetime_ms_max]
        if accepted.expires_ns is not None:
            limits_ms.append((accepted.expires_ns - now.wall_ns) // NS_PER_MS)
        self.lifetime_ms, self.expires_ns = 0, None
        if limits_ms:
            # A token may be good a little beyond its end, for clocks differ; 0 would mean for ever.
            self.lifetime_ms = max(1, min(limits_ms))
            self.expires_ns = now.monotonic_ns + self.lifetime_ms * NS_PER_MS

    def _refuse(self, message: str, reason: str, claimed: str | None) -> Refused:
        self._conversation = None
        self.state = State.NEW
        return Refused(ErrorCode.SASL_AUTHENTICATION_FAILED, message, reason, claimed)


def _illegal(reason: str) -> Refused:
    return Refused(ErrorCode.ILLEGAL_SASL_STATE, reason, reason)
