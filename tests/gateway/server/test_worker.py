"""A worker with real sockets: who is let in, what is recorded, and how it ends."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
import structlog

from gateway.apis.error_codes import ErrorCode
from gateway.evidence.errors import JournalError
from gateway.evidence.event import Event, EventKind
from gateway.server import worker as module
from gateway.server.level import Level
from gateway.server.listeners import BindError
from gateway.server.recorder import GROWTH_BYTES, Recording, RecordingStoppedError
from gateway.wire.api_keys import ApiKey
from tests.gateway.server.peers import Served, ask, config_for, request, stuck_peer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from workbench.demo.cluster import Cluster

ASK_FOR_TOPICS = request(ApiKey.METADATA, 12)


class Disk:
    """A journal in memory whose size and faults the test sets."""

    def __init__(self) -> None:
        self.directory_bytes = 0
        self.kinds: list[EventKind] = []
        self.is_broken = False

    def append(self, events: Sequence[Event]) -> int:
        """Keep the kinds, or fail as told."""
        if self.is_broken:
            raise JournalError("disk on fire")
        self.kinds += [event.kind for event in events]
        return len(self.kinds)

    def close(self) -> None:
        """Fail as told."""
        if self.is_broken:
            raise JournalError("disk on fire")


async def test_a_client_is_closed_and_recorded_when_no_broker_answers(tmp_path: Path) -> None:
    """Without a cluster the gateway lives on, and what a client tried is evidence."""
    async with Served(config_for(tmp_path, upstream=[1])) as served:
        reader, writer = await served.connect()
        writer.write(ASK_FOR_TOPICS)

        assert await reader.read() == b""
    assert [event.kind.value for event in served.events()] == [
        "recorder_start",
        "session_open",
        "session_authenticated",
        "exchange",
        "session_close",
        "recorder_stop",
    ]
    assert served.told(EventKind.SESSION_CLOSE)[0]["reason"] == "broker_unreachable"


async def test_a_node_that_the_cluster_lacks_is_refused_clearly(tmp_path: Path) -> None:
    """All ports are bound from the start; one without a node behind it closes and says why."""
    async with Served(config_for(tmp_path, upstream=[1])) as served:
        reader, writer = await served.connect(node_id=1)
        writer.write(ASK_FOR_TOPICS)

        assert await reader.read() == b""
    (closed,) = served.told(EventKind.SESSION_CLOSE)
    assert "127.0.0.1:1" in str(closed["message"]) or "node 1" in str(closed["message"])
    (opened,) = [event for event in served.events() if event.kind is EventKind.SESSION_OPEN]
    assert opened.node_id == 1


async def test_the_connection_limit_is_kept_and_recorded(tmp_path: Path) -> None:
    """A connection too many is closed at once, and leaves a row."""
    async with Served(config_for(tmp_path, upstream=[1], connections=1)) as served:
        first, _ = await served.connect()
        second, _ = await served.connect()

        assert await second.read() == b""
        assert not first.at_eof()
    assert served.told(EventKind.SESSION_REJECTED)[0]["reason"] == "connection limit"


async def test_a_place_becomes_free_when_a_connection_ends(tmp_path: Path) -> None:
    """Connections that ended do not count, however they ended."""
    async with Served(config_for(tmp_path, upstream=[1], connections=1)) as served:
        for is_reset in (False, True, False):
            _, writer = await served.connect()
            if is_reset:
                writer.transport.abort()
            else:
                writer.close()
            async with asyncio.timeout(2):
                while len(served.told(EventKind.SESSION_OPEN)) != len(
                    served.told(EventKind.SESSION_CLOSE)
                ):
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)

    assert served.told(EventKind.SESSION_REJECTED) == []
    assert len(served.told(EventKind.SESSION_OPEN)) == 3


async def test_an_idle_connection_is_closed(tmp_path: Path) -> None:
    """The worker's clock reaches its sessions."""
    async with Served(config_for(tmp_path, upstream=[1], idle_ms=1_000)) as served:
        reader, _ = await served.connect()
        async with asyncio.timeout(5):
            assert await reader.read() == b""
    assert served.told(EventKind.SESSION_CLOSE)[0]["reason"] == "idle"


