"""SASL/OAUTHBEARER messages (RFC 7628, as Kafka reads them since KIP-255)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gateway.identity.mechanism import BearerToken, Challenge, Rejected

if TYPE_CHECKING:
    from gateway.identity.mechanism import Accepted, Verdict

MESSAGE_BYTES_MAX = 64 * 1024
INVALID_TOKEN = b'{"status":"invalid_token"}'
"""Section 3.2.2: what is wrong with it is not for who presents it."""
DUMMY = b"\x01"
"""What a client answers to that, so that the exchange can fail (section 3.2.3)."""
FAILED = "Authentication failed: the token was not accepted"

_MESSAGE = re.compile(
    r"(?:n|y),(?:a=(?P<authzid>[^,\x00\x01]*))?,\x01(?P<pairs>(?:[A-Za-z]+=[^\x00\x01]*\x01)+)\x01"
)
_AUTH = re.compile(r"(?i:bearer) +(?P<token>[A-Za-z0-9._~+/-]+=*)")


class OAuthBearer:
    """The mechanism."""

    name: Final = "OAUTHBEARER"

    def begin(self) -> OAuthBearerConversation:
        """Begin a login."""
        return OAuthBearerConversation()


class OAuthBearerConversation:
    """One login: a token, its check, and for a bad one the status before the end."""

    def __init__(self) -> None:
        self._claimed: str | None = None
        self._rejected: Rejected | None = None

    def take(self, message: bytes) -> BearerToken | Rejected:
        """Take the token, or the answer to its refusal."""
        if self._rejected is not None:
            return self._rejected
        parsed = parse_initial_response(message)
        if isinstance(parsed, BearerToken):
            self._claimed = parsed.username
        return parsed

    def take_verdict(self, verdict: Verdict) -> Challenge | Accepted:
        """Take what the check of the token said."""
        if isinstance(verdict, Rejected):
            return self._fail(verdict.reason)
        # A client may act for nobody but itself (section 3.1).
        if self._claimed not in {None, verdict.principal.subject}:
            return self._fail("the token is somebody else's than the message says")
        return verdict

    def _fail(self, reason: str) -> Challenge:
        self._rejected = Rejected(reason=reason, claimed=self._claimed, message=FAILED)
        return Challenge(INVALID_TOKEN, self._rejected)


def parse_initial_response(message: bytes) -> BearerToken | Rejected:
    """Read `n,[a=AUTHZID],^Aauth=Bearer TOKEN^A[KEY=VALUE^A...]^A`; extensions are passed over."""
    if len(message) > MESSAGE_BYTES_MAX:
        return _reject(f"is longer than {MESSAGE_BYTES_MAX} bytes")
    try:
        match = _MESSAGE.fullmatch(message.decode("utf-8"))
    except UnicodeDecodeError:
        return _reject("is not UTF-8")
    if match is None:
        return _reject("does not follow RFC 7628")
    pairs = [pair.partition("=") for pair in match["pairs"].split("\x01")[:-1]]
    named = {key: value for key, _, value in pairs}
    if len(named) != len(pairs):
        return _reject("gives a key twice")
    bearer = _AUTH.fullmatch(named.get("auth", ""))
    if bearer is None:
        return _reject("has no bearer token")
    return BearerToken(bearer["token"], match["authzid"] or None)


def _reject(what: str) -> Rejected:
    return Rejected(reason=f"the OAUTHBEARER message {what}", message=FAILED)
