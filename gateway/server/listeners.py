"""The listeners: which ports are bound, what each stands for, and who is let in."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from gateway.apis.addresses import NamedAddresses
from gateway.evidence.event import Event, EventKind
from gateway.identity.certificate import CertificateError, read_certificate
from gateway.server.deny_file import DenyFileError
from gateway.server.ends import ClientEnd
from gateway.server.handshakes import BACKLOG, Arrivals, Blame, TlsPort, open_sockets
from gateway.server.level import Level
from gateway.server.log import LogEvent
from gateway.server.logins import Around, logins_of
from gateway.server.pump import Door, Pump, Services, instant
from gateway.server.recorder import Recording, RecordingStoppedError
from gateway.server.tls import LiveContext, TlsError, asked_name, listener_context
from gateway.session.options import Connection, SessionOptions

if TYPE_CHECKING:
    import ssl

    from gateway.config.model import Config, Listener
    from gateway.server.handshakes import Failure, Peer
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
        self._servers: list[asyncio.Server | TlsPort] = []
        self._contexts: dict[str, LiveContext] = {}
        brokers = services.upstream.dialer.context
        if brokers is not None:
            self._contexts["upstream"] = brokers
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

    def reload_tls(self, *, changed_only: bool = False) -> None:
        """Load certificates anew, or only where the files are others; open connections go on."""
        for section, context in self._contexts.items():
            if changed_only and not context.has_changed():
                continue
            problem = context.reload()
            log = self._services.log
            if problem is None:
                log.info(LogEvent.TLS_RELOADED, section=section)
            else:
                log.error(LogEvent.TLS_RELOAD_FAILED, section=section, reason=problem)

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
        if listener.tls is not None:
            make = partial(listener_context, listener.tls)
            try:
                self._contexts[_section(listener)] = LiveContext(make, listener.tls.files)
            except TlsError as error:
                raise BindError(f"listener {listener.name}: tls: {error}") from None
        for port, node_id in listener.ports.items():
            try:
                self._servers.append(await self._open(listener, door, port, node_id))
            except OSError as error:
                raise BindError(
                    f"listener {listener.name}: {listener.host}:{port}: {error.strerror}"
                ) from None
        return BoundListener(
            name=listener.name,
            bootstrap=f"{listener.host}:{listener.port}",
            nodes=_nodes(listener),
        )

    async def _open(
        self, listener: Listener, door: Door, port: int, node_id: int | None
    ) -> asyncio.Server | TlsPort:
        accept = partial(self._accept, door, node_id)
        client_end = partial(ClientEnd, accept, self._services.write_buffer_bytes)
        if listener.tls is None:
            return await asyncio.get_running_loop().create_server(
                client_end, listener.host, port, backlog=BACKLOG
            )
        arrivals = Arrivals(
            may_shake=partial(self._may_shake, door, node_id),
            let_in=client_end,
            failed=partial(self._handshake_failed, door, node_id),
        )
        sockets = await open_sockets(listener.host, port)
        seconds = listener.tls.handshake_ms / 1000
        return TlsPort(sockets, self._contexts[_section(listener)], seconds, arrivals)

    def _may_shake(self, door: Door, node_id: int | None, peer: Peer, local: Peer) -> bool:
        shaking = sum(each.handshake_count for each in self._servers if isinstance(each, TlsPort))
        # The one that asks is among them.
        reason = self._reason_to_refuse(shaking - 1)
        if reason is not None:
            self._refuse(door, _connection(peer, local, node_id), reason)
        return reason is None

    def _handshake_failed(
        self, door: Door, node_id: int | None, peer: Peer, local: Peer, failure: Failure
    ) -> None:
        connection = _connection(peer, local, node_id)
        self._services.log.warning(
            LogEvent.HANDSHAKE_FAILED,
            listener=door.options.listener,
            peer=connection.peer,
            node_id=node_id,
            reason=failure.message,
        )
        if failure.blame is Blame.CERTIFICATE:
            detail = {"reason": failure.blame.value, "message": failure.message}
            self._record(door, connection, EventKind.SESSION_REJECTED, detail)
        elif failure.blame is Blame.NO_TLS:
            detail = {"side": "client", "message": failure.message}
            self._record(door, connection, EventKind.PROTOCOL_ERROR, detail)

    def _accept(
        self, door: Door, node_id: int | None, client: ClientEnd, transport: asyncio.Transport
    ) -> Pump | None:
        tls = transport.get_extra_info("ssl_object")
        name = asked_name(tls)
        addresses = door.options.addresses
        if isinstance(addresses, NamedAddresses):
            node_id = None if name is None else addresses.node_of(name)
        connection = _connection(
            transport.get_extra_info("peername"),
            transport.get_extra_info("sockname"),
            node_id,
            tls,
        )
        reason = self._reason_to_refuse()
        if reason is not None:
            self._refuse(door, connection, reason)
            return None
        if isinstance(addresses, NamedAddresses) and not addresses.is_known(name):
            message = f"{name} is no name of this listener" if name else "the client named no host"
            self._refuse(door, connection, "unknown server name", message)
            return None
        try:
            connection = _identified(door, connection)
        except CertificateError as error:
            self._refuse(door, connection, Blame.CERTIFICATE.value, str(error))
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

    def _reason_to_refuse(self, arriving: int = 0) -> str | None:
        if self._services.recorder.state in {Recording.STOPPED, Recording.FAILED}:
            return "recording stopped"
        if self._services.recorder.level >= Level.NO_SESSIONS:
            return "too little room"
        if len(self.pumps) + arriving >= self._config.limits.connections:
            return "connection limit"
        return None

    def _refuse(
        self, door: Door, connection: Connection, reason: str, message: str | None = None
    ) -> None:
        detail = {"reason": reason} if message is None else {"reason": reason, "message": message}
        self._services.log.warning(
            LogEvent.CONNECTION_REFUSED,
            listener=door.options.listener,
            peer=connection.peer,
            reason=reason,
        )
        self._record(door, connection, EventKind.SESSION_REJECTED, detail)

    def _record(
        self, door: Door, connection: Connection, kind: EventKind, detail: dict[str, str]
    ) -> None:
        recorder = self._services.recorder
        if recorder.state is not Recording.OPEN or recorder.level >= Level.NO_SESSIONS:
            # Clients that come again and again must not fill what little room is left.
            return
        now = instant()
        event = Event(
            kind=kind,
            wall_ns=now.wall_ns,
            monotonic_ns=now.monotonic_ns,
            session=connection.session_id,
            listener=door.options.listener,
            peer=connection.peer,
            node_id=connection.node_id,
            detail=msgspec.json.encode(detail | {"local": connection.local}).decode(),
        )
        try:
            recorder.append([event])
        except RecordingStoppedError:
            # The connection is being closed as it is, and the recorder has said why.
            return


def _nodes(listener: Listener) -> dict[str, str]:
    if listener.nodes.sni is not None:
        return {"*": f"{listener.nodes.sni}:{listener.port}"}
    return {str(node): f"{listener.host}:{port}" for node, port in listener.nodes.ports.items()}


def _section(listener: Listener) -> str:
    return f"listeners.{listener.name}"


def _door(config: Config, listener: Listener, logins: Logins, services: Services) -> Door:
    durability = config.durability_of(listener)
    options = SessionOptions(
        listener=listener.name,
        durability=durability.text,
        approves=config.approvals is not None,
        addresses=listener.addresses,
        mechanisms=logins.mechanisms,
        session_lifetime_ms=logins.session_lifetime_ms,
        denials=logins.denials,
        policy=services.policy,
        plans=services.plans,
        frame_bytes_max=config.limits.frame_bytes_max,
        in_flight_max=config.limits.in_flight_max,
        idle_ms=config.limits.idle_ms,
    )
    authentication = listener.authentication
    certificates = authentication.login if authentication.type == "mtls" else None
    return Door(
        options=options,
        durability=durability,
        credentials=logins.credentials,
        certificates=certificates,
    )


def _identified(door: Door, connection: Connection) -> Connection:
    """Say who the client is by its certificate; raises CertificateError for one that does not."""
    shown = connection.certificate
    certificate = None if shown is None else read_certificate(shown)
    if door.certificates is None:
        return connection
    return replace(connection, principal=door.certificates.principal(certificate))


def _connection(
    peer: Peer | None, local: Peer | None, node_id: int | None, tls: ssl.SSLObject | None = None
) -> Connection:
    cipher = None if tls is None else tls.cipher()
    return Connection(
        session_id=secrets.token_hex(SESSION_ID_BYTES),
        peer=_address(peer),
        local=_address(local),
        node_id=node_id,
        certificate=None if tls is None else tls.getpeercert(binary_form=True),
        tls=None if tls is None or cipher is None else f"{tls.version()} {cipher[0]}",
    )


def _address(name: tuple[str, int] | None) -> str:
    if name is None:
        return "?"
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
