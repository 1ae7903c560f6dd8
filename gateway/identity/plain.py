"""SASL/PLAIN (RFC 4616): name and password in one message, separated by NUL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.identity.mechanism import BearerToken, Password, Rejected

if TYPE_CHECKING:
    from gateway.identity.mechanism import Credentials, Verdict

MESSAGE_BYTES_MAX = 4_096
"""RFC 4616 section 2 asks servers to take up to 255 bytes of each part; this leaves room for long
passphrases."""

TOKEN_MESSAGE_BYTES_MAX = 64 * 1024
OAUTH_USER = "$oauth"

PARTS = 3


class PlainMessageError(Exception):
    """The message does not follow RFC 4616; the text never repeats any of it."""


class Plain:
    """The mechanism: each login is one message and one check.

    With `takes_tokens` the password of the user `$oauth` is an access token, for clients that have
    no other way to present one.
    """

    name: Final = "PLAIN"

    def __init__(self, *, takes_tokens: bool = False) -> None:
        self._takes_tokens = takes_tokens

    def begin(self) -> Plain:
        """Begin a login, which needs no state."""
        return self

    def take(self, message: bytes) -> Credentials | Rejected:
        """Take the client's only message."""
        try:
            presented = parse_plain(message, self._bytes_max)
        except PlainMessageError as error:
            return Rejected(reason=str(error))
        if self._takes_tokens and presented.username == OAUTH_USER:
            return BearerToken(presented.password)
        return presented

    @property
    def _bytes_max(self) -> int:
        return TOKEN_MESSAGE_BYTES_MAX if self._takes_tokens else MESSAGE_BYTES_MAX

    def take_verdict(self, verdict: Verdict) -> Verdict:
        """Take what the check said; it is the end."""
        return verdict


def parse_plain(message: bytes, bytes_max: int = MESSAGE_BYTES_MAX) -> Password:
    """Read `[authorization id] NUL name NUL password`.

    As in Kafka, a client may act for nobody but itself: an authorization id must be empty or equal
    the name. Raises PlainMessageError for anything else.
    """
    if len(message) > bytes_max:
        raise PlainMessageError(f"the PLAIN message is longer than {bytes_max} bytes")
    try:
        parts = message.decode("utf-8").split("\0")
    except UnicodeDecodeError:
        # Without a cause: Python's own error quotes the message, and with it the password.
        raise PlainMessageError("the PLAIN message is not UTF-8") from None
    if len(parts) != PARTS:
        raise PlainMessageError(f"the PLAIN message has {len(parts)} parts instead of {PARTS}")
    authorization_id, username, password = parts
    if not username or not password:
        raise PlainMessageError("the PLAIN message has an empty name or password")
    if authorization_id not in ("", username):
        raise PlainMessageError("the PLAIN message asks to act for somebody else")
    return Password(username, password)
