"""How a value is replaced: always by one of the same type, so that schemas go on to hold.

What a method has no way to replace (an object by a pseudonym, a truth value in part) is redacted.
"""

from __future__ import annotations

import hmac
from base64 import b32encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from gateway.masking.errors import MaskError

if TYPE_CHECKING:
    from gateway.masking.keys import Key

REDACTED: Final = "[redacted]"
"""In place of a text."""

JSON_INTEGER_MAX: Final = 2**53 - 1
"""What readers that take numbers for doubles can hold (RFC 8259, section 6)."""

KEEP_FIRST_MAX: Final = 6
KEEP_LAST_MAX: Final = 4
"""PCI DSS 3.4.1: at most the bank's number (here 6 digits) and the last 4 are shown."""

HIDDEN_MIN: Final = 4
"""Where fewer characters would stay hidden, all are: the rest could be guessed."""

_PSEUDONYM_BYTES: Final = 15
"""24 characters; by chance two of 2^40 values share one with a probability of 2^-41."""


class Method(Protocol):
    """A way to replace values; `strength` decides where several masks meet one place."""

    name: ClassVar[str]
    strength: ClassVar[int]

    def of_text(self, text: str) -> str | None:
        """Give what stands in place of a text; None for null."""

    def of_number(self, literal: str, integer_max: int) -> int | None:
        """Give what stands in place of a number, not beyond `integer_max`; None for null."""


@dataclass(frozen=True, slots=True)
class Null:
    """Null, where the format has one."""

    name: ClassVar[str] = "null"
    strength: ClassVar[int] = 4

    def of_text(self, _text: str) -> str | None:
        """Give null."""
        return None

    def of_number(self, _literal: str, _integer_max: int) -> int | None:
        """Give null."""
        return None


@dataclass(frozen=True, slots=True)
class Redact:
    """A fixed value of the same type."""

    name: ClassVar[str] = "redact"
    strength: ClassVar[int] = 3

    def of_text(self, _text: str) -> str | None:
        """Give the fixed text."""
        return REDACTED

    def of_number(self, _literal: str, _integer_max: int) -> int | None:
        """Give zero."""
        return 0


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """The same text for the same value under the same key, whatever topic and field it stands in.

    Whoever holds the key can find a value by trying all that are likely; without it nobody can.
    """

    key: Key
    name: ClassVar[str] = "pseudonym"
    strength: ClassVar[int] = 2

    def of_text(self, text: str) -> str | None:
        """Give the key's epoch and 24 characters of an HMAC-SHA-256."""
        mac = self._mac("text", text)[:_PSEUDONYM_BYTES]
        return f"p{self.key.epoch}-{b32encode(mac).decode().lower()}"

    def of_number(self, literal: str, integer_max: int) -> int | None:
        """Give a number from 0 on, the same for the same digits."""
        return int.from_bytes(self._mac("number", literal)) % (integer_max + 1)

    def _mac(self, kind: str, text: str) -> bytes:
        # The key's name and the kind of value keep what is made for one from fitting another.
        domain = f"streamwitness/pseudonym/{self.key.name}/{kind}/".encode()
        return hmac.digest(self.key.secret, domain + text.encode(errors="surrogatepass"), "sha256")


@dataclass(frozen=True, slots=True)
class Partial:
    """The first and last characters of a text, the rest as asterisks; numbers become zero."""

    keep_first: int = 0
    keep_last: int = 0
    name: ClassVar[str] = "partial"
    strength: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse to keep more than may be shown."""
        if not 0 <= self.keep_first <= KEEP_FIRST_MAX or not 0 <= self.keep_last <= KEEP_LAST_MAX:
            raise MaskError(
                f"keep_first {self.keep_first} and keep_last {self.keep_last}: at most the first "
                f"{KEEP_FIRST_MAX} and the last {KEEP_LAST_MAX} characters may be kept"
            )

    def of_text(self, text: str) -> str | None:
        """Give a text of the same length; all of it hidden where too little would be."""
        hidden = len(text) - self.keep_first - self.keep_last
        if hidden < HIDDEN_MIN:
            return "*" * len(text)
        return text[: self.keep_first] + "*" * hidden + text[len(text) - self.keep_last :]

    def of_number(self, _literal: str, _integer_max: int) -> int | None:
        """Give zero: a number that shows some of its digits would be another number."""
        return 0


def stronger(first: Method, second: Method) -> Method:
    """Choose the method that shows less, whatever the order of the two."""
    return max(first, second, key=lambda method: (method.strength, _order(method)))


def _order(method: Method) -> tuple[int, ...]:
    """Order two methods of one kind: of two that keep a part, who keeps less is stronger."""
    if isinstance(method, Partial):
        return (-method.keep_first - method.keep_last, -method.keep_first)
    return ()
