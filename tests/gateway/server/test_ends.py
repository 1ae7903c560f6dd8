"""The ends of a pump on real sockets: what they pass on, when they read, and how they close."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from gateway.server import ends as module
from gateway.server.ends import KEEPALIVE, BrokerEnd, ClientEnd, tune
from gateway.session import signals as on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

BUFFER_BYTES = 10_000
MIB = 1024 * 1024


class Listener:
    """Stands where the pump does and notes what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def tell(self, signal: on.Signal) -> None:
        """Note a signal."""
        self.told.append(signal)

    def regulate(self) -> None:
        """Note that a peer's pace has changed."""
        self.told.append("regulate")

    def client_lost(self) -> None:
        """Note the end of the client."""
        self.told.append("client lost")

    def broker_made(self, end: BrokerEnd) -> None:
        """Note the broker's connection."""
        self.told.append(end)

    def broker_lost(self, end: BrokerEnd) -> None:
        """Note the end of the broker."""
        self.told.append(("broker lost", end))

    @property
    def received(self) -> bytes:
        """Put together what came from the peer."""
        found = [each for each in self.told if isinstance(each, on.ClientBytes | on.BrokerBytes)]
        return b"".join(each.data for each in found)


async def eventually(is_true: Callable[[], bool]) -> None:
    """Wait until something has come about."""
    async with asyncio.timeout(10):
        while not is_true():
            await asyncio.sleep(0.005)


@pytest.fixture
def listener() -> Listener:
    """What stands in for the pump."""
    return Listener()


@asynccontextmanager
async def connected(end: ClientEnd | BrokerEnd) -> AsyncIterator[socket.socket]:
    """Connect an end, and hand out the peer's socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        loop = asyncio.get_running_loop()
        port = server.getsockname()[1]
        transport, _ = await loop.create_connection(lambda: end, "127.0.0.1", port)
        peer, _ = await loop.sock_accept(server)
        peer.settimeout(0)
        with peer:
            yield peer
        transport.abort()
        await eventually(lambda: end.is_lost)


def client_of(listener: Listener | None) -> ClientEnd:
    """Make a client's end that is accepted by this pump, or by none."""
    return ClientEnd(lambda _end, _transport: listener, BUFFER_BYTES)


def broker_of(listener: Listener) -> BrokerEnd:
    """Make a broker's end."""
    return BrokerEnd(listener, BUFFER_BYTES)


async def read(peer: socket.socket) -> bytes:
    """Read what the peer gets until the end."""
    found = b""
    while chunk := await asyncio.get_running_loop().sock_recv(peer, MIB):
        found += chunk
    return found


async def fill(end: ClientEnd | BrokerEnd) -> int:
    """Send until the end says that its peer does not keep up; return how much."""
    sent = 0
    while end.takes_bytes:
        end.send(bytes(MIB))
        sent += MIB
        await asyncio.sleep(0)
    return sent


async def test_a_clients_bytes_and_end_are_passed_on(listener: Listener) -> None:
    """A client that has only stopped sending still gets its answers."""
    end = client_of(listener)
    async with connected(end) as peer:
        peer.send(b"asked")
        peer.shutdown(socket.SHUT_WR)
        await eventually(lambda: end.has_ended)
        end.send(b"answered")
        end.close()

        assert await read(peer) == b"answered"
    assert listener.told == [
        on.ClientConnected(),
        on.ClientBytes(b"asked"),
        on.ClientEof(),
        "client lost",
    ]


async def test_a_client_that_is_not_accepted_is_closed() -> None:
    """Nothing that it sends or does matters any more."""
    end = client_of(None)
    async with connected(end) as peer:
        assert await read(peer) == b""
    for happens in (end.pause_writing, end.resume_writing, end.eof_received):
        happens()
    end.data_received(b"late")
    assert end.takes_bytes


