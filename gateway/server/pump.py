"""The pump: one client's connection, one broker connection, and the session between them.

It performs effects strictly in order, and writes events ahead of the sends that follow them. An end
that takes no more bytes stops the reading of whatever would fill it, and so does what waits until
the disk has its events (release).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.evidence.failpoints import Failpoint, reach
from gateway.server.dialing import DialError
from gateway.server.ends import BrokerEnd, ClientEnd
from gateway.server.log import LogEvent
from gateway.server.recorder import RecordingStoppedError
from gateway.server.release import Release
from gateway.server.upstream import UpstreamError
from gateway.server.upstream_tokens import CredentialError
from gateway.session import effects as do
from gateway.session import signals as on
from gateway.session.broker_login import BrokerLogin
from gateway.session.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from structlog.typing import FilteringBoundLogger

    from gateway.approvals.service import Approvals
    from gateway.evidence.durability import Durability
    from gateway.identity.mechanism import Credentials
    from gateway.identity.mtls import CertificateLogin
    from gateway.masking.rules import Plans
    from gateway.policy.current import CurrentPolicy
    from gateway.server.credentials import CredentialChecks
    from gateway.server.dialing import Address
    from gateway.server.passwords import PasswordChecks
    from gateway.server.recorder import Recorder
    from gateway.server.upstream import UpstreamCluster
    from gateway.session.options import Connection, SessionOptions
    from gateway.session.topology import Topology


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the pumps of a worker share."""

    recorder: Recorder
    upstream: UpstreamCluster
    passwords: PasswordChecks
    topology: Topology
    policy: CurrentPolicy
    plans: Plans
    connect_seconds: float
    write_buffer_bytes: int
    log: FilteringBoundLogger
    approvals: Approvals | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What every connection of one listener gets."""

    options: SessionOptions
    durability: Durability
    credentials: CredentialChecks
    certificates: CertificateLogin | None = None
    """How a client's certificate is its login, where it is."""


