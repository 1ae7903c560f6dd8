"""The tokens of one issuer, checked with the keys that are at hand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gateway.identity.claim_path import parse_claim_path
from gateway.identity.mechanism import Rejected
from gateway.identity.oauthbearer import FAILED
from gateway.identity.token import TokenError, TokenRules, UnknownKeyError, verify_token

if TYPE_CHECKING:
    from gateway.config.oauthbearer import OAuthBearer
    from gateway.identity.mechanism import BearerToken, Verdict
    from gateway.server.issuer_keys import IssuerKeys


class TokenChecks:
    """Checks tokens for one listener."""

    def __init__(self, keys: IssuerKeys, rules: TokenRules) -> None:
        self._keys = keys
        self._rules = rules

    async def check(self, presented: BearerToken, certificate: bytes | None) -> Verdict:
        """Say whose token this is; a key that is not known is looked for once."""
        if self._keys.keys is None:
            await self._keys.settle()
        try:
            try:
                return self._verify(presented.token, certificate)
            except UnknownKeyError as error:
                if not await self._keys.look_for(error.kid):
                    raise
                return self._verify(presented.token, certificate)
        except TokenError as error:
            return Rejected(reason=str(error), claimed=presented.username, message=FAILED)

    def _verify(self, token: str, certificate: bytes | None) -> Verdict:
        keys = self._keys.keys
        if keys is None:
            raise TokenError("the issuer's keys are not at hand")
        return verify_token(token, keys, self._rules, time.time_ns(), certificate)


def token_rules(config: OAuthBearer) -> TokenRules:
    """Return what a listener demands of tokens, as its configuration says it."""
    groups = config.groups_claim
    return TokenRules(
        issuer=config.issuer,
        audiences=frozenset(config.audiences),
        algorithms=frozenset(config.algorithms),
        token_types=frozenset(config.token_types),
        principal_claims=tuple(map(parse_claim_path, config.principal_claims)),
        groups_claim=None if groups is None else parse_claim_path(groups),
        groups_delimiter=config.groups_delimiter,
        requires_certificate=config.certificate_binding == "required",
    )
