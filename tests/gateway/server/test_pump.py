"""The pump between real sockets: neither a slow broker nor a slow client fills its memory."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
from base64 import urlsafe_b64decode
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import pytest
import structlog
from confluent_kafka import TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from gateway.config.authentication import PlainAuthentication, User
from gateway.evidence.errors import JournalError
from gateway.evidence.event import EventKind
from gateway.identity.passwords import hash_password
from gateway.server.ends import BrokerEnd
from gateway.server.recorder import Recording, RecordingStoppedError
from gateway.session.effects import SendBroker
from gateway.session.session import Session
from gateway.session.signals import ClientBytes
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import default_body
from tests.gateway.server.peers import (
    Served,
    ask,
    config_for,
    peer,
    request,
    stuck_peer,
    taken_bytes,
)
from tests.gateway.session.conversation import batch, fetch, fetched

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from gateway.evidence.event import Event
    from gateway.server.pump import Pump
    from gateway.session.effects import Effect
    from gateway.session.signals import Instant, Signal
    from workbench.demo.cluster import Cluster

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


# With a broker that answers.


@asynccontextmanager
async def served_before(
    cluster: Cluster, folder: Path, user: User | None = None
) -> AsyncIterator[Served]:
    """Serve in front of the small broker, for anybody or for one user."""
    plain = None
    if user is not None:
        plain = PlainAuthentication(type="plain", allow_plaintext=True, users=(user,))
    port = int(cluster.bootstrap.rpartition(":")[2])
    config = config_for(
        folder, upstream=[port], first_node_id=cluster.node_ids[0], authentication=plain
    )
    async with Served(config) as served:
        yield served


async def test_answers_name_the_gateways_own_ports(tmp_path: Path, cluster: Cluster) -> None:
    """A client never learns where the broker is, on whichever port it asks."""
    (node,) = cluster.node_ids
    body = default_body(ApiKey.METADATA, 12, response=False) | {"topics": []}
    async with served_before(cluster, tmp_path) as served:
        answers = [
            await ask(await served.connect(node_id=place), ApiKey.METADATA, 12, body)
            for place in (None, node)
        ]

    assert [answer["brokers"] for answer in answers] == [
        [{"node_id": node, "host": "127.0.0.1", "port": served.port + 1, "rack": None}]
    ] * 2
    assert len(served.told(EventKind.EXCHANGE)) == 2


@pytest.mark.parametrize(("typed", "is_right"), [("secret", True), ("wrong", False)])
async def test_a_password_is_checked_beside_the_loop(
    tmp_path: Path, cluster: Cluster, typed: str, *, is_right: bool
) -> None:
    """The right one lets in, the wrong one ends the connection."""
    user = User(name="alice", password_hash=hash_password("secret"))
    token = f"\0alice\0{typed}".encode()
    async with served_before(cluster, tmp_path, user) as served:
        reader, writer = await served.connect()
        await ask((reader, writer), ApiKey.SASL_HANDSHAKE, 1, {"mechanism": "PLAIN"})
        told = await ask((reader, writer), ApiKey.SASL_AUTHENTICATE, 2, {"auth_bytes": token})
        if is_right:
            await ask((reader, writer), ApiKey.LIST_GROUPS, 4)
        else:
            assert await reader.read() == b""

    assert (told["error_code"] == 0) == is_right
    assert len(served.told(EventKind.SESSION_REJECTED)) == (not is_right)


async def test_a_topic_id_is_named_before_its_request_goes_on(
    tmp_path: Path, cluster: Cluster
) -> None:
    """The evidence of a request by id names the topic, which the gateway had never heard of."""
    name = f"named-{secrets.token_hex(4)}"
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(10)
    described = admin.describe_topics(TopicCollection([name]))[name].result(10)
    topic = {"name": None, "topic_id": urlsafe_b64decode(f"{described.topic_id}==")}
    body = default_body(ApiKey.DELETE_TOPICS, 6, response=False)
    async with served_before(cluster, tmp_path) as served:
        await ask(
            await served.connect(),
            ApiKey.DELETE_TOPICS,
            6,
            body | {"topics": [topic], "timeout_ms": 5_000},
        )

    (intent,) = served.told(EventKind.INTENT)
    assert name in str(intent)


# When something goes wrong.


def pumps(served: Served) -> list[Pump]:
    """Return the pumps of the connections that are open."""
    return list(served.worker._listeners.pumps)


async def test_a_defect_ends_one_session_and_is_logged(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of our own must not cost the other clients anything."""
    handle = Session.handle
    broken: list[Session] = []

    def fail(session: Session, signal: Signal, now: Instant) -> list[Effect]:
        if session in broken and isinstance(signal, ClientBytes):
            raise ZeroDivisionError
        return handle(session, signal, now)

    monkeypatch.setattr(Session, "handle", fail)
    with structlog.testing.capture_logs() as lines:
        async with served_before(cluster, tmp_path) as served:
            unlucky = await served.connect()
            await ask(unlucky, ApiKey.LIST_GROUPS, 4)
            broken += [pump._session for pump in pumps(served)]
            bystander = await served.connect()
            unlucky[1].write(request(ApiKey.LIST_GROUPS, 4))

            assert await unlucky[0].read() == b""
            await ask(bystander, ApiKey.LIST_GROUPS, 4)
    (defect,) = [line for line in lines if line["event"] == "defect"]
    assert (defect["signal"], defect["log_level"]) == ("ClientBytes", "error")
    reasons = [line["reason"] for line in lines if line["event"] == "connection_closed"]
    assert reasons == ["defect", "shutdown"]
    assert len(served.told(EventKind.SESSION_CLOSE)) == 2


