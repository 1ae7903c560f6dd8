"""Whether the credentials that a client presents are good, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.identity.mechanism import Accepted, BearerToken, Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.identity.mechanism import Credentials, Verdict
    from gateway.identity.passwords import PasswordHash
    from gateway.identity.principal import Principal
    from gateway.server.passwords import PasswordChecks
    from gateway.server.tokens import TokenChecks


@dataclass(frozen=True, slots=True)
class KnownUser:
    """Who logs in with a password."""

    principal: Principal
    password_hash: PasswordHash = field(repr=False)


class CredentialChecks:
    """The checks of one listener."""

    def __init__(
        self,
        passwords: PasswordChecks,
        users: Mapping[str, KnownUser],
        tokens: TokenChecks | None = None,
    ) -> None:
        self._passwords = passwords
        self._tokens = tokens
        self._users = users
        self._hashes = {name: user.password_hash for name, user in users.items()}

    async def check(self, credentials: Credentials, certificate: bytes | None = None) -> Verdict:
        """Say whose credentials these are, or why nobody's.

        `certificate` is the client's own, for tokens that are bound to it.
        """
        if isinstance(credentials, BearerToken):
            assert self._tokens is not None, "tokens are taken where they can be checked"
            return await self._tokens.check(credentials, certificate)
        name = credentials.username
        if await self._passwords.is_right(self._hashes, name, credentials.password):
            return Accepted(principal=self._users[name].principal)
        return Rejected(reason="wrong user or password", claimed=name)
