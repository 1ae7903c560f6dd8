"""The tokens of reviewers: access tokens (RFC 9068) or ID tokens of one OpenID provider."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.approval.asked import Person
from gateway.approval.vote import Reviewer

if TYPE_CHECKING:
    from gateway.approvals.options import ReviewerOptions

ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]
"""Signatures only: with a shared secret anybody who checks could sign."""

FETCH_SECONDS = 5
FETCH_BYTES_MAX = 256 * 1024
# Tokens with made-up key ids must not make us a load on the provider.
REFRESH_SECONDS = 30
TOKEN_CHARACTERS_MAX = 16 * 1024
LEEWAY_SECONDS = 30


class TokenError(Exception):
    """A token that proves nothing; the text says why, without a word of the token."""


class Tokens:
    """Checks tokens of one issuer, for one audience."""

    def __init__(self, options: ReviewerOptions) -> None:
        self._options = options
        self._keys: KeySet | None = None
        self._fetched = -float(REFRESH_SECONDS)

    async def reviewer(self, token: str) -> Reviewer:
        """Say who brings a token; raises TokenError."""
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise TokenError("the token is too long")
        claims = await self._claims(token)
        return _person(claims, token, self._options)

    async def _claims(self, token: str) -> dict[str, Any]:
        if self._keys is None:
            await self._refresh()
        try:
            return self._checked(token)
        except (JoseError, ValueError, TypeError):
            # The provider may have a new key since.
            await self._refresh()
        try:
            return self._checked(token)
        except (JoseError, ValueError, TypeError) as error:
            raise TokenError(f"the token is refused: {type(error).__name__}") from None

    def _checked(self, token: str) -> dict[str, Any]:
        if self._keys is None:
            raise TokenError("the keys of the identity provider are not to be had")
        decoded = jwt.decode(token, self._keys, algorithms=ALGORITHMS)
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._options.issuer},
            aud={"essential": True, "value": self._options.audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        registry.validate(decoded.claims)
        return dict(decoded.claims)

    async def _refresh(self) -> None:
        if time.monotonic() < self._fetched + REFRESH_SECONDS:
            return
        self._fetched = time.monotonic()
        timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(self._options.jwks, allow_redirects=False) as answer,
            ):
                answer.raise_for_status()
                content = await answer.content.read(FETCH_BYTES_MAX)
            self._keys = KeySet.import_key_set(msgspec.json.decode(content))
        except (aiohttp.ClientError, TimeoutError, JoseError, ValueError, TypeError, KeyError):
            # The keys that are known stay good; without any every token is refused.
            return


def _person(claims: dict[str, Any], token: str, options: ReviewerOptions) -> Reviewer:
    subject, groups = claims["sub"], claims.get(options.groups_claim, [])
    if not isinstance(subject, str) or not subject:
        raise TokenError("the token names nobody")
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise TokenError("the groups of the token are no list of names")
    names = (claims.get(claim) for claim in options.name_claims)
    auth_time = claims.get("auth_time")
    return Reviewer(
        person=Person(issuer=options.issuer, subject=subject),
        groups=tuple(groups),
        names=frozenset(name for name in names if isinstance(name, str)),
        auth_time=auth_time if isinstance(auth_time, int) else None,
        token_hash=hashlib.sha256(token.encode()).hexdigest(),
    )