async def test_a_stop_closes_connections_and_the_journal_last(tmp_path: Path) -> None:
    """Draining closes who is idle, records it, and ends the journal with recorder_stop."""
    async with Served(config_for(tmp_path, upstream=[1])) as served:
        reader, _ = await served.connect()
        await asyncio.sleep(0.05)
        served.worker.stop()

        assert await reader.read() == b""
    assert served.events()[-1].kind is EventKind.RECORDER_STOP
    assert served.told(EventKind.SESSION_CLOSE)[0]["reason"] == "shutdown"
    with pytest.raises(JournalError):
        served.journal.append([])


async def test_a_drain_ends_in_time_although_the_broker_never_answers(tmp_path: Path) -> None:
    """A request without an answer does not hold the shutdown up for ever, and stays unknown."""
    async with stuck_peer() as port:
        config = config_for(tmp_path, upstream=[port], drain_seconds=1)
        async with Served(config) as served:
            _, writer = await served.connect()
            writer.write(request(ApiKey.LIST_GROUPS, 4))
            await asyncio.sleep(0.2)
            started = asyncio.get_running_loop().time()
            served.worker.stop()
        assert 0.9 < asyncio.get_running_loop().time() - started < 3
    (exchange,) = served.told(EventKind.EXCHANGE)
    assert exchange["response"] == "unknown"
    assert len(served.told(EventKind.SESSION_CLOSE)) == 1


async def test_a_broken_journal_cuts_every_connection(tmp_path: Path) -> None:
    """When an event cannot be written nobody gets anything any more, and serving ends."""
    disk = Disk()
    served = Served(config_for(tmp_path, upstream=[1]), disk)
    await served.__aenter__()
    bystander, _ = await served.connect()
    reader, writer = await served.connect()
    await asyncio.sleep(0.05)
    disk.is_broken = True
    writer.write(ASK_FOR_TOPICS)

    assert [await stream.read() for stream in (reader, bystander)] == [b"", b""]
    assert served.recorder.state is Recording.FAILED
    with pytest.raises(RecordingStoppedError):
        await served.__aexit__()


async def test_a_full_journal_stops_traffic_until_it_is_freed(tmp_path: Path) -> None:
    """Connections are cut and refused while the journal is full, and let in again afterwards."""
    disk = Disk()
    async with Served(config_for(tmp_path, upstream=[1]), disk) as served:
        first, writer = await served.connect()
        await asyncio.sleep(0.05)
        disk.directory_bytes = served.config.limits.journal_bytes_max
        served.recorder.measure(0)
        served.recorder.measure(20_000_000_000)

        assert served.recorder.state is Recording.STOPPED
        assert await first.read() == b""
        refused, _ = await served.connect()
        assert await refused.read() == b""
        disk.directory_bytes = 0
        async with asyncio.timeout(3):
            while not served.recorder.is_open:
                await asyncio.sleep(0.05)
        third, writer = await served.connect()
        await asyncio.sleep(0.05)
        assert not third.at_eof()
        writer.close()
    assert [kind.value for kind in disk.kinds] == [
        "recorder_start",
        "session_open",
        "session_close",
        "session_open",
        "session_close",
        "recorder_stop",
    ]


async def test_a_throttled_journal_pauses_reading(tmp_path: Path) -> None:
    """While the sealer is behind nothing is read, and afterwards nothing was lost."""
    disk = Disk()
    async with Served(config_for(tmp_path, upstream=[1]), disk) as served:
        reader, writer = await served.connect()
        await asyncio.sleep(0.05)
        disk.directory_bytes = served.config.limits.journal_bytes_max // 2
        served.recorder.measure(0)
        await asyncio.sleep(0.05)
        writer.write(ASK_FOR_TOPICS)
        await asyncio.sleep(0.3)

        assert EventKind.EXCHANGE not in disk.kinds
        disk.directory_bytes = 0
        served.recorder.measure(0)
        assert await reader.read() == b""
    assert EventKind.EXCHANGE in disk.kinds