@contextmanager
def unreachable_port() -> Iterator[int]:
    """Find a port that answers no attempt to connect: its queue of connections is full."""
    with ExitStack() as held:
        listening = held.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port: int = listening.getsockname()[1]
        for _ in range(4):
            filling = held.enter_context(socket.socket())
            filling.settimeout(0)
            filling.connect_ex(("127.0.0.1", port))
        yield port


async def test_a_broker_that_does_not_answer_in_time_is_named(tmp_path: Path) -> None:
    """The client is closed, and the evidence says which broker was tried."""
    with unreachable_port() as port:
        async with Served(config_for(tmp_path, upstream=[port])) as served:
            reader, writer = await served.connect()
            writer.write(request(ApiKey.LIST_GROUPS, 4))

            assert await reader.read() == b""
    (closed,) = served.told(EventKind.SESSION_CLOSE)
    assert closed["message"] == f"127.0.0.1:{port}: no answer in time"


async def test_a_cut_ends_the_dialling(tmp_path: Path) -> None:
    """Nobody waits for a broker that nobody wants any more, or takes one that comes late."""
    with unreachable_port() as port:
        async with Served(config_for(tmp_path, upstream=[port], drain_seconds=0)) as served:
            _, writer = await served.connect()
            writer.write(request(ApiKey.LIST_GROUPS, 4))
            await asyncio.sleep(0.1)
            (pump,) = pumps(served)
            dialing = pump._dialing
            pump.cut("for a test")
            late = BrokerEnd(pump, 1)
            pump.broker_made(late)
            pump.broker_lost(late)
            pump._perform_one(SendBroker(b"late"))
            await asyncio.sleep(0.05)

            assert dialing is not None
            assert dialing.cancelled()
            assert pumps(served) == []


async def test_nonsense_ends_both_connections(tmp_path: Path, cluster: Cluster) -> None:
    """A client that does not keep to the protocol leaves no broker connection behind."""
    async with served_before(cluster, tmp_path) as served:
        reader, writer = await served.connect()
        await ask((reader, writer), ApiKey.LIST_GROUPS, 4)
        (pump,) = pumps(served)
        broker = pump._broker
        writer.write(b"GET / HTTP/1.1\r\n\r\n")

        assert await reader.read() == b""
        await asyncio.sleep(0.05)
        assert broker is not None
        assert broker.is_lost
        assert pumps(served) == []
    assert "HTTP" in str(served.told(EventKind.PROTOCOL_ERROR))


async def test_an_idle_client_that_waits_for_a_broker_is_let_go(tmp_path: Path) -> None:
    """The session gives up before the broker's connection stands, and nothing is left dialling."""
    with unreachable_port() as port:
        config = config_for(tmp_path, upstream=[port], drain_seconds=0, idle_ms=1_000)
        upstream = config.upstream.model_copy(update={"connect_timeout_ms": 60_000})
        async with Served(config.model_copy(update={"upstream": upstream})) as served:
            reader, writer = await served.connect()
            writer.write(request(ApiKey.LIST_GROUPS, 4))

            async with asyncio.timeout(10):
                assert await reader.read() == b""
            await asyncio.sleep(0.05)
            assert pumps(served) == []
    (closed,) = served.told(EventKind.SESSION_CLOSE)
    assert closed["reason"] == "idle"


@pytest.mark.parametrize("is_cut", [True, False], ids=["at the end", "amid a request"])
async def test_a_broken_journal_cuts_the_connection(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, *, is_cut: bool
) -> None:
    """What cannot be recorded does not happen, and the end of a session is no exception."""

    def fail(_events: Sequence[Event]) -> int:
        raise JournalError("disk on fire")

    async with served_before(cluster, tmp_path) as served:
        reader, writer = await served.connect()
        await ask((reader, writer), ApiKey.LIST_GROUPS, 4)
        (pump,) = pumps(served)
        monkeypatch.setattr(served.journal, "append", fail)
        if is_cut:
            pump.cut("for a test")
        else:
            writer.write(request(ApiKey.LIST_GROUPS, 4))

        assert await reader.read() == b""
        assert served.recorder.state is Recording.FAILED
        assert served.serving is not None
        with pytest.raises(RecordingStoppedError):
            await asyncio.wait_for(served.serving, 5)
        served.serving = None


async def test_records_for_a_client_that_reset_its_connection_are_not_delivered(
    tmp_path: Path,
) -> None:
    """The broker answers after the client is gone: nothing was written to anybody."""
    asked, is_reset = asyncio.Event(), asyncio.Event()

    async def answer_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(8)
        if first[4:6] == b"\0\1":
            asked.set()
            await is_reset.wait()
            writer.write(fetched(batch(0, 3)))
            await reader.read()
        writer.close()

    async with peer(answer_late) as port, Served(config_for(tmp_path, upstream=[port])) as served:
        _, writer = await served.connect()
        writer.write(fetch())
        async with asyncio.timeout(5):
            await asked.wait()
        reset = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        writer.transport.abort()
        await asyncio.sleep(0.1)  # the reset reaches the gateway before the broker's answer
        is_reset.set()
        async with asyncio.timeout(5):
            while EventKind.SESSION_CLOSE not in [event.kind for event in served.events()]:
                await asyncio.sleep(0.01)
    kinds = [event.kind for event in served.events()]

    assert EventKind.EXCHANGE in kinds
    assert EventKind.DELIVERED not in kinds
