"""The keys of a token issuer: fetched beside the traffic, kept through an outage, then given up."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from gateway.identity.key_set import KeySet, KeySetError, parse_key_set
from gateway.identity.strict_json import StrictJsonError, parse_object
from gateway.server.https import FetchError, fetch_document, trusting
from gateway.server.log import LogEvent

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from gateway.config.oauthbearer import OAuthBearer

SECONDS_PER_MINUTE = 60
# After a failure it is tried again sooner, so that a short outage costs little.
RETRY_SECONDS = 10.0
# As many keys that nobody knows are looked for, each once a minute: whoever invents names of keys
# must not make us ask the issuer at his pace.
UNKNOWN_KEYS_MAX = 16
UNKNOWN_KEY_SECONDS = 60.0
WAIT_SECONDS = 6.0
_DISCOVERY = "/.well-known/openid-configuration"


class IssuerKeys:
    """The cached key set of one issuer."""

    def __init__(self, config: OAuthBearer, log: FilteringBoundLogger) -> None:
        self._config = config
        self._log = log
        self._context = trusting(config.ca)
        self._keys: KeySet | None = None
        self._fetched_at = 0.0
        self._is_failing = False
        self._unknown: dict[str | None, float] = {}
        self._fetching: asyncio.Task[None] | None = None

    @property
    def keys(self) -> KeySet | None:
        """The keys; None when there were none yet, or none for so long that they are stale."""
        age = monotonic() - self._fetched_at
        is_fresh = age <= self._config.expiry_minutes * SECONDS_PER_MINUTE
        return self._keys if is_fresh else None

    async def keep_fresh(self) -> None:
        """Fetch the keys now and then, for ever."""
        while True:
            await self._refresh()
            seconds = self._config.refresh_minutes * SECONDS_PER_MINUTE
            await asyncio.sleep(RETRY_SECONDS if self._is_failing else seconds)

    async def settle(self) -> None:
        """Wait for a fetch that is under way, but not long: the first clients come with it."""
        if self._fetching is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(WAIT_SECONDS):
                    await asyncio.shield(self._fetching)

    async def look_for(self, kid: str | None) -> bool:
        """Fetch the keys once because of one that is not among them; False when that is too often.

        Logins that wait for the same fetch share it.
        """
        now = monotonic()
        self._unknown = {k: t for k, t in self._unknown.items() if now - t < UNKNOWN_KEY_SECONDS}
        if kid in self._unknown or len(self._unknown) >= UNKNOWN_KEYS_MAX:
            return False
        self._unknown[kid] = now
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._refresh()
        except TimeoutError:
            return False
        return True

    async def _refresh(self) -> None:
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch())
        await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        try:
            keys = parse_key_set(await asyncio.to_thread(self._read))
        except (FetchError, KeySetError, StrictJsonError, OSError) as error:
            self._is_failing = True
            self._log.error(
                LogEvent.KEYS_UNAVAILABLE, issuer=self._config.issuer, reason=str(error)
            )
            return
        if self._is_failing or self._keys is None or _names(keys) != _names(self._keys):
            self._log.info(
                LogEvent.KEYS_FETCHED, issuer=self._config.issuer, kids=sorted(_names(keys))
            )
        self._keys, self._fetched_at, self._is_failing = keys, monotonic(), False

    def _read(self) -> bytes:
        place = self._config.keys
        if place is None:
            return fetch_document(self._discover(), self._context)
        if place.startswith("https:"):
            return fetch_document(place, self._context)
        return Path(place).read_bytes()

    def _discover(self) -> str:
        issuer = self._config.issuer
        described = parse_object(
            fetch_document(issuer.removesuffix("/") + _DISCOVERY, self._context)
        )
        if described.get("issuer") != issuer:
            # OpenID Connect Discovery section 4.3.
            raise FetchError(f"{issuer} describes itself as another issuer")
        return str(described.get("jwks_uri"))


def _names(keys: KeySet) -> set[str]:
    return {each.kid or "" for each in keys.keys}