async def test_it_is_ready_once_the_cluster_has_answered(tmp_path: Path, cluster: Cluster) -> None:
    """Listening is not being ready: the log says both, and ready last."""
    port = int(cluster.bootstrap.rpartition(":")[2])
    config = config_for(tmp_path, upstream=[1], first_node_id=cluster.node_ids[0])
    with structlog.testing.capture_logs() as lines:
        async with Served(config) as served:
            await asyncio.sleep(0.6)
            told_early = [line["event"] for line in lines]
            served.worker._upstream._options = config_for(tmp_path, upstream=[port]).upstream
            async with asyncio.timeout(10):
                while not any(line["event"] == "ready" for line in lines):
                    await asyncio.sleep(0.01)

    assert told_early == ["listening", "upstream_unreachable"]
    told = [line["event"] for line in lines]
    assert told[2:4] == ["upstream_found", "ready"]


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """A port that cannot be bound ends the start with the listener, the address and the reason."""
    async with Served(config_for(tmp_path, upstream=[1])) as served:
        other = Served(served.config, Disk())
        with pytest.raises(
            BindError, match=rf"listener clients: 127.0.0.1:{served.port}: .*in use"
        ):
            await other.worker.serve()


async def test_changes_are_refused_as_long_as_there_is_little_room(tmp_path: Path) -> None:
    """Clients that are connected are told to try again; later their requests go on."""
    async with Served(config_for(tmp_path, upstream=[1])) as served:
        connection = await served.connect()
        await asyncio.sleep(0.05)
        served.recorder.let(Level.NO_CHANGES)
        await asyncio.sleep(0.05)
        refused = await ask(connection, ApiKey.INIT_PRODUCER_ID, 4)
        served.recorder.let(Level.WARNED)
        await asyncio.sleep(0.05)
        connection[1].write(request(ApiKey.INIT_PRODUCER_ID, 4))

        # It went on, to a broker that is not there.
        assert b"" == await connection[0].read()
    assert ErrorCode.COORDINATOR_LOAD_IN_PROGRESS == refused["error_code"]


class Filling:
    """A gate that closes with its second look."""

    name = "disk"

    def __init__(self) -> None:
        self.looks: list[float] = []

    def look(self) -> Level:
        """Let traffic through the first time only."""
        self.looks.append(time.monotonic())
        return Level.OPEN if len(self.looks) == 1 else Level.STOPPED

    def facts(self) -> Mapping[str, object]:
        """Say nothing."""
        return {}


class Breaking(Filling):
    """A gate with a defect, from its second look on."""

    def look(self) -> Level:
        """Fail."""
        level = super().look()
        if level is not Level.OPEN:
            raise ZeroDivisionError
        return level


async def test_a_gateway_that_nobody_watches_over_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or no disk, no witness and no idle client would ever be looked at again, unnoticed."""
    monkeypatch.setattr(module, "TICK_SECONDS", 0.01)
    serving = Served(config_for(tmp_path, upstream=[1]), Disk(), gates=[Breaking()])
    with structlog.testing.capture_logs() as logged:
        async with asyncio.timeout(5):
            (ended,) = await asyncio.gather(serving.worker.serve(), return_exceptions=True)

    assert isinstance(ended, RecordingStoppedError)
    assert 1 == len([line for line in logged if line["event"] == "defect"])


async def test_much_that_is_recorded_calls_for_a_look_at_once(tmp_path: Path) -> None:
    """A disk can fill within the second until the next look."""
    gate = Filling()
    async with Served(config_for(tmp_path, upstream=[1]), Disk(), gates=[gate]) as served:
        began = time.monotonic()
        event = Event(kind=EventKind.EXCHANGE, wall_ns=1, monotonic_ns=1, byte_count=GROWTH_BYTES)
        served.recorder.append([event])
        await asyncio.sleep(0.1)
        refused, _ = await served.connect()

        assert b"" == await refused.read()
        assert served.recorder.state is Recording.STOPPED
    assert gate.looks[1] - began < 0.1
