"""Connections to brokers: TLS and the gateway's own login, before anybody uses them."""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from typing import TYPE_CHECKING, cast

from gateway.config.sasl import PasswordSasl
from gateway.identity.client_mechanism import LoginError, PlainClient, ScramClient, TokenClient
from gateway.server.ends import CLOSE_SECONDS
from gateway.server.tls import LiveContext, upstream_context
from gateway.server.upstream_tokens import CredentialError, TokenSource, read_secret
from gateway.session.broker_login import BrokerLogin
from gateway.wire.errors import WireError
from gateway.wire.frames import FrameBuffer

if TYPE_CHECKING:
    from gateway.config.model import Upstream
    from gateway.config.sasl import TokenSasl
    from gateway.identity.client_mechanism import ClientMechanism
    from gateway.server.ends import BrokerEnd

Address = tuple[str, int]

# Metadata of a cluster with 100,000 partitions is about 10 MB.
ANSWER_BYTES_MAX = 64 * 1024 * 1024


class DialError(Exception):
    """A broker cannot be used: where, and what to do."""


class BrokerLink(asyncio.Protocol):
    """A connection on which the gateway itself asks, one question at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._frames = FrameBuffer(frame_bytes_max=ANSWER_BYTES_MAX)
        self._answer: asyncio.Future[bytes] | None = None
        self._is_lost = False
        self.lifetime_ms = 0
        """For how long the broker lets us in by the login, 0 for ever."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take the answer, or what is none."""
        try:
            frames = self._frames.feed(data)
        except WireError as error:
            self._fail(error)
            return
        for frame in frames:
            if self._answer is not None and not self._answer.done():
                self._answer.set_result(frame)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Let nobody wait for what does not come."""
        self._is_lost = True
        self._fail(_closed())

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    async def ask(self, request: bytes) -> bytes:
        """Send a whole request and return the answer's frame; raises OSError and WireError."""
        assert self._transport is not None, "a connection is made before it is used"
        if self._is_lost:
            raise _closed()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def hand_over(self, end: BrokerEnd) -> None:
        """Let a session have the connection."""
        assert self._transport is not None, "a connection is made before it is used"
        if self._is_lost:
            raise _closed()
        self._transport.set_protocol(end)
        end.connection_made(self._transport)

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()


def _closed() -> ConnectionError:
    return ConnectionResetError(
        "the broker closed the connection: does its port want TLS or SASL, or another login?"
    )


class Dialer:
    """Makes connections to brokers as `upstream` says."""

    def __init__(self, upstream: Upstream) -> None:
        self._options = upstream
        self.context: LiveContext | None = None
        if upstream.tls is not None:
            make = partial(upstream_context, upstream.tls)
            self.context = LiveContext(make, upstream.tls.files)
        sasl = upstream.sasl
        is_password = sasl is None or isinstance(sasl, PasswordSasl)
        self._tokens = None if is_password else TokenSource(cast("TokenSasl", sasl))

    async def dial(self, address: Address) -> BrokerLink:
        """Connect and log in; raises DialError."""
        link = None
        try:
            link = await self._connect(address)
            await self._log_in(link)
        except (OSError, WireError, LoginError, CredentialError) as error:
            if link is not None:
                link.abort()
            raise DialError(f"{self._called(address)}: {self._explain(error)}") from None
        except BaseException:
            # Whoever asked is gone, or was in a hurry.
            if link is not None:
                link.abort()
            raise
        return link

    async def _connect(self, address: Address) -> BrokerLink:
        loop = asyncio.get_running_loop()
        if self.context is None or self._options.tls is None:
            _, link = await loop.create_connection(BrokerLink, *address)
            return link
        _, link = await loop.create_connection(
            BrokerLink,
            *address,
            ssl=self.context.current,
            server_hostname=self._options.tls.server_name or address[0],
            ssl_shutdown_timeout=CLOSE_SECONDS,
        )
        return link

    async def _log_in(self, link: BrokerLink) -> None:
        mechanism = await self.mechanism()
        if mechanism is None:
            return
        login = BrokerLogin(mechanism)
        request: bytes | None = login.begin()
        while request is not None:
            request = login.take(await link.ask(request))
        link.lifetime_ms = login.lifetime_ms

    async def mechanism(self) -> ClientMechanism | None:
        """Return what a login takes, None where brokers want none; raises CredentialError."""
        sasl = self._options.sasl
        if self._tokens is not None:
            return TokenClient(await self._tokens.token())
        if not isinstance(sasl, PasswordSasl):
            return None
        password = read_secret(sasl.password_file)
        if sasl.mechanism == "PLAIN":
            return PlainClient(sasl.username, password)
        return ScramClient(sasl.mechanism, sasl.username, password)

    def _called(self, address: Address) -> str:
        return f"{address[0]}:{address[1]}"

    def _explain(self, error: Exception) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"the broker's certificate: {error.verify_message}: "
                "check upstream.tls (ca, server_name)"
            )
        if isinstance(error, ssl.SSLError):
            words = (error.reason or "no TLS").lower().replace("_", " ")
            return f"TLS failed: {words}: does this port speak TLS, and want our certificate?"
        if isinstance(error, LoginError) and self._options.sasl is not None:
            return f"{error}: check upstream.sasl ({self._options.sasl.mechanism})"
        return str(error) or type(error).__name__
