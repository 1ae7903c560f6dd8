"""The listeners: which ports are bound for what, and who is let in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import structlog

from gateway.config.authentication import PlainAuthentication, User
from gateway.evidence.errors import JournalError
from gateway.evidence.event import EventKind
from gateway.identity.mechanism import Accepted, Password
from gateway.identity.passwords import hash_password
from gateway.identity.principal import Principal
from gateway.masking.rules import Plans
from gateway.policy.current import CurrentPolicy
from gateway.server.level import Level
from gateway.server.listeners import BindError, BoundListener, Listeners, _address, _door
from gateway.server.logins import Around, logins_of
from gateway.server.passwords import PasswordChecks
from gateway.server.pump import Services
from gateway.server.recorder import Recorder, Recording, RecordingStoppedError
from gateway.server.upstream import UpstreamCluster
from gateway.session.topology import Topology
from tests.gateway.server.peers import NODE_COUNT, config_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from gateway.config.model import Config
    from gateway.evidence.event import Event


class Disk:
    """A journal in memory whose size and faults the test sets."""

    def __init__(self) -> None:
        self.directory_bytes = 0
        self.events: list[Event] = []
        self.is_broken = False

    def append(self, events: Sequence[Event]) -> int:
        """Keep the events, or fail as told."""
        if self.is_broken:
            raise JournalError("disk on fire")
        self.events += events
        return len(self.events)

    def close(self) -> None:
        """End."""


class Bound:
    """Listeners that are bound, with what they stand on."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.disk = Disk()
        log = structlog.get_logger()
        topology = Topology()
        self.recorder = Recorder(
            self.disk, journal_bytes_max=config.limits.journal_bytes_max, log=log
        )
        self.passwords = PasswordChecks(workers=1)
        self.services = Services(
            recorder=self.recorder,
            upstream=UpstreamCluster(config, topology, log),
            passwords=self.passwords,
            topology=topology,
            policy=CurrentPolicy(),
            plans=Plans(),
            connect_seconds=1.0,
            write_buffer_bytes=config.limits.write_buffer_bytes,
            log=log,
        )
        self.listeners = Listeners(config, self.services)
        self.writers: list[asyncio.StreamWriter] = []

    async def connect(self, port: int | None = None) -> asyncio.StreamReader:
        """Connect as a client."""
        listener = self.config.listeners[0]
        reader, writer = await asyncio.open_connection(listener.host, port or listener.port)
        self.writers.append(writer)
        return reader

    async def let_in(self, count: int) -> None:
        """Wait until so many connections are open."""
        async with asyncio.timeout(5):
            while len(self.listeners.pumps) != count:
                await asyncio.sleep(0.005)


@pytest.fixture
async def bound(tmp_path: Path) -> AsyncIterator[Bound]:
    """Listeners of a configuration with one listener and two connections at most."""
    made = Bound(config_for(tmp_path, upstream=[1], first_node_id=5, connections=2))
    await made.listeners.bind()
    yield made
    made.listeners.close()
    for writer in made.writers:
        writer.transport.abort()
    await made.let_in(0)
    made.passwords.close()


async def test_every_port_is_told_with_what_it_stands_for(tmp_path: Path) -> None:
    """The bootstrap port and one for each node id, in use or not."""
    made = Bound(config_for(tmp_path, upstream=[1], first_node_id=5))
    listener = made.config.listeners[0]
    found = await made.listeners.bind()
    made.listeners.close()
    made.passwords.close()

    assert found == [
        BoundListener(
            name="clients",
            bootstrap=f"127.0.0.1:{listener.port}",
            nodes={str(5 + n): f"127.0.0.1:{listener.port + 1 + n}" for n in range(NODE_COUNT)},
        )
    ]


async def test_a_session_knows_the_port_it_came_by(bound: Bound) -> None:
    """The bootstrap port stands for no node, every other for its own."""
    listener = bound.config.listeners[0]
    for count, port in enumerate(listener.ports):
        reader = await bound.connect(port)
        if count < 2:
            await bound.let_in(count + 1)
        else:
            assert await reader.read() == b""

    assert [(event.kind, event.node_id) for event in bound.disk.events] == [
        (EventKind.SESSION_OPEN, None),
        (EventKind.SESSION_OPEN, 5),
        (EventKind.SESSION_REJECTED, 6),
    ]
    assert all((event.peer or "").startswith("127.0.0.1:") for event in bound.disk.events)


