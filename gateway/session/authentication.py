r"""Who the client is: the state machine of SASL on one connection (KIP-43, KIP-152, KIP-368).

Without authentication everybody is ANONYMOUS from the start, and SASL is refused. With PLAIN:

    NEW --handshake--> SHAKEN --message--> CHECKING --accepted--> AUTHENTICATED
                                                   \--refused--> the connection ends

An authenticated client may shake hands again; until that ends well it must ask for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from gateway.apis.error_codes import ErrorCode
from gateway.identity.plain import Credentials, PlainMessageError, parse_plain
from gateway.identity.principal import ANONYMOUS, Principal
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from gateway.session.options import SessionOptions

MECHANISM = "PLAIN"

FAILED = "Authentication failed: invalid user name or password"
"""The same text for an unknown name and a wrong password, as in Kafka."""

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
        "_issuer",
        "_lifetime_ms",
        "_username",
        "expires_ns",
        "principal",
        "state",
        "terminates",
    )

    def __init__(self, options: SessionOptions) -> None:
        self.terminates = options.authentication == "plain"
        self._issuer = f"gateway:{options.listener}"
        self._lifetime_ms = options.session_lifetime_ms
        self._username = ""
        self.expires_ns: int | None = None
        self.principal = None if self.terminates else ANONYMOUS
        self.state = State.NEW if self.terminates else State.AUTHENTICATED

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
        if mechanism != MECHANISM:
            text = f"this listener offers {MECHANISM} only"
            return Refused(ErrorCode.UNSUPPORTED_SASL_MECHANISM, text, "unsupported mechanism")
        self.state = State.SHAKEN
        return None

    def read_message(self, message: bytes) -> Credentials | Refused:
        """Take a SaslAuthenticate; credentials come back to be checked."""
        if not self.terminates:
            return _illegal("this listener has no authentication")
        if self.state is not State.SHAKEN:
            return _illegal("SaslAuthenticate without a handshake")
        try:
            credentials = parse_plain(message)
        except PlainMessageError as error:
            return Refused(ErrorCode.SASL_AUTHENTICATION_FAILED, FAILED, str(error))
        self._username = credentials.username
        if self.principal is not None and self.principal.subject != credentials.username:
            text = "a session cannot change its user: open another connection"
            return Refused(
                ErrorCode.SASL_AUTHENTICATION_FAILED, text, "changed user", credentials.username
            )
        self.state = State.CHECKING
        return credentials

    def take_verdict(self, now_ns: int, *, accepted: bool) -> Principal | Refused:
        """Take what the check of the password said."""
        assert self.state is State.CHECKING, "nobody asked for this verdict"
        if not accepted:
            self.state = State.NEW
            return Refused(
                ErrorCode.SASL_AUTHENTICATION_FAILED,
                FAILED,
                "wrong user or password",
                self._username,
            )
        self.state = State.AUTHENTICATED
        self.principal = Principal(issuer=self._issuer, subject=self._username)
        if self._lifetime_ms is not None:
            self.expires_ns = now_ns + self._lifetime_ms * NS_PER_MS
        return self.principal


def _illegal(reason: str) -> Refused:
    return Refused(ErrorCode.ILLEGAL_SASL_STATE, reason, reason)
