"""The gateway's login at a broker, made anew on a connection that goes on (KIP-368).

Its requests take their place in the pipeline, where their answers are told by it: clients number
their own requests as they like. While they are under way nothing of the client is taken, for the
broker takes nothing else in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.session.broker_login import CORRELATION_ID
from gateway.session.effects import Effect, PrepareLogin
from gateway.session.pipeline import Exchange
from gateway.wire.api_keys import ApiKey
from gateway.wire.headers import RequestHeader

if TYPE_CHECKING:
    from gateway.session.broker_login import BrokerLogin
    from gateway.session.pipeline import Pipeline
    from gateway.session.upstream import Upstream

# Java's client renews somewhere between 85 % and 95 %.
LIFE_SHARE_PERCENT = 85
NS_PER_MS = 1_000_000
RETRY_NS = 1_000_000_000


class Renewal:
    """When the login must be renewed, and how far that is."""

    __slots__ = ("_due_ns", "_is_asked", "_is_over", "_login", "_pipeline", "_upstream")

    def __init__(self, pipeline: Pipeline, upstream: Upstream) -> None:
        self._pipeline = pipeline
        self._upstream = upstream
        self._login: BrokerLogin | None = None
        self._is_asked = False
        self._is_over = False
        self._due_ns: int | None = None

    @property
    def is_running(self) -> bool:
        """Whether the broker is about to be asked, or to answer."""
        return self._login is not None

    @property
    def _may_begin(self) -> bool:
        # Nothing may follow an answer that ends the connection, or one that may turn out to.
        return not (self._is_over or self._pipeline.is_ending or self._pipeline.is_deciding)

    def restart(self, lifetime_ms: int, now_ns: int) -> None:
        """Count from a login that was just made; 0 lasts for ever."""
        assert lifetime_ms >= 0, "a login has not run out before it was made"
        lasts_ns = lifetime_ms * NS_PER_MS * LIFE_SHARE_PERCENT // 100
        self._due_ns = now_ns + lasts_ns if lifetime_ms else None

    def connected(self, lifetime_ms: int, now_ns: int) -> list[Effect]:
        """Send what waited for the connection, and count from its login."""
        self.restart(lifetime_ms, now_ns)
        return self._upstream.connected()

    def stop(self) -> None:
        """Begin nothing more; a login under way goes on to its end."""
        self._is_over = True

    def ask(self, now_ns: int) -> list[Effect]:
        """Ask for what a login takes, when it is time for one."""
        if self._due_ns is None or now_ns < self._due_ns or self._is_asked or not self._may_begin:
            return []
        self._is_asked = True
        return [PrepareLogin()]

    def begin(self, login: BrokerLogin | None, now_ns: int) -> list[Effect]:
        """Begin, or try again a little later when there is nothing to begin with."""
        self._is_asked = False
        if login is None or not self._may_begin:
            self._due_ns = now_ns + RETRY_NS
            return []
        assert self._login is None, "one login is under way at a time"
        self._due_ns = None
        self._login = login
        return self._send(login.begin(), now_ns)

    def take(self, exchange: Exchange, frame: bytes, now_ns: int) -> list[Effect]:
        """Take the broker's answer to one of our requests.

        Raises LoginError where it refuses, WireError for what is no answer.
        """
        assert self._login is not None, "only what was asked is answered"
        assert exchange.is_own, "clients are answered elsewhere"
        request = self._login.take(frame)
        exchange.reply = b""
        if request is not None:
            return self._send(request, now_ns)
        self.restart(self._login.lifetime_ms, now_ns)
        self._login = None
        return []

    def _send(self, request: bytes, now_ns: int) -> list[Effect]:
        self._pipeline.add(
            Exchange(ordinal=-1, header=_HEADER, began_ns=now_ns, is_forwarded=True, is_own=True)
        )
        return self._upstream.send(request)


_HEADER = RequestHeader(
    api_key=ApiKey.SASL_AUTHENTICATE, api_version=1, correlation_id=CORRELATION_ID, client_id=None
)
