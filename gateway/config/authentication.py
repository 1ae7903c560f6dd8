"""How the clients of a listener say who they are."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from gateway.config.section import Section
from gateway.identity.passwords import PasswordHash, parse_password_hash

USERS_MAX = 10_000


class User(Section):
    """One name that may log in with a password."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    password_hash: Annotated[str, Field(repr=False)]

    @field_validator("password_hash")
    @classmethod
    def _is_a_hash(cls, line: str) -> str:
        try:
            parse_password_hash(line)
        except ValueError as error:
            raise ValueError(
                f"{error}; make one with `streamwitness gateway hash-password`"
            ) from None
        return line

    @property
    def parsed_hash(self) -> PasswordHash:
        """The hash in the form that a check takes."""
        return parse_password_hash(self.password_hash)


class NoAuthentication(Section):
    """Clients are not asked who they are; their principal is ANONYMOUS."""

    type: Literal["none"]


class PlainAuthentication(Section):
    """SASL/PLAIN (RFC 4616): the gateway checks the password itself."""

    type: Literal["plain"]
    allow_plaintext: bool = False
    users: Annotated[tuple[User, ...], Field(min_length=1)]


def authentication_type(written: object) -> str:
    """Tell whose keys to expect: what the type says; if it is wrong, the other keys or a guess."""
    keys = written if isinstance(written, dict) else {"type": getattr(written, "type", None)}
    kind = keys.get("type")
    if kind in ("none", "plain"):
        return str(kind)
    near = isinstance(kind, str) and get_close_matches(kind.casefold(), ("plain",))
    return "plain" if "users" in keys or "allow_plaintext" in keys or near else "none"


Authentication = Annotated[
    Annotated[NoAuthentication, Tag("none")] | Annotated[PlainAuthentication, Tag("plain")],
    Discriminator(authentication_type),
]
