"""The release: nothing leaves before its events are as safe as promised, and nothing overtakes."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from typing import TYPE_CHECKING

import pytest
import structlog

from gateway.evidence.durability import Durability, Mode
from gateway.evidence.errors import JournalError
from gateway.evidence.event import Event, EventKind
from gateway.evidence.synced import SyncedJournalWriter
from gateway.server.commit import GroupCommit
from gateway.server.recorder import Recorder, RecordingStoppedError
from gateway.server.release import Release
from gateway.session.effects import CloseClient, Record, SendBroker, SendClient
from gateway.wire.api_keys import ApiKey
from tests.gateway.server.peers import (
    Served,
    ask,
    config_for,
    free_ports,
    peer,
    request,
    taken_bytes,
)
from tests.gateway.server.test_pump import produce as payload
from tests.gateway.session.conversation import answer, produce

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gateway.config.model import Config
    from gateway.session.effects import Effect


class Journal(Recorder):
    """A recorder that is durable as far as the test says."""

    def __init__(self) -> None:
        super().__init__(_Nowhere(), journal_bytes_max=10**9, log=structlog.get_logger())
        self.durable = -1
        self.waiting: list[Callable[[], None]] = []

    def covers(self, sequence: int, durability: Durability) -> bool:
        """Look at the number alone."""
        return durability.mode is Mode.WRITTEN or sequence <= self.durable

    def wait(self, resume: Callable[[], None]) -> None:
        """Note who waits."""
        self.waiting.append(resume)


class _Nowhere:
    def __init__(self) -> None:
        self.directory_bytes = 0
        self._count = 0

    def append(self, events: Sequence[Event]) -> int:
        """Number the events."""
        self._count += len(events)
        return self._count - 1

    def close(self) -> None:
        """Do nothing."""


RECORD = Record(Event(kind=EventKind.INTENT, wall_ns=1, monotonic_ns=1))


@pytest.fixture
def journal() -> Journal:
    """Nothing is durable yet."""
    return Journal()


@pytest.fixture
def done() -> list[Effect]:
    """What was performed."""
    return []


def release_of(journal: Journal, done: list[Effect], mode: Mode) -> Release:
    """Make a release that notes what it performs."""
    return Release(journal, Durability(mode), done.append, lambda: None)


def test_written_holds_nothing(journal: Journal, done: list[Effect]) -> None:
    """Everything is performed at once, in order."""
    release = release_of(journal, done, Mode.WRITTEN)
    release.take([RECORD, SendBroker(b"a"), RECORD, SendClient(b"b")])

    assert [SendBroker(b"a"), SendClient(b"b")] == done
    assert 2 == journal.event_count
    assert release.is_empty


def test_what_follows_an_event_waits_for_the_disk(journal: Journal, done: list[Effect]) -> None:
    """Also what has no event of its own does not overtake it; events are recorded at once."""
    release = release_of(journal, done, Mode.STRICT)
    release.take([RECORD, SendBroker(b"abc")])
    release.take([SendClient(b"de")])
    release.take([RECORD, CloseClient("x")])
    assert [] == done
    assert (2, 5) == (journal.event_count, release.held_bytes)
    assert not release.is_empty
    journal.durable = 0
    journal.waiting[0]()
    assert [SendBroker(b"abc"), SendClient(b"de")] == done
    assert 0 == release.held_bytes
    journal.durable = 1
    journal.waiting[-1]()

    assert CloseClient("x") == done[-1]
    assert release.is_empty


def test_what_follows_no_event_goes_at_once(journal: Journal, done: list[Effect]) -> None:
    """There is nothing that it could give away unrecorded."""
    release = release_of(journal, done, Mode.STRICT)
    release.take([SendClient(b"x")])

    assert [SendClient(b"x")] == done


def test_what_was_dropped_never_goes(journal: Journal, done: list[Effect]) -> None:
    """A connection that was cut gets nothing more, whatever the disk does."""
    release = release_of(journal, done, Mode.STRICT)
    release.take([RECORD, SendBroker(b"abc")])
    release.drop()
    journal.durable = 0
    journal.waiting[0]()

    assert [] == done
    assert (0, True) == (release.held_bytes, release.is_empty)


class Gated(SyncedJournalWriter):
    """A journal whose syncs wait while the test holds the disk, and may fail."""

    def __init__(self, config: Config) -> None:
        super().__init__(
            config.journal_directory(), origin=config.origin(), boot_id="boot", next_sequence=0
        )
        self.lets_go = threading.Event()
        self.fault: JournalError | None = None

    def sync(self) -> int:
        """Sync when let."""
        assert self.lets_go.wait(10)
        if self.fault is not None:
            raise self.fault
        return super().sync()


def two_listeners(folder: Path, port: int, mode: Mode) -> Config:
    """Configure a listener of a mode and a written one beside it."""
    config = config_for(folder, upstream=[port], drain_seconds=0)
    (first,) = config.listeners
    other = free_ports(2)
    second = first.model_copy(
        update={
            "name": "others",
            "port": other,
            "nodes": first.nodes.model_copy(update={"first_port": other + 1, "count": 1}),
        }
    )
    promised = first.model_copy(update={"durability": mode.value, "bounded_ms": 50})
    return config.model_copy(update={"listeners": (promised, second)})


def served(config: Config) -> tuple[Served, Gated]:
    """Serve with a disk that holds every sync."""
    journal = Gated(config)
    return Served(config, journal, GroupCommit(journal)), journal


async def test_only_the_connections_that_were_promised_it_wait(tmp_path: Path) -> None:
    """A strict client waits for the disk while one of a written listener is answered."""
    config = two_listeners(tmp_path, 1, Mode.STRICT)
    serving, journal = served(config)
    async with serving:
        strict = await serving.connect()
        asked = asyncio.create_task(ask(strict, ApiKey.SASL_HANDSHAKE, 1))
        other = await asyncio.open_connection("127.0.0.1", config.listeners[1].port)
        early = await ask(other, ApiKey.SASL_HANDSHAKE, 1)
        other[1].close()
        await asyncio.sleep(0.1)
        was_answered = asked.done()
        journal.lets_go.set()
        late = await asked

    assert not was_answered
    assert early == late


async def test_a_strict_request_reaches_the_broker_after_its_event_is_on_disk(
    tmp_path: Path,
) -> None:
    """Also that of a client that has gone meanwhile: it was recorded, so it is forwarded."""
    received = asyncio.get_running_loop().create_future()

    async def take(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        first = await reader.read(65_536)
        if first[4:6] == int(ApiKey.LIST_GROUPS).to_bytes(2):
            received.set_result(len(first))

    async with peer(take) as port:
        serving, journal = served(two_listeners(tmp_path, port, Mode.STRICT))
        async with serving:
            _, writer = await serving.connect()
            message = request(ApiKey.LIST_GROUPS, 4)
            writer.write(message)
            await asyncio.sleep(0.1)
            writer.transport.abort()
            await asyncio.sleep(0.1)
            was_received = received.done()
            journal.lets_go.set()
            async with asyncio.timeout(5):
                size = await received

    assert not was_received
    assert len(message) == size


async def test_what_waits_for_the_disk_stops_the_client(tmp_path: Path) -> None:
    """A disk that hangs costs each connection the buffers it has anyway, and no more."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            writer.write(answer(ApiKey.LIST_GROUPS, 3, correlation_id=7))

    async with peer(take) as port:
        serving, journal = served(two_listeners(tmp_path, port, Mode.STRICT))
        async with serving:
            journal.lets_go.set()
            connection = await serving.connect()
            await ask(connection, ApiKey.LIST_GROUPS, 3)
            journal.lets_go.clear()
            # Nothing is answered, so nothing else than the disk can hold them.
            large = payload(b"x" * 100_000, acks=0)
            sent = await taken_bytes(connection[1], large, at_most=200 << 20)
            connection[1].transport.abort()
            journal.lets_go.set()

    assert sent < 32 << 20


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection so that the other side knows at once that nobody is there any more."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def test_what_was_recorded_reaches_the_broker_although_the_session_is_over(
    tmp_path: Path,
) -> None:
    """A client may go, and a broker talk nonsense, while a record waits for the disk."""
    received = bytearray()
    brokers: list[asyncio.StreamWriter] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            received.extend(data)
            if data[4:6] == int(ApiKey.LIST_GROUPS).to_bytes(2):
                brokers.append(writer)
                writer.write(answer(ApiKey.LIST_GROUPS, 3, correlation_id=7))

    produced = produce(acks=0)
    async with peer(take) as port:
        serving, journal = served(two_listeners(tmp_path, port, Mode.STRICT))
        async with serving:
            journal.lets_go.set()
            connection = await serving.connect()
            await ask(connection, ApiKey.LIST_GROUPS, 3)
            journal.lets_go.clear()
            connection[1].write(produced)
            await asyncio.sleep(0.1)
            reset(connection[1])
            await asyncio.sleep(0.1)
            brokers[0].write(answer(ApiKey.LIST_GROUPS, 3))
            await asyncio.sleep(0.1)
            was_received = received.endswith(produced)
            journal.lets_go.set()
            async with asyncio.timeout(5):
                while not received.endswith(produced):
                    await asyncio.sleep(0.01)

    assert not was_received


@pytest.mark.parametrize("mode", [Mode.STRICT, Mode.BOUNDED])
async def test_a_failed_sync_ends_all_traffic(tmp_path: Path, mode: Mode) -> None:
    """What waits is never released, and the worker ends as with a failed write."""
    serving, journal = served(two_listeners(tmp_path, 1, mode))
    journal.fault = JournalError("disk on fire")
    answers: list[bytes] = []

    async def lose() -> None:
        async with serving:
            reader, writer = await serving.connect()
            await asyncio.sleep(0.1)
            writer.write(request(ApiKey.SASL_HANDSHAKE, 1))
            await asyncio.sleep(0.05)
            journal.lets_go.set()
            answers.append(await reader.read())

    with pytest.raises(RecordingStoppedError):
        await lose()

    assert [b""] == answers