async def test_nobody_new_is_let_in_after_the_close(bound: Bound) -> None:
    """Open connections go on until they end, and only then are the listeners empty."""
    await bound.connect()
    await bound.let_in(1)
    bound.listeners.close()
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await bound.connect()

    assert not await bound.listeners.wait_until_empty(0.02)
    bound.writers[0].transport.abort()
    assert await bound.listeners.wait_until_empty(5)
    assert await bound.listeners.wait_until_empty(0)


async def test_a_stopped_recorder_lets_nobody_in(bound: Bound) -> None:
    """There is no room to say so in the evidence; the log does."""
    bound.disk.directory_bytes = bound.config.limits.journal_bytes_max
    bound.recorder.measure(0)
    bound.recorder.measure(20_000_000_000)
    assert bound.recorder.state is Recording.STOPPED

    with structlog.testing.capture_logs() as lines:
        assert await (await bound.connect()).read() == b""

    assert bound.disk.events == []
    assert [(line["event"], line["reason"]) for line in lines] == [
        ("connection_refused", "recording stopped")
    ]


async def test_a_refusal_that_cannot_be_recorded_is_one_all_the_same(bound: Bound) -> None:
    """The journal breaks just when somebody is turned away."""
    for count in (1, 2):
        await bound.connect()
        await bound.let_in(count)
    bound.disk.is_broken = True

    assert await (await bound.connect()).read() == b""
    assert bound.recorder.state is Recording.FAILED
    with pytest.raises(RecordingStoppedError):
        bound.recorder.append([])


async def test_a_taken_port_is_named(bound: Bound) -> None:
    """The error says which listener, which address and why."""
    other = Bound(bound.config)
    other.passwords.close()
    port = bound.config.listeners[0].port
    with pytest.raises(BindError, match=rf"^listener clients: 127.0.0.1:{port}: .*in use"):
        await other.listeners.bind()


async def test_a_door_is_what_the_configuration_says(tmp_path: Path) -> None:
    """Users, the policy and limits reach every session of the listener."""
    line = hash_password("secret")
    plain = PlainAuthentication(
        type="plain", allow_plaintext=True, users=(User(name="alice", password_hash=line),)
    )
    config = config_for(tmp_path, upstream=[1], authentication=plain, in_flight_max=7)
    bound = Bound(config)
    passwords = bound.passwords
    around = Around(passwords=passwords, journal=tmp_path, log=structlog.get_logger())
    logins = logins_of(config.listeners[0], around)
    door = _door(config, config.listeners[0], logins, bound.services)
    verdict = await door.credentials.check(Password("alice", "secret"))
    passwords.close()

    assert verdict == Accepted(principal=Principal(issuer="gateway:clients", subject="alice"))
    assert [each.name for each in door.options.mechanisms] == ["PLAIN"]
    assert door.options.in_flight_max == 7
    assert door.options.policy is bound.services.policy
    assert door.options.plans is bound.services.plans


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (("127.0.0.1", 5), "127.0.0.1:5"),
        (("::1", 5, 0, 0), "[::1]:5"),
        (None, "?"),
    ],
)
def test_addresses_are_written_as_people_read_them(
    name: tuple[str, int] | None, expected: str
) -> None:
    """IPv6 addresses stand in brackets; a connection that is already gone has none."""
    assert _address(name) == expected


async def test_nobody_new_is_let_in_while_there_is_too_little_room(bound: Bound) -> None:
    """Who is there stays; and refusals do not fill what is left of the disk."""
    await bound.connect()
    await bound.let_in(1)
    bound.recorder.let(Level.NO_SESSIONS)
    refused = await bound.connect()

    assert b"" == await refused.read()
    assert [EventKind.SESSION_OPEN] == [event.kind for event in bound.disk.events]
    bound.recorder.let(Level.WARNED)
    await bound.connect()
    await bound.let_in(2)
