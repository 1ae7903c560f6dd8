"""The keys and tokens of an identity provider, served at an address of the tests' own."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from gateway.approvals.options import ReviewerOptions
from tests.gateway.approvals.samples import ISSUER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

AUDIENCE = "approvals"


class Provider:
    """A provider with one key at a time."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "one"})
        self.fetched = 0
        self.jwks = ""

    def rotate(self) -> None:
        """Sign with another key from now on."""
        self.key = ECKey.generate_key("P-256", {"kid": "two"})

    def token(self, subject: str, *groups: str, **claims: object) -> str:
        """Sign a token that is good for a minute."""
        now = int(time.time())
        content = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "exp": now + 60}
        content |= {"groups": list(groups), "auth_time": now - 5, **claims}
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, content, self.key)

    @property
    def options(self) -> ReviewerOptions:
        """What a gateway is told of this provider."""
        return ReviewerOptions(
            issuer=ISSUER, audience=AUDIENCE, jwks=self.jwks, reviewer_groups=("security",)
        )

    async def answer(self, _request: web.Request) -> web.Response:
        """Show the public key."""
        self.fetched += 1
        return web.json_response(KeySet([self.key]).as_dict(private=False))


@asynccontextmanager
async def running() -> AsyncIterator[Provider]:
    """Serve a provider's keys."""
    provider = Provider()
    app = web.Application()
    app.router.add_get("/jwks", provider.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.jwks = f"http://127.0.0.1:{runner.addresses[0][1]}/jwks"
    try:
        yield provider
    finally:
        await runner.cleanup()
