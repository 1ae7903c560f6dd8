"""Whether the credentials that a client presents are good, and whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.identity.mechanism import Accepted, Rejected
from gateway.identity.principal import Principal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.identity.mechanism import Credentials, Verdict
    from gateway.identity.passwords import PasswordHash
    from gateway.server.passwords import PasswordChecks


class CredentialChecks:
    """The checks of one listener, which vouches for its own users."""

    def __init__(
        self, passwords: PasswordChecks, *, issuer: str, users: Mapping[str, PasswordHash]
    ) -> None:
        self._passwords = passwords
        self._issuer = issuer
        self._users = users

    async def check(self, credentials: Credentials) -> Verdict:
        """Say whose credentials these are, or why nobody's."""
        username = credentials.username
        if await self._passwords.is_right(self._users, username, credentials.password):
            return Accepted(principal=Principal(issuer=self._issuer, subject=username))
        return Rejected(reason="wrong user or password", claimed=username)
