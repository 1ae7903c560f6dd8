"""How clients log in at a listener, as its configuration says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.config.authentication import PlainAuthentication, SaslAuthentication
from gateway.identity.plain import Plain
from gateway.identity.principal import Principal
from gateway.identity.scram import Account, Scram
from gateway.identity.scram_credential import HASH_NAMES, parse_scram_credential
from gateway.server.credentials import CredentialChecks, KnownUser
from gateway.server.decoys import load_decoy_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from gateway.config.authentication import ScramUser, User
    from gateway.config.model import Listener
    from gateway.identity.mechanism import Mechanism
    from gateway.server.passwords import PasswordChecks

MS_PER_MINUTE = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Logins:
    """One listener's mechanisms, and what checks the credentials that they take."""

    mechanisms: tuple[Mechanism, ...]
    credentials: CredentialChecks
    session_lifetime_ms: int | None


def logins_of(listener: Listener, passwords: PasswordChecks, journal: Path) -> Logins:
    """Make a listener's logins; `journal` is the folder that keeps what must outlive them."""
    given = listener.authentication
    issuer = f"gateway:{listener.name}"
    users: tuple[User, ...] = ()
    mechanisms: list[Mechanism] = []
    minutes = None
    match given:
        case PlainAuthentication():
            users = given.users
        case SaslAuthentication():
            minutes = given.session_minutes
            if given.scram is not None:
                mechanisms += _scram(given.scram.users, issuer, load_decoy_key(journal))
            users = () if given.plain is None else given.plain.users
        case _:
            pass
    if users:
        mechanisms.append(Plain())
    return Logins(
        mechanisms=tuple(mechanisms),
        credentials=CredentialChecks(passwords, _known(users, issuer)),
        session_lifetime_ms=None if minutes is None else minutes * MS_PER_MINUTE,
    )


def _known(users: Iterable[User], issuer: str) -> dict[str, KnownUser]:
    return {
        user.name: KnownUser(
            Principal(issuer=issuer, subject=user.name, groups=user.groups), user.parsed_hash
        )
        for user in users
    }


def _scram(users: Iterable[ScramUser], issuer: str, decoy_key: bytes) -> Iterator[Scram]:
    accounts: dict[str, dict[str, Account]] = {mechanism: {} for mechanism in HASH_NAMES}
    for user in users:
        principal = Principal(issuer=issuer, subject=user.name, groups=user.groups)
        for mechanism, credential in map(parse_scram_credential, user.credentials):
            accounts[mechanism][user.name] = Account(principal, credential)
    # Clients that take the first that they know take the strongest.
    for mechanism in reversed(HASH_NAMES):
        if accounts[mechanism]:
            yield Scram(HASH_NAMES[mechanism], accounts[mechanism], decoy_key)
