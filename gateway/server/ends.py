"""The two ends of a pump: transports with flow state, and nothing that decides."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Protocol, cast

from gateway.evidence.failpoints import Failpoint, reach
from gateway.session import signals as on

if TYPE_CHECKING:
    from collections.abc import Callable

# How long a peer may take to accept what is still unsent when its connection is closed.
CLOSE_SECONDS = 10.0
# A peer that has vanished is noticed after 60 + 4 * 15 seconds of silence.
KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}


class Owner(Protocol):
    """The pump as its ends know it: whom they tell what happens to them."""

    def tell(self, signal: on.Signal) -> None:
        """Take in what came from a peer."""

    def regulate(self) -> None:
        """Take in that an end accepts bytes again, or no more."""

    def client_lost(self) -> None:
        """Take in that the client is gone."""

    def broker_made(self, end: BrokerEnd) -> None:
        """Take in that the connection to the broker stands."""

    def broker_lost(self, end: BrokerEnd) -> None:
        """Take in that a broker is gone."""


class _End(asyncio.Protocol):
    """One connection's transport: whether it takes bytes, is read, has ended, is gone."""

    def __init__(self, write_buffer_bytes: int) -> None:
        self.takes_bytes = True
        self.has_ended = False
        self.is_lost = False
        self._write_buffer_bytes = write_buffer_bytes
        self._transport: asyncio.Transport | None = None
        self._is_read = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Set the connection up."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=self._write_buffer_bytes)
        tune(self._transport.get_extra_info("socket"))

    def connection_lost(self, _exc: Exception | None) -> None:
        """Note that the connection is gone; why is no matter: the session saw how far it came."""
        self.is_lost = True
        self.takes_bytes = True
        if self._deadline is not None:
            self._deadline.cancel()

    def send(self, data: bytes) -> None:
        """Hand bytes to the transport; a connection that is going away takes none."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def read_if(self, *, wanted: bool) -> None:
        """Read from the connection, or leave what arrives to the peer's and kernel's buffers."""
        # After the peer's end of file there is nothing to read but that end again.
        if self._transport is None or self._transport.is_closing() or self.has_ended:
            return
        if wanted == self._is_read:
            return
        self._is_read = wanted
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    @property
    def has_tls(self) -> bool:
        """Whether the connection is one of TLS."""
        return self._transport is not None and not self._transport.can_write_eof()

    def end_writing(self) -> None:
        """Flush, then tell the peer that nothing more comes; over TLS that is the end of both."""
        if self.has_tls:
            self.close()
        elif self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()

    def close(self) -> None:
        """Flush, then close; a peer that does not take the rest in time is cut off."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.close()
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(CLOSE_SECONDS, self._transport.abort)

    def abort(self) -> None:
        """Close at once and drop what is unsent."""
        if self._transport is not None:
            self._transport.abort()


class ClientEnd(_End):
    """The client's connection; `accept` makes its pump, or None to refuse it."""

    def __init__(
        self,
        accept: Callable[[ClientEnd, asyncio.Transport], Owner | None],
        write_buffer_bytes: int,
    ) -> None:
        super().__init__(write_buffer_bytes)
        self._accept = accept
        self._pump: Owner | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the pump, or close a connection that was not accepted."""
        try:
            super().connection_made(transport)
            self._pump = self._accept(self, cast("asyncio.Transport", transport))
            if self._pump is None:
                transport.close()
            else:
                self._pump.tell(on.ClientConnected())
        except BaseException:
            # The loop reports it, and would leave the client waiting for ever.
            self.abort()
            raise

    def data_received(self, data: bytes) -> None:
        """Pass on what the client sent."""
        if self._pump is not None:
            self._pump.tell(on.ClientBytes(data))

    def eof_received(self) -> bool:
        """Keep the connection: a client that has only stopped sending still gets its answers."""
        self.has_ended = True
        if self._pump is not None:
            self._pump.tell(on.ClientEof())
        # TLS has no half-open connections: what is written now is flushed, and then it is over.
        return self._pump is not None and not self.has_tls

    def connection_lost(self, _exc: Exception | None) -> None:
        """Pass on that the client is gone."""
        super().connection_lost(_exc)
        if self._pump is not None:
            self._pump.client_lost()

    def pause_writing(self) -> None:
        """Note that the client is slow."""
        self.takes_bytes = False
        if self._pump is not None:
            self._pump.regulate()

    def resume_writing(self) -> None:
        """Note that the client has caught up."""
        self.takes_bytes = True
        if self._pump is not None:
            self._pump.regulate()


class BrokerEnd(_End):
    """The broker's connection."""

    def __init__(self, pump: Owner, write_buffer_bytes: int) -> None:
        super().__init__(write_buffer_bytes)
        self._pump = pump

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Pass on that the connection stands."""
        super().connection_made(transport)
        self._pump.broker_made(self)

    def data_received(self, data: bytes) -> None:
        """Pass on what the broker sent."""
        reach(Failpoint.ANSWER_RECEIVED)
        self._pump.tell(on.BrokerBytes(data))

    def eof_received(self) -> None:
        """Let the transport close: a broker does not go on reading when it has stopped sending."""
        self.has_ended = True

    def connection_lost(self, _exc: Exception | None) -> None:
        """Pass on that the broker is gone."""
        super().connection_lost(_exc)
        self._pump.broker_lost(self)

    def pause_writing(self) -> None:
        """Note that the broker is slow."""
        self.takes_bytes = False
        self._pump.regulate()

    def resume_writing(self) -> None:
        """Note that the broker has caught up."""
        self.takes_bytes = True
        self._pump.regulate()


def tune(connection: socket.socket) -> None:
    """Send small frames at once, and notice a peer that has vanished."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        option = getattr(socket, name, None)  # macOS lacks TCP_KEEPIDLE
        if option is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