async def test_a_client_whose_acceptance_fails_is_not_left_waiting() -> None:
    """The loop is told of the defect, and the connection is gone."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))

    def fail(_end: ClientEnd, _transport: asyncio.Transport) -> None:
        raise RuntimeError("no session today")

    end = ClientEnd(fail, BUFFER_BYTES)
    async with connected(end):
        await eventually(lambda: end.is_lost)

    assert "no session today" in str(told[0]["exception"])


async def test_a_client_whose_session_cannot_start_is_not_left_waiting(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pump's own failure closes the connection as well."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))

    def fail(_signal: on.Signal) -> None:
        raise RuntimeError("no start today")

    monkeypatch.setattr(listener, "tell", fail)
    end = ClientEnd(lambda _end, _transport: listener, BUFFER_BYTES)
    async with connected(end):
        await eventually(lambda: end.is_lost)

    assert "no start today" in str(told[0]["exception"])


async def test_a_brokers_bytes_and_end_are_passed_on(listener: Listener) -> None:
    """A broker that stops sending has ended as a whole."""
    end = broker_of(listener)
    async with connected(end) as peer:
        peer.send(b"answered")
        await eventually(lambda: listener.received == b"answered")
        peer.shutdown(socket.SHUT_WR)
        await eventually(lambda: end.is_lost)
    assert listener.told == [end, on.BrokerBytes(b"answered"), ("broker lost", end)]
    assert end.has_ended


@pytest.mark.parametrize("make", [client_of, broker_of])
async def test_a_slow_peer_is_noticed_and_its_recovery_too(
    listener: Listener, make: Callable[[Listener], ClientEnd | BrokerEnd]
) -> None:
    """The pump is told both times, and nothing is lost in between."""
    end = make(listener)
    async with connected(end) as peer:
        sent = await fill(end)
        told_slow = listener.told.count("regulate")
        received = 0
        while received < sent:
            received += len(await asyncio.get_running_loop().sock_recv(peer, MIB))
        await eventually(lambda: end.takes_bytes)

        assert (told_slow, listener.told.count("regulate")) == (1, 2)


async def test_an_end_is_read_only_when_wanted(listener: Listener) -> None:
    """What arrives meanwhile waits in the kernel, in order."""
    end = broker_of(listener)
    async with connected(end) as peer:
        for wanted in (False, False):
            end.read_if(wanted=wanted)
        peer.send(b"one")
        await asyncio.sleep(0.05)
        assert listener.received == b""

        end.read_if(wanted=True)
        peer.send(b" two")
        await eventually(lambda: listener.received == b"one two")


async def test_an_end_that_has_stopped_is_not_read_again(listener: Listener) -> None:
    """After the peer's end of file there is nothing but that end to read, for ever."""
    end = client_of(listener)
    async with connected(end) as peer:
        peer.shutdown(socket.SHUT_WR)
        await eventually(lambda: end.has_ended)
        end.read_if(wanted=False)
        end.read_if(wanted=True)
        await asyncio.sleep(0.02)

        assert listener.told == [on.ClientConnected(), on.ClientEof()]


async def test_the_peer_is_told_that_nothing_more_comes(listener: Listener) -> None:
    """All that was sent before arrives, and the other direction stays open."""
    end = broker_of(listener)
    async with connected(end) as peer:
        end.send(b"last")
        end.end_writing()

        assert await read(peer) == b"last"
        peer.send(b"and yet")
        await eventually(lambda: listener.received == b"and yet")


async def test_a_peer_that_does_not_take_the_rest_is_cut_off(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing waits for a slow peer, but not for one that reads nothing."""
    monkeypatch.setattr(module, "CLOSE_SECONDS", 0.1)
    end = broker_of(listener)
    async with connected(end) as peer:
        await fill(end)
        end.close()
        assert not end.is_lost
        await eventually(lambda: end.is_lost)

        assert peer.fileno() >= 0
    assert end.takes_bytes


async def test_a_closed_end_does_nothing_more(listener: Listener) -> None:
    """A pump may still want things of a connection that is going away."""
    end = broker_of(listener)
    async with connected(end) as peer:
        end.close()
        end.send(b"late")
        end.end_writing()
        end.close()
        end.read_if(wanted=False)

        assert await read(peer) == b""
    end.abort()


def test_an_end_that_was_never_connected_does_nothing() -> None:
    """A pump may want things of a connection that is not made yet."""
    end = broker_of(Listener())
    for wanted in (end.end_writing, end.close, end.abort):
        wanted()
    end.send(b"early")
    end.read_if(wanted=False)

    assert not end.is_lost


def test_small_frames_leave_at_once_and_dead_peers_are_noticed() -> None:
    """The options are set on the socket; those that a system lacks are left out."""
    with socket.socket() as made:
        tune(made)

        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        found = {
            name: made.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in KEEPALIVE
            if hasattr(socket, name)
        }
    assert found == {name: KEEPALIVE[name] for name in found}


def test_a_system_without_an_option_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS there is no TCP_KEEPIDLE."""
    monkeypatch.delattr(socket, "TCP_KEEPIDLE", raising=False)
    with socket.socket() as made:
        tune(made)

        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
