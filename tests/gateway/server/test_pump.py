"""The pump between real sockets: neither a slow broker nor a slow client fills its memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gateway.evidence.event import EventKind
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import default_body
from tests.gateway.server.peers import Served, config_for, peer, request, stuck_peer, taken_bytes

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024 * 1024


def produce(payload: bytes, *, acks: int = 1) -> bytes:
    """Encode a Produce request with something in place of records."""
    body = default_body(ApiKey.PRODUCE, 9, response=False)
    partition = {"index": 0, "records": memoryview(payload)}
    body |= {"acks": acks, "timeout_ms": 1000}
    body["topic_data"] = [{"name": "t", "partition_data": [partition]}]
    return request(ApiKey.PRODUCE, 9, body)


async def test_a_broker_that_does_not_read_stops_the_client(tmp_path: Path) -> None:
    """The client can send little more than the buffers between it and the stuck broker hold."""
    async with stuck_peer() as port:
        config = config_for(tmp_path, upstream=[port], drain_seconds=0)
        async with Served(config) as served:
            _, writer = await served.connect()
            sent = await taken_bytes(writer, produce(b"x" * 100_000), at_most=200 * MIB)
            writer.transport.abort()

    assert sent < 32 * MIB


async def test_a_client_that_reads_no_answers_is_not_read(tmp_path: Path) -> None:
    """Requests that the gateway answers itself cannot pile up answers for a client that is deaf."""
    too_new = request(ApiKey.API_VERSIONS, 0)
    too_new = too_new[:6] + (99).to_bytes(2, "big") + too_new[8:]
    async with Served(config_for(tmp_path, upstream=[1], drain_seconds=0)) as served:
        _, writer = await served.connect()
        sent = await taken_bytes(writer, too_new * 500, at_most=200 * MIB)
        writer.transport.abort()

    assert sent < 32 * MIB


async def test_a_request_is_recorded_before_it_is_forwarded(tmp_path: Path) -> None:
    """When the broker has a request in its hands, the journal on disk has its event."""
    seen: list[list[EventKind]] = []

    async def look(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(8)
        if first[4:6] == b"\0\0":
            seen.append([event.kind for event in served.events()])
        writer.close()

    async with peer(look) as port, Served(config_for(tmp_path, upstream=[port])) as served:
        reader, writer = await served.connect()
        writer.write(produce(b"x" * 100))

        assert await reader.read() == b""

    assert seen[0][-1] is EventKind.PRODUCE


async def test_bytes_behind_a_client_that_has_closed_reach_the_broker(tmp_path: Path) -> None:
    """A producer that waits for no answers may close as soon as it has sent: nothing is dropped."""
    received = asyncio.get_running_loop().create_future()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        content = await reader.read()
        writer.close()
        if content[4:6] == b"\0\0":
            received.set_result(len(content))

    message = produce(b"x" * 500_000, acks=0)
    async with peer(take) as port, Served(config_for(tmp_path, upstream=[port])) as served:
        _, writer = await served.connect()
        writer.write(message * 4)
        writer.close()
        async with asyncio.timeout(5):
            assert await received == 4 * len(message)
    assert served.told(EventKind.SESSION_CLOSE)[0]["reason"] == "client_closed"