class Pump:
    """Feeds one session with what happens on its two connections and performs its effects."""

    def __init__(
        self,
        services: Services,
        door: Door,
        connection: Connection,
        client: ClientEnd,
        on_end: Callable[[Pump], None],
    ) -> None:
        self._connection = connection
        self._services = services
        self._credentials = door.credentials
        self._session = Session(door.options, connection, services.topology)
        self._release = Release(
            services.recorder, door.durability, self._perform_one, self._went_on
        )
        self._on_end = on_end
        self._client = client
        self._broker: BrokerEnd | None = None
        self._login_lifetime_ms = 0
        self._dialing: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._close_reason = ""
        self._is_cut = False
        self._is_broken = False
        self._has_ended = False

    def tell(self, signal: on.Signal) -> None:
        """Say to the session what happened, and perform what it wants done about it."""
        if not self._is_over:
            try:
                self._release.take(self._decide(signal))
            except RecordingStoppedError:
                self.cut("recording stopped")
            if self._is_broken:
                self.cut("defect")
        self.regulate()
        self._end_if_done()

    def regulate(self) -> None:
        """Read from each end only while everything that its bytes lead to can be taken.

        A client that does not take its answers is not read either: answers that the gateway gives
        itself would pile up, and a broker, too, reads no request while it cannot answer the last.
        """
        has_room = self._release.held_bytes < self._services.write_buffer_bytes
        is_open = self._services.recorder.is_open and has_room
        client_takes = self._client.takes_bytes
        broker_takes = self._broker is None or self._broker.takes_bytes
        self._client.read_if(
            wanted=is_open and client_takes and broker_takes and self._session.reads_client
        )
        if self._broker is not None:
            self._broker.read_if(wanted=is_open and client_takes)

    def cut(self, reason: str) -> None:
        """Drop both connections at once, then let the session record how it ended."""
        self._close_reason = self._close_reason or reason
        self._release.drop()
        self._client.abort()
        self._stop_dialing()
        if self._broker is not None:
            self._broker.abort()
        for signal in (on.ClientLost(), on.BrokerEof()):
            if not self._is_over:
                self._record_only(self._decide(signal))
        self._is_cut = True

    def describe(self) -> dict[str, object]:
        """Say whose session this is, for an operator."""
        return self._session.describe()

    def client_lost(self) -> None:
        """Take note that the client's connection is gone, in whichever way."""
        self._client.has_ended = True
        self.tell(on.ClientLost())

    def broker_lost(self, end: BrokerEnd) -> None:
        """Take note that the broker's connection is gone, in whichever way."""
        if self._broker is end:
            self._broker = None
            self.tell(on.BrokerEof())
        self._end_if_done()

    def broker_made(self, end: BrokerEnd) -> None:
        """Take the broker's connection into use, unless the session gave up waiting for it."""
        if self._dialing is None:
            end.abort()
            return
        self._broker = end
        self.tell(on.BrokerConnected(self._login_lifetime_ms))

    def _decide(self, signal: on.Signal) -> Sequence[do.Effect]:
        try:
            return self._session.handle(signal, instant())
        except Exception:
            # Our own fault in one session must end that session, not the others of the process.
            self._is_broken = True
            self._services.log.exception(
                LogEvent.DEFECT,
                session=self._connection.session_id,
                signal=type(signal).__name__,
            )
            return ()

    def _went_on(self) -> None:
        self.regulate()
        self._end_if_done()

    def _perform_one(self, effect: do.Effect) -> None:
        match effect:
            case do.SendClient(data):
                reach(Failpoint.ANSWER_RECORDED)
                self._client.send(data)
                reach(Failpoint.ANSWER_RELEASED)
            case do.CloseClient(reason):
                self._close_reason = self._close_reason or reason
                self._client.close()
            case do.ConnectBroker():
                self._dialing = self._start(self._dial())
            case do.CheckCredentials(credentials):
                self._start(self._check(credentials))
            case do.AskApproval() | do.StopAsking() | do.ChargeGrant():
                self._perform_on_approvals(effect)
            case do.ResolveTopics(topic_ids):
                self._start(self._resolve(topic_ids))
            case do.PrepareLogin():
                self._start(self._prepare_login())
            case _ if self._broker is not None:
                _perform_on_broker(effect, self._broker)
            case do.CloseBroker():
                self._stop_dialing()

    def _record_only(self, effects: Sequence[do.Effect]) -> None:
        try:
            self._release.record(effects)
        except RecordingStoppedError:
            # Said once by the recorder; recovery closes what stays open.
            return

    async def _dial(self) -> None:
        try:
            addresses = await self._services.upstream.addresses_of(self._connection.node_id)
            await self._dial_first(addresses)
        except UpstreamError as error:
            self._dialing = None
            self.tell(on.BrokerFailed(str(error)))

    async def _dial_first(self, addresses: Sequence[Address]) -> None:
        failures = []
        for host, port in addresses:
            try:
                async with asyncio.timeout(self._services.connect_seconds):
                    link = await self._services.upstream.dialer.dial((host, port))
                self._login_lifetime_ms = link.lifetime_ms
                link.hand_over(self._broker_end())
            except DialError as error:
                failures.append(str(error))
            except (OSError, TimeoutError) as error:
                failures.append(f"{host}:{port}: {str(error) or 'no answer in time'}")
            else:
                return
        raise UpstreamError("; ".join(failures))

    def _broker_end(self) -> BrokerEnd:
        return BrokerEnd(self, self._services.write_buffer_bytes)

    async def _check(self, credentials: Credentials) -> None:
        certificate = self._connection.certificate
        self.tell(on.CredentialsChecked(await self._credentials.check(credentials, certificate)))

    def _perform_on_approvals(
        self, effect: do.AskApproval | do.StopAsking | do.ChargeGrant
    ) -> None:
        approvals = self._services.approvals
        assert approvals is not None, "a session without approvals asks for none"
        match effect:
            case do.AskApproval():
                self._asking = self._start(self._ask(approvals, effect))
            case do.ChargeGrant():
                self._start(self._charge(approvals, effect))
            case do.StopAsking() if self._asking is not None:
                self._asking.cancel()

    async def _ask(self, approvals: Approvals, effect: do.AskApproval) -> None:
        answer = await approvals.decide(effect.asked)
        self.tell(on.ApprovalAnswered(effect.exchange, answer))

    async def _charge(self, approvals: Approvals, effect: do.ChargeGrant) -> None:
        is_allowed = await approvals.charge(
            effect.request_id, effect.record_count, effect.byte_count
        )
        self.tell(on.GrantCharged(effect.exchange, is_allowed))

    async def _resolve(self, topic_ids: Sequence[bytes]) -> None:
        self.tell(on.TopicsResolved(await self._services.upstream.topic_names(topic_ids)))

    async def _prepare_login(self) -> None:
        try:
            mechanism = await self._services.upstream.dialer.mechanism()
        except CredentialError as error:
            self._services.log.warning(LogEvent.LOGIN_NOT_RENEWED, reason=str(error))
            mechanism = None
        self.tell(on.LoginPrepared(None if mechanism is None else BrokerLogin(mechanism)))

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _stop_dialing(self) -> None:
        if self._dialing is not None:
            self._dialing.cancel()
            self._dialing = None

    @property
    def _is_over(self) -> bool:
        return self._is_cut or self._session.is_closed

    def _end_if_done(self) -> None:
        if not self._is_over or not self._client.is_lost or self._has_ended:
            return
        if not self._release.is_empty:
            # The broker still gets what a client sent that has gone.
            return
        if self._broker is not None:
            self._broker.close()
            return
        for task in self._tasks:
            task.cancel()
        self._has_ended = True
        self._services.log.info(
            LogEvent.CONNECTION_CLOSED,
            session=self._connection.session_id,
            reason=self._close_reason or "the client closed",
        )
        self._on_end(self)


def _perform_on_broker(effect: do.Effect, broker: BrokerEnd) -> None:
    match effect:
        case do.SendBroker(data):
            reach(Failpoint.REQUEST_RECORDED)
            broker.send(data)
            reach(Failpoint.REQUEST_FORWARDED)
        case do.ShutdownBrokerWrite():
            broker.end_writing()
        case do.CloseBroker():
            broker.close()


def instant() -> on.Instant:
    """Read both clocks."""
    return on.Instant(time.time_ns(), time.monotonic_ns())
