"""SASL/PLAIN (RFC 4616): name and password in one message, separated by NUL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.identity.mechanism import Password, Rejected

if TYPE_CHECKING:
    from gateway.identity.mechanism import Verdict

MESSAGE_BYTES_MAX = 4_096
"""RFC 4616 section 2 asks servers to take up to 255 bytes of each part; this leaves room for long
passphrases."""

PARTS = 3


class PlainMessageError(Exception):
    """The message does not follow RFC 4616; the text never repeats any of it."""


class Plain:
    """The mechanism: each login is one message and one check."""

    name: Final = "PLAIN"

    def begin(self) -> Plain:
        """Begin a login, which needs no state."""
        return self

    def take(self, message: bytes) -> Password | Rejected:
        """Take the client's only message."""
        try:
            return parse_plain(message)
        except PlainMessageError as error:
            return Rejected(reason=str(error))

    def take_verdict(self, verdict: Verdict) -> Verdict:
        """Take what the check said; it is the end."""
        return verdict


def parse_plain(message: bytes) -> Password:
    """Read `[authorization id] NUL name NUL password`.

    As in Kafka, a client may act for nobody but itself: an authorization id must be empty or equal
    the name. Raises PlainMessageError for anything else.
    """
    if len(message) > MESSAGE_BYTES_MAX:
        raise PlainMessageError(f"the PLAIN message is longer than {MESSAGE_BYTES_MAX} bytes")
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
