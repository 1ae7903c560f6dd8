"""The listeners: which ports are bound, what each stands for, and who is let in."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from gateway.apis.addresses import AddressMap
from gateway.evidence.event import Event, EventKind
from gateway.server.deny_file import DenyFileError
from gateway.server.ends import ClientEnd
from gateway.server.level import Level
from gateway.server.log import LogEvent
from gateway.server.logins import Around, logins_of
from gateway.server.pump import Door, Pump, Services, instant
from gateway.server.recorder import Recording, RecordingStoppedError
from gateway.session.options import Connection, SessionOptions

if TYPE_CHECKING:
    from gateway.config.model import Config, Listener
    from gateway.server.logins import Logins, Watcher

SESSION_ID_BYTES = 8


class BindError(Exception):
    """A port could not be bound; the operator must free it or configure another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundListener:
    """One listener with its ports as bound: what the log shows and clients are told."""

    name: str
    bootstrap: str
    nodes: dict[str, str]


class Listeners:
    """All bound ports of a worker and the pumps of the connections that came in by them."""

    def __init__(self, config: Config, services: Services) -> None:
        self._config = config
        self._services = services
        self._servers: list[asyncio.Server] = []
        self._is_empty = asyncio.Event()
        self.pumps: set[Pump] = set()
        self.watchers: list[Watcher] = []

    async def bind(self) -> list[BoundListener]:
        """Bind every port of every listener, or raise BindError naming the first that fails."""
        return [await self._bind(listener) for listener in self._config.listeners]

    def close(self) -> None:
        """Accept nobody new; open connections go on."""
        for server in self._servers:
            server.close()

    async def wait_until_empty(self, seconds: float) -> bool:
        """Wait for the last connection to end; False when some are left after that time."""
        if self.pumps:
            self._is_empty.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._is_empty.wait()
            except TimeoutError:
                return False
        return True

    def _forget(self, pump: Pump) -> None:
        self.pumps.discard(pump)
        if not self.pumps:
            self._is_empty.set()

    async def _bind(self, listener: Listener) -> BoundListener:
        services = self._services
        around = Around(
            passwords=services.passwords,
            journal=self._config.journal_directory(),
            log=services.log,
        )
        try:
            logins = logins_of(listener, around)
        except (DenyFileError, OSError) as error:
            raise BindError(f"listener {listener.name}: {error}") from None
        self.watchers += logins.watchers
        door = _door(self._config, listener, logins, services)
        for port, node_id in listener.ports.items():
            accept = partial(self._accept, door, node_id)
            buffer_bytes = self._services.write_buffer_bytes
            try:
                server = await asyncio.get_running_loop().create_server(
                    partial(ClientEnd, accept, buffer_bytes), listener.host, port, backlog=512
                )
            except OSError as error:
                raise BindError(
                    f"listener {listener.name}: {listener.host}:{port}: {error.strerror}"
                ) from None
            self._servers.append(server)
        return BoundListener(
            name=listener.name,
            bootstrap=f"{listener.host}:{listener.port}",
            nodes={
                str(node): f"{listener.host}:{port}" for node, port in listener.nodes.ports.items()
            },
        )

    def _accept(
        self, door: Door, node_id: int | None, client: ClientEnd, transport: asyncio.Transport
    ) -> Pump | None:
        connection = Connection(
            session_id=secrets.token_hex(SESSION_ID_BYTES),
            peer=_address(transport.get_extra_info("peername")),
            local=_address(transport.get_extra_info("sockname")),
            node_id=node_id,
        )
        reason = self._reason_to_refuse()
        if reason is not None:
            self._refuse(door, connection, reason)
            return None
        pump = Pump(self._services, door, connection, client, self._forget)
        self.pumps.add(pump)
        self._services.log.info(
            LogEvent.CONNECTION_OPENED,
            session=connection.session_id,
            listener=door.options.listener,
            peer=connection.peer,
            node_id=node_id,
        )
        return pump

    def _reason_to_refuse(self) -> str | None:
        if self._services.recorder.state in {Recording.STOPPED, Recording.FAILED}:
            return "recording stopped"
        if self._services.recorder.level >= Level.NO_SESSIONS:
            return "too little room"
        if len(self.pumps) >= self._config.limits.connections:
            return "connection limit"
        return None

    def _refuse(self, door: Door, connection: Connection, reason: str) -> None:
        listener = door.options.listener
        self._services.log.warning(
            LogEvent.CONNECTION_REFUSED, listener=listener, peer=connection.peer, reason=reason
        )
        recorder = self._services.recorder
        if recorder.state is not Recording.OPEN or recorder.level >= Level.NO_SESSIONS:
            # Clients that come again and again must not fill what little room is left.
            return
        now = instant()
        event = Event(
            kind=EventKind.SESSION_REJECTED,
            wall_ns=now.wall_ns,
            monotonic_ns=now.monotonic_ns,
            session=connection.session_id,
            listener=listener,
            peer=connection.peer,
            node_id=connection.node_id,
            detail=msgspec.json.encode({"reason": reason, "local": connection.local}).decode(),
        )
        try:
            recorder.append([event])
        except RecordingStoppedError:
            # The connection is being closed as it is, and the recorder has said why.
            return


def _door(config: Config, listener: Listener, logins: Logins, services: Services) -> Door:
    durability = config.durability_of(listener)
    options = SessionOptions(
        listener=listener.name,
        durability=durability.text,
        approves=config.approvals is not None,
        addresses=AddressMap(
            host=listener.advertised,
            first_port=listener.nodes.first_port,
            first_node_id=listener.nodes.first_node_id,
            count=listener.nodes.count,
        ),
        mechanisms=logins.mechanisms,
        session_lifetime_ms=logins.session_lifetime_ms,
        denials=logins.denials,
        policy=services.policy,
        plans=services.plans,
        frame_bytes_max=config.limits.frame_bytes_max,
        in_flight_max=config.limits.in_flight_max,
        idle_ms=config.limits.idle_ms,
    )
    return Door(options=options, durability=durability, credentials=logins.credentials)


def _address(name: tuple[str, int] | None) -> str:
    if name is None:
        return "?"
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
