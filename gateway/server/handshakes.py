"""A port with TLS: connections are accepted here and let in when their handshake has ended well."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from gateway.server.ends import CLOSE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from gateway.server.ends import ClientEnd
    from gateway.server.tls import LiveContext

BACKLOG = 512
# Without free file descriptors every accept fails at once.
ACCEPT_PAUSE_SECONDS = 0.5


class Blame(Enum):
    """What kind of failure a handshake ended in."""

    NO_TLS = "no TLS"
    CERTIFICATE = "client certificate refused"
    OTHER = "handshake failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a handshake failed, in words for the operator."""

    blame: Blame
    message: str


_NO_TLS = {
    "WRONG_VERSION_NUMBER": "the client did not begin TLS: is its security.protocol PLAINTEXT or "
    "SASL_PLAINTEXT while this port wants SSL or SASL_SSL?",
    "HTTP_REQUEST": "the client spoke HTTP: is a browser or a health check using this port?",
}
_CERTIFICATE = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the client showed no certificate, which is required",
}
_OTHER = {
    "UNSUPPORTED_PROTOCOL": "the client knows no version of TLS that is new enough",
    "NO_SHARED_CIPHER": "the client knows no cipher that the gateway takes",
    "PACKET_LENGTH_TOO_LONG": "the client sent what is no TLS",
}
_KNOWN = (
    (Blame.NO_TLS, _NO_TLS),
    (Blame.CERTIFICATE, _CERTIFICATE),
    (Blame.OTHER, _OTHER),
)
# What Java, OpenSSL and others answer to a certificate that they do not trust.
_DISTRUST = ("UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "CERTIFICATE_EXPIRED")


def explain(error: OSError) -> Failure:
    """Say what a failed handshake means; nothing in it comes from the peer's bytes."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(Blame.CERTIFICATE, f"the client's certificate: {error.verify_message}")
    reason = getattr(error, "reason", None) or ""
    for blame, messages in _KNOWN:
        if reason in messages:
            return Failure(blame, messages[reason])
    return Failure(Blame.OTHER, _in_words(error, reason))


def _in_words(error: OSError, reason: str) -> str:
    if reason.endswith(_DISTRUST):
        return "the client does not trust the gateway's certificate: does it know its authority?"
    if isinstance(error, ConnectionAbortedError):
        return "the handshake took too long"
    if isinstance(error, ConnectionError):
        return "the client closed the connection amid the handshake"
    return reason.lower().replace("_", " ") or type(error).__name__


Peer = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """What a port with TLS asks and tells its listener."""

    may_shake: Callable[[Peer, Peer], bool]
    """Asked for each connection, with its ends, before anything is spent on it."""
    let_in: Callable[[], ClientEnd]
    failed: Callable[[Peer, Peer, Failure], None]


class TlsPort:
    """Listening sockets of one host and port, and the handshakes under way.

    A handshake costs the others nothing but its arithmetic; it has a time of its own.
    """

    def __init__(
        self, sockets: list[socket.socket], context: LiveContext, seconds: float, arrivals: Arrivals
    ) -> None:
        self._sockets = sockets
        self._context = context
        self._seconds = seconds
        self._arrivals = arrivals
        self._shaking: set[asyncio.Task[None]] = set()
        loop = asyncio.get_running_loop()
        self._accepting = [loop.create_task(self._accept(each)) for each in sockets]

    @property
    def handshake_count(self) -> int:
        """How many handshakes are under way."""
        return len(self._shaking)

    def close(self) -> None:
        """Accept nobody new, and give up the handshakes; open connections go on."""
        for task in [*self._accepting, *self._shaking]:
            task.cancel()
        for each in self._sockets:
            each.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError:
                await asyncio.sleep(ACCEPT_PAUSE_SECONDS)
                continue
            self._start(self._shake_hands(connection))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._shaking.add(task)
        task.add_done_callback(self._shaking.discard)

    async def _shake_hands(self, connection: socket.socket) -> None:
        try:
            peer, local = connection.getpeername()[:2], connection.getsockname()[:2]
        except OSError:
            connection.close()  # it is gone already
            return
        if not self._arrivals.may_shake(peer, local):
            connection.close()
            return
        connection.settimeout(0)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._arrivals.let_in,
                connection,
                ssl=self._context.current,
                ssl_handshake_timeout=self._seconds,
                ssl_shutdown_timeout=CLOSE_SECONDS,
            )
        except OSError as error:
            self._arrivals.failed(peer, local, explain(error))


async def open_sockets(host: str, port: int) -> list[socket.socket]:
    """Bind a port on every address that the host stands for; raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    opened = []
    try:
        for family, kind, _, _, address in dict.fromkeys(found):
            listening = socket.socket(family, kind)
            opened.append(listening)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listening.settimeout(0)
            listening.bind(address)
            listening.listen(BACKLOG)
    except OSError:
        for each in opened:
            each.close()
        raise
    return opened
