"""How clients log in at a listener, as its configuration says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gateway.config.authentication import PlainAuthentication, SaslAuthentication
from gateway.identity.denials import DenyList
from gateway.identity.oauthbearer import OAuthBearer
from gateway.identity.plain import Plain
from gateway.identity.principal import Principal
from gateway.identity.scram import Account, Scram
from gateway.identity.scram_credential import HASH_NAMES, parse_scram_credential
from gateway.server.credentials import CredentialChecks, KnownUser
from gateway.server.decoys import load_decoy_key
from gateway.server.deny_file import DenyFile
from gateway.server.issuer_keys import IssuerKeys
from gateway.server.tokens import TokenChecks, token_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from structlog.typing import FilteringBoundLogger

    from gateway.config.authentication import ScramUser, User
    from gateway.config.model import Listener
    from gateway.identity.mechanism import Mechanism
    from gateway.server.passwords import PasswordChecks

MS_PER_MINUTE = 60_000


class Watcher(Protocol):
    """Something that is kept up to date beside the traffic."""

    async def keep_fresh(self) -> None:
        """Look again and again, for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logins:
    """One listener's mechanisms, what checks the credentials that they take, and who is denied."""

    mechanisms: tuple[Mechanism, ...]
    credentials: CredentialChecks
    denials: DenyList
    session_lifetime_ms: int | None
    watchers: tuple[Watcher, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What logins need of the gateway: `journal` is the folder for what must outlive them."""

    passwords: PasswordChecks
    journal: Path
    log: FilteringBoundLogger


def logins_of(listener: Listener, around: Around) -> Logins:
    """Make a listener's logins; raises DenyFileError or OSError for a file that cannot be used."""
    given = listener.authentication
    issuer = f"gateway:{listener.name}"
    if isinstance(given, SaslAuthentication):
        return _sasl(given, issuer, around)
    users = given.users if isinstance(given, PlainAuthentication) else ()
    return Logins(
        mechanisms=(Plain(),) if users else (),
        credentials=CredentialChecks(around.passwords, _known(users, issuer)),
        denials=DenyList(),
        session_lifetime_ms=None,
        watchers=(),
    )


def _sasl(given: SaslAuthentication, issuer: str, around: Around) -> Logins:
    mechanisms: list[Mechanism] = []
    watchers: list[Watcher] = []
    tokens = None
    if given.oauthbearer is not None:
        keys = IssuerKeys(given.oauthbearer, around.log)
        watchers.append(keys)
        tokens = TokenChecks(keys, token_rules(given.oauthbearer))
        mechanisms.append(OAuthBearer())
    if given.scram is not None:
        mechanisms += _scram(given.scram.users, issuer, load_decoy_key(around.journal))
    users = () if given.plain is None else given.plain.users
    takes_tokens = given.oauthbearer is not None and given.oauthbearer.over_plain
    if users or takes_tokens:
        mechanisms.append(Plain(takes_tokens=takes_tokens))
    denials = DenyList()
    if given.deny_list is not None:
        deny_file = DenyFile(given.deny_list, around.log)
        watchers.append(deny_file)
        denials = deny_file.denials
    minutes = given.session_minutes
    return Logins(
        mechanisms=tuple(mechanisms),
        credentials=CredentialChecks(around.passwords, _known(users, issuer), tokens),
        denials=denials,
        session_lifetime_ms=None if minutes is None else minutes * MS_PER_MINUTE,
        watchers=tuple(watchers),
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
