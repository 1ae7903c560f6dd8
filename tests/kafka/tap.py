"""A tap on the wire: it stands where clients expect the gateway, and keeps what it passes on.

It takes the gateway's ports on another address of this machine, which the gateway advertises, so
that clients meet the tap wherever they are sent. Only Linux has the whole of 127.0.0.0/8 without
set-up.
"""

from __future__ import annotations

import asyncio
import re
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.wire.headers import read_request_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TAP_HOST = "127.0.0.2"
# Where brokers are; what they say of their clients ("/127.0.0.1") is another matter.
BROKER_HOST = re.compile(rb"(?<!/)127\.0\.0\.1")
CHUNK_BYTES = 1 << 16
SIZE_BYTES = 4


@dataclass(eq=False)
class Wire:
    """One connection: what each side said."""

    port: int
    from_client: bytearray = field(default_factory=bytearray)
    to_client: bytearray = field(default_factory=bytearray)

    def exchanges(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield API key, version and answer of each request that was answered."""
        answers = {frame[:4]: frame for frame in _frames(bytes(self.to_client))}
        for frame in _frames(bytes(self.from_client)):
            header, _ = read_request_header(frame)
            answer = answers.get(header.correlation_id.to_bytes(4, signed=True))
            if answer is not None:
                yield header.api_key, header.api_version, answer


def leaks(wires: Iterable[Wire]) -> list[Wire]:
    """List the connections on which a client was told where a broker is."""
    return [wire for wire in wires if BROKER_HOST.search(bytes(wire.to_client))]


def _frames(stream: bytes) -> list[bytes]:
    frames = []
    start = SIZE_BYTES
    while start <= len(stream):
        end = start + int.from_bytes(stream[start - SIZE_BYTES : start])
        if end > len(stream):
            break
        frames.append(stream[start:end])
        start = end + SIZE_BYTES
    return frames


@contextmanager
def tapped(host: str, ports: range) -> Iterator[list[Wire]]:
    """Tap these ports of a host until the end of the block; the list grows by each connection."""
    wires: list[Wire] = []
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    servers = asyncio.run_coroutine_threadsafe(_listen(host, ports, wires), loop).result()
    try:
        yield wires
    finally:
        asyncio.run_coroutine_threadsafe(_close(servers), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _listen(host: str, ports: range, wires: list[Wire]) -> list[asyncio.Server]:
    def serve(port: int) -> asyncio.Task[asyncio.Server]:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            wire = Wire(port)
            wires.append(wire)
            await _join(reader, writer, (host, port), wire)

        return asyncio.ensure_future(asyncio.start_server(connected, TAP_HOST, port))

    return list(await asyncio.gather(*(serve(port) for port in ports)))


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    address: tuple[str, int],
    wire: Wire,
) -> None:
    with suppress(OSError):
        far_reader, far_writer = await asyncio.open_connection(*address)
        await asyncio.gather(
            _pass_on(reader, far_writer, wire.from_client),
            _pass_on(far_reader, writer, wire.to_client),
        )
    writer.close()


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray
) -> None:
    with suppress(OSError):
        while chunk := await reader.read(CHUNK_BYTES):
            kept += chunk
            writer.write(chunk)
            await writer.drain()
    writer.close()


async def _close(servers: list[asyncio.Server]) -> None:
    for server in servers:
        server.close()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
