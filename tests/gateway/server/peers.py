"""What the tests of the server share: a configuration, a worker in this loop, and bare clients."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager, suppress
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, Self

import structlog
import uvloop

from gateway.config.authentication import NoAuthentication, PlainAuthentication
from gateway.config.model import (
    Config,
    Limits,
    Listener,
    Nodes,
    Upstream,
)
from gateway.evidence.journal import JournalEntry, JournalWriter, journal_files, read_journal
from gateway.server.recorder import Recorder
from gateway.server.worker import Worker
from gateway.wire.frames import frame
from gateway.wire.headers import RequestHeader
from gateway.wire.messages import decode_response, default_body, encode_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
    from pathlib import Path

    from gateway.evidence.event import Event, EventKind
    from gateway.server.commit import GroupCommit
    from gateway.server.level import Gate
    from gateway.server.recorder import Journal
    from gateway.wire.api_keys import ApiKey
    from gateway.wire.readers import Body

NODE_COUNT = 2
Given = ParamSpec("Given")


def on_uvloop(
    test: Callable[Given, Coroutine[None, None, None]],
) -> Callable[Given, None]:
    """Run a test with the loop that the gateway uses: its TLS is not that of asyncio."""

    @wraps(test)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def free_ports(count: int) -> int:
    """Find the first of several neighbouring ports that are free now."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            first: int = probe.getsockname()[1]
        if first + count < 65_536 and all(is_free(first + n) for n in range(count)):
            return first


def is_free(port: int) -> bool:
    """Tell whether a port can be bound."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def config_for(
    folder: Path,
    *,
    upstream: Iterable[int],
    first_node_id: int = 0,
    authentication: NoAuthentication | PlainAuthentication | None = None,
    **limits: int,
) -> Config:
    """Make a configuration on free ports with one listener and two node ids."""
    port = free_ports(1 + NODE_COUNT)
    return Config(
        instance="test",
        archive=folder / "archive",
        journal=folder / "journal",
        upstream=Upstream(
            bootstrap=tuple(f"127.0.0.1:{number}" for number in upstream),
            connect_timeout_ms=500,
            request_timeout_ms=300,
        ),
        listeners=(
            Listener(
                name="clients",
                port=port,
                nodes=Nodes(first_port=port + 1, first_node_id=first_node_id, count=NODE_COUNT),
                authentication=authentication or NoAuthentication(type="none"),
            ),
        ),
        limits=Limits(**limits),
    )


class Served:
    """A worker that serves in this event loop, with the journal it writes."""

    def __init__(
        self,
        config: Config,
        journal: Journal | None = None,
        commit: GroupCommit | None = None,
        gates: Sequence[Gate] = (),
    ) -> None:
        self.config = config
        self.log = structlog.get_logger()
        self.journal = journal or JournalWriter(
            config.journal_directory(),
            origin=config.origin(),
            boot_id="boot",
            next_sequence=0,
            file_bytes_max=config.limits.journal_file_bytes,
        )
        self.recorder = Recorder(
            self.journal,
            journal_bytes_max=config.limits.journal_bytes_max,
            log=self.log,
            commit=commit,
        )
        self.worker = Worker(config, self.recorder, self.log, gates)
        self.serving: asyncio.Task[None] | None = None
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def port(self) -> int:
        """The bootstrap port."""
        return self.config.listeners[0].port

    async def __aenter__(self) -> Self:
        """Serve, and return once the ports are bound."""
        self.serving = asyncio.create_task(self.worker.serve())
        async with asyncio.timeout(5):
            last = self.port + (NODE_COUNT if self.config.listeners[0].nodes.ports else 0)
            while is_free(last) and not self.serving.done():
                await asyncio.sleep(0.005)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, and raise whatever ended the worker."""
        self.worker.stop()
        try:
            if self.serving is not None:
                await self.serving
        finally:
            for writer in self._writers:
                writer.transport.abort()
            # The transports' last callbacks.
            await asyncio.sleep(0.01)

    async def connect(
        self, *, node_id: int | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect as a client, to the bootstrap port or to a node's."""
        nodes = self.config.listeners[0].nodes.ports
        port = self.port if node_id is None else nodes[node_id]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self.keep(writer)
        return reader, writer

    def keep(self, writer: asyncio.StreamWriter) -> None:
        """End a client's connection with the worker."""
        self._writers.append(writer)

    def events(self) -> list[Event]:
        """Read what the journal holds."""
        return [
            entry.event
            for file in journal_files(self.config.journal_directory())
            for entry in read_journal(file)
            if isinstance(entry, JournalEntry) and entry.event is not None
        ]

    def told(self, kind: EventKind) -> list[dict[str, object]]:
        """Read the details of all events of a kind."""
        return [json.loads(each.detail or "{}") for each in self.events() if each.kind is kind]


@asynccontextmanager
async def peer(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """Listen on a free port and serve each connection as told; all of them end with the peer."""
    writers = []

    async def track(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(track, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


@asynccontextmanager
async def stuck_peer() -> AsyncIterator[int]:
    """Listen on a free port, accept everybody and read nothing, ever."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port: int = listening.getsockname()[1]
        yield port


def request(api_key: ApiKey, version: int, body: Body | None = None) -> bytes:
    """Encode a request with its size prefix."""
    header = RequestHeader(
        api_key=api_key, api_version=version, correlation_id=7, client_id="test", tags={}
    )
    return frame(encode_request(header, body or default_body(api_key, version, response=False)))


async def ask(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    api_key: ApiKey,
    version: int,
    body: Body | None = None,
) -> Body:
    """Send a request and return the answer's body."""
    reader, writer = connection
    writer.write(request(api_key, version, body))
    size = int.from_bytes(await reader.readexactly(4), "big")
    return decode_response(await reader.readexactly(size), api_key, version).body


async def taken_bytes(writer: asyncio.StreamWriter, chunk: bytes, *, at_most: int) -> int:
    """Send the same bytes again and again until the other side takes no more for half a second."""
    sent = 0
    writer.transport.set_write_buffer_limits(high=0)
    while sent < at_most:
        writer.write(chunk)
        sent += len(chunk)
        try:
            async with asyncio.timeout(0.5):
                await writer.drain()
        except TimeoutError:
            return sent
    return sent
