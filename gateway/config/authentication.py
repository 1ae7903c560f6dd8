"""How the clients of a listener say who they are."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator

from gateway.config.oauthbearer import OAuthBearer
from gateway.config.section import Section
from gateway.identity.certificate import NameKind
from gateway.identity.mtls import CertificateLogin
from gateway.identity.passwords import PasswordHash, parse_password_hash
from gateway.identity.principal_rules import RULES_CHARACTERS_MAX, parse_principal_rules
from gateway.identity.scram_credential import parse_scram_credential

USERS_MAX = 10_000


GROUPS_MAX = 100

Groups = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=255)], ...], Field(max_length=GROUPS_MAX)
]


class User(Section):
    """One name that may log in with a password."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    password_hash: Annotated[str, Field(repr=False)]
    groups: Groups = ()

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


def _scram_line(line: str) -> str:
    try:
        parse_scram_credential(line)
    except ValueError as error:
        raise ValueError(
            f"{error}; make one with `streamwitness gateway hash-password --scram`"
        ) from None
    return line


class ScramUser(Section):
    """One name that may prove that it knows its password."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    credentials: Annotated[
        tuple[Annotated[str, AfterValidator(_scram_line)], ...],
        Field(repr=False, min_length=1, max_length=2),
    ]
    groups: Groups = ()


class Plain(Section):
    """SASL/PLAIN beside other mechanisms."""

    users: Annotated[tuple[User, ...], Field(min_length=1)]


class Scram(Section):
    """SASL/SCRAM-SHA-256 and -512: each for the users who have a credential of that kind."""

    users: Annotated[tuple[ScramUser, ...], Field(min_length=1)]


class NoAuthentication(Section):
    """Clients are not asked who they are; their principal is ANONYMOUS."""

    type: Literal["none"]


class PlainAuthentication(Section):
    """SASL/PLAIN (RFC 4616) alone: the gateway checks the password itself."""

    type: Literal["plain"]
    allow_plaintext: bool = False
    users: Annotated[tuple[User, ...], Field(min_length=1)]


class SaslAuthentication(Section):
    """One or more SASL mechanisms, of which each client chooses one."""

    type: Literal["sasl"]
    allow_plaintext: bool = False
    session_minutes: Annotated[int, Field(ge=1, le=10_080)] | None = None
    deny_list: Path | None = None
    oauthbearer: OAuthBearer | None = None
    scram: Scram | None = None
    plain: Plain | None = None

    def within(self, folder: Path) -> SaslAuthentication:
        """Return the section with its files counted from a folder."""
        oauthbearer = None if self.oauthbearer is None else self.oauthbearer.within(folder)
        deny_list = None if self.deny_list is None else folder / self.deny_list
        return self.model_copy(update={"oauthbearer": oauthbearer, "deny_list": deny_list})


class MtlsAuthentication(Section):
    """The certificate of the client is its login."""

    type: Literal["mtls"]
    principal_from: NameKind = "subject"
    mapping_rules: Annotated[str, Field(max_length=RULES_CHARACTERS_MAX)] = "DEFAULT"

    @field_validator("mapping_rules")
    @classmethod
    def _are_rules(cls, text: str) -> str:
        parse_principal_rules(text)
        return text

    @property
    def login(self) -> CertificateLogin:
        """The section in the form that a check takes."""
        return CertificateLogin(
            name_kind=self.principal_from, rules=parse_principal_rules(self.mapping_rules)
        )


_TYPES = ("none", "plain", "sasl", "mtls")
KEYS_OF = {
    "plain": frozenset({"users", "allow_plaintext"}),
    "sasl": SaslAuthentication.model_fields.keys() - PlainAuthentication.model_fields.keys(),
    "mtls": MtlsAuthentication.model_fields.keys() - NoAuthentication.model_fields.keys(),
}
"""Keys that only one type of authentication takes."""
MECHANISM_SECTIONS = ("oauthbearer", "scram", "plain")
"""In the order in which clients are told of the mechanisms: the safer first."""


def authentication_type(written: object) -> str:
    """Tell whose keys to expect: what the type says; if it is wrong, the other keys or a guess."""
    keys = written if isinstance(written, dict) else {"type": getattr(written, "type", None)}
    kind = keys.get("type")
    if kind in _TYPES:
        return str(kind)
    for owner in ("sasl", "mtls"):
        if KEYS_OF[owner] & keys.keys():
            return owner
    near = get_close_matches(kind.casefold(), _TYPES) if isinstance(kind, str) else ()
    if near:
        return near[0]
    return "plain" if "users" in keys or "allow_plaintext" in keys else "none"


Authentication = Annotated[
    Annotated[NoAuthentication, Tag("none")]
    | Annotated[PlainAuthentication, Tag("plain")]
    | Annotated[SaslAuthentication, Tag("sasl")]
    | Annotated[MtlsAuthentication, Tag("mtls")],
    Discriminator(authentication_type),
]
