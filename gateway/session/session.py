"""One conversation of a client with a broker: signals in, effects out."""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING

from gateway.apis.hosts import ControllerAddressError
from gateway.apis.recording import Knowledge
from gateway.evidence.event import Event, EventKind
from gateway.identity.client_mechanism import LoginError
from gateway.session import effects as do
from gateway.session import signals as on
from gateway.session.answers import Answers
from gateway.session.authentication import NS_PER_MS
from gateway.session.holding import Holding, shows_life
from gateway.session.judge import Judge
from gateway.session.login import Login
from gateway.session.pipeline import Exchange, Pipeline, Taken, Unresolved, delivers
from gateway.session.renewal import Renewal
from gateway.session.requests import RefusedRequestError, Requests, SessionOverError
from gateway.session.stamp import Stamp
from gateway.session.upstream import Standing, Upstream
from gateway.wire.errors import WireError
from gateway.wire.frames import FrameBuffer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.identity.mechanism import Verdict
    from gateway.session.options import Connection, SessionOptions
    from gateway.session.signals import Instant, Signal
    from gateway.session.topology import Topology


class Phase(Enum):
    """How far the conversation is."""

    OPEN = "open"
    ENDING = "ending"
    """The client's side is over: what is under way is answered, nothing new comes."""
    LINGERING = "lingering"
    """Everything is answered; the broker takes the last bytes and ends its side."""
    CLOSED = "closed"


class Session:
    """The machine of one connection.

    The shell performs what `handle` returns, in order, before it says the next signal.

    Frames from the client are taken one by one while nothing holds them: credentials being checked,
    people being asked, topic ids without names, too many requests under way, too many bytes for a
    broker that is not connected yet. Meanwhile `reads_client` is false.
    """

    def __init__(self, options: SessionOptions, connection: Connection, topology: Topology) -> None:
        self._options = options
        self._connection = connection
        self._topology = topology
        self._stamp = Stamp(options.listener, connection)
        self._login = Login(options, self._stamp, connection)
        knowledge = Knowledge(topology.topics)
        judge = Judge(options, knowledge, self._stamp)
        self._requests = Requests(judge, knowledge, self._stamp, self._login)
        self._holding = Holding(self._requests)
        self._answers = Answers(options, topology, self._stamp)
        self._pipeline = Pipeline()
        self._upstream = Upstream()
        self._renewal = Renewal(self._pipeline, self._upstream)
        self._client_frames = FrameBuffer(frame_bytes_max=options.unauthenticated_frame_bytes_max)
        self._broker_frames = FrameBuffer(frame_bytes_max=options.frame_bytes_max)
        self._waiting: deque[bytes] = deque()
        self._dropped_frames = 0
        self._is_client_lost = False
        self._checking: Exchange | None = None
        self._resolving: tuple[bytes, ...] = ()
        self._phase = Phase.OPEN
        self._ending = ""
        self._received_bytes = {"client": 0, "broker": 0}
        self._replied_bytes = 0
        self._effects: list[do.Effect] = []
        self._opened_ns = 0
        self._active_ns = 0
        self._resolve_until_ns = 0
        self._end_until_ns = 0

    @property
    def is_closed(self) -> bool:
        """Whether the session is over: further signals do nothing."""
        return self._phase is Phase.CLOSED

    @property
    def reads_client(self) -> bool:
        """Whether the shell should read from the client now."""
        return self._phase is Phase.OPEN and not self._waiting and self._may_take

    def describe(self) -> dict[str, object]:
        """Say whose session this is, for an operator."""
        return self._login.describe()

    def handle(self, signal: Signal, now: Instant) -> list[do.Effect]:
        """Take one signal and say what is to be done about it."""
        if self._phase is Phase.CLOSED:
            return []
        assert not self._effects, "every effect was handed over"
        self._dispatch(signal, now)
        self._effects += self._renewal.ask(now.monotonic_ns)
        self._pump(now)
        self._settle(now)
        effects, self._effects = self._effects, []
        assert not (self.is_closed and self.reads_client), "nobody is read behind the end"
        return effects

    def _dispatch(self, signal: Signal, now: Instant) -> None:
        match signal:
            case on.ClientBytes(data):
                self._client_sent(data, now)
            case on.BrokerBytes(data):
                self._broker_sent(data, now)
            case on.BrokerConnected(lifetime_ms):
                self._effects += self._renewal.connected(lifetime_ms, now.monotonic_ns)
            case on.TopicsResolved(names):
                for topic_id, name in names.items():
                    self._topology.topics.learn(topic_id, name)
                self._stop_resolving(now)
            case on.CredentialsChecked(verdict):
                self._credentials_checked(verdict, now)
            case on.ApprovalAnswered(ordinal, answer):
                self._go_on(self._holding.end(ordinal, answer, now), now)
            case on.GrantCharged(ordinal, is_allowed):
                exchange = self._pipeline.uncharged(ordinal)
                self._record(self._holding.after_charge(exchange, now, is_allowed=is_allowed))
                self._release(now)
            case on.Tick():
                self._look_at_clock(now)
            case _:
                self._connection_changed(signal, now)

    def _connection_changed(self, signal: Signal, now: Instant) -> None:
        match signal:
            case on.ClientConnected():
                self._opened_ns = self._active_ns = now.monotonic_ns
                self._record([self._stamp.opening_row(now, self._login.opening)])
            case on.ClientEof():
                self._end("client_closed", now)
            case on.ClientLost() | on.Drain():
                self._is_client_lost |= isinstance(signal, on.ClientLost)
                self._stop_holding(now)
                self._end("client_closed" if self._is_client_lost else "shutdown", now)
            case on.LoginPrepared(login):
                self._effects += self._renewal.begin(login, now.monotonic_ns)
            case on.Kill(reason):
                self._close("killed", now, reason)
            case on.ChangesRefused(is_so):
                self._requests.refuses_changes = is_so
            case on.BrokerFailed(reason):
                self._close("broker_unreachable", now, reason)
            case _:
                assert isinstance(signal, on.BrokerEof), "every other signal has its case"
                lingered = self._phase is Phase.LINGERING
                self._close(self._ending if lingered else "broker_closed", now)

    # The client's bytes.

    def _client_sent(self, data: bytes, now: Instant) -> None:
        if self._phase is not Phase.OPEN:
            return
        self._active_ns = now.monotonic_ns
        self._received_bytes["client"] += len(data)
        if self._login.authentication.principal is not None:
            self._client_frames.frame_bytes_max = self._options.frame_bytes_max
        try:
            self._waiting += self._client_frames.feed(data)
            if self._waiting and shows_life(self._waiting[0]):
                self._stop_holding(now)
        except WireError as error:
            self._waiting += error.frames
            self._pump(now)
            self._break_off("client", error, now)

    @property
    def _may_take(self) -> bool:
        return (
            self._checking is None
            and not self._holding
            and not self._renewal.is_running
            and not self._resolving
            and not self._pipeline.is_ending
            and len(self._pipeline) < self._options.in_flight_max
            and self._upstream.held_bytes < self._options.hold_bytes_max
        )

    def _pump(self, now: Instant) -> None:
        """Take the frames that wait, as far as nothing holds them."""
        while self._waiting and self._phase is not Phase.CLOSED and self._may_take:
            frame = self._waiting.popleft()
            try:
                taken = self._requests.take(frame, now)
            except (WireError, RefusedRequestError) as error:
                self._break_off("client", error, now)
                return
            except SessionOverError as over:
                self._close(over.reason, now, str(over))
                return
            if isinstance(taken, Unresolved):
                self._waiting.appendleft(frame)
                self._resolving = taken.topic_ids
                self._resolve_until_ns = now.monotonic_ns + self._options.resolve_ms * NS_PER_MS
                self._effects.append(do.ResolveTopics(taken.topic_ids))
            else:
                self._carry_out(taken, now)

    def _carry_out(self, taken: Taken, now: Instant) -> None:
        self._record(taken.rows)
        if taken.held is not None:
            self._effects.append(self._holding.begin(taken.held))
        if taken.exchange is not None:
            self._pipeline.add(taken.exchange)
            assert len(self._pipeline) <= self._options.in_flight_max, "no more than may be"
            is_forwarded = taken.forward is not None
            assert taken.exchange.is_forwarded == is_forwarded, "who waits for the broker asked it"
        if taken.forward is not None:
            self._effects += self._upstream.send(taken.forward)
        if taken.check is not None:
            assert self._checking is None, "one login is checked at a time"
            self._checking = taken.exchange
            self._effects.append(taken.check)
        self._release(now)

    def _go_on(self, taken: Taken | None, now: Instant) -> None:
        """Carry out what becomes of a request that was held; None where it is answered already."""
        if taken is not None:
            self._record(taken.rows)
            if taken.forward is not None:
                self._effects += self._upstream.send(taken.forward)
            self._release(now)

    def _stop_holding(self, now: Instant) -> None:
        given_up = self._holding.give_up(now)
        if given_up is not None:
            stop, taken = given_up
            self._effects.append(stop)
            self._go_on(taken, now)

    # Answers, the broker's and others.

    def _broker_sent(self, data: bytes, now: Instant) -> None:
        self._active_ns = now.monotonic_ns
        self._received_bytes["broker"] += len(data)
        try:
            self._take_answers(self._broker_frames.feed(data), now)
        except WireError as error:
            self._take_answers(error.frames, now)
            self._break_off("broker", error, now)

    def _take_answers(self, frames: Iterable[bytes], now: Instant) -> None:
        for frame in frames:
            if self._phase is Phase.CLOSED:
                return
            exchange = self._pipeline.awaiting_broker()
            rows: list[Event] = []
            try:
                if exchange is not None and exchange.is_own:
                    self._effects += self._renewal.take(exchange, frame, now.monotonic_ns)
                else:
                    rows = self._answers.take(exchange, frame, now)
            except LoginError as error:
                self._close("broker_login_failed", now, str(error))
                return
            except (WireError, ControllerAddressError) as error:
                self._break_off("broker", error, now)
                return
            assert exchange is not None, "an answer without a request was refused"
            if self._is_client_lost and delivers(exchange):
                # These records are released to nobody.
                rows = [self._unknown(exchange, now)]
            elif exchange.charged is not None:
                self._effects.append(exchange.charge(rows))
                continue
            self._record(rows)
            self._release(now)

    def _credentials_checked(self, verdict: Verdict, now: Instant) -> None:
        exchange, self._checking = self._checking, None
        if exchange is not None:
            self._record(self._login.take_verdict(exchange, verdict, now))
            self._release(now)

    def _stop_resolving(self, now: Instant) -> None:
        """Go on after the cluster was asked for names, or did not answer in time."""
        asked, self._resolving = self._resolving, ()
        assert bool(asked) <= bool(self._waiting), "a request waits for the names"
        names = self._topology.topics
        self._requests.give_up_on([each for each in asked if names.name_of(each) is None], now)

    def _release(self, now: Instant) -> None:
        """Send the answers that nothing holds back any more."""
        for exchange in self._pipeline.release():
            if exchange.reply and not self._is_client_lost:
                self._replied_bytes += len(exchange.reply)
                self._effects.append(do.SendClient(exchange.reply))
            if exchange.ending is not None:
                self._end_behind(exchange.ending, now)
                return

    # The end.

    def _end_behind(self, reason: str, now: Instant) -> None:
        """End behind an answer: at once, or when the broker has got what came before it."""
        if self._upstream.standing is not Standing.CONNECTING:
            self._close(reason, now)
            return
        self._dropped_frames += len(self._waiting)
        self._waiting.clear()
        self._end(reason, now)

    def _end(self, reason: str, now: Instant) -> None:
        """Take nothing new; the first reason stands."""
        if self._phase is Phase.OPEN:
            self._phase = Phase.ENDING
            self._renewal.stop()
            self._ending = reason
            self._end_until_ns = now.monotonic_ns + self._options.outcome_ms * NS_PER_MS

    def _settle(self, now: Instant) -> None:
        """Close an ending session once all is done and the broker has all of it."""
        if self._phase is not Phase.ENDING or self._waiting or len(self._pipeline):
            return
        assert self._checking is None, "a login under way stands in the pipeline"
        if self._upstream.standing is Standing.ABSENT:
            self._close(self._ending, now)
        elif self._upstream.standing is Standing.CONNECTED:
            self._phase = Phase.LINGERING
            self._end_until_ns = now.monotonic_ns + self._options.linger_ms * NS_PER_MS
            self._effects.append(do.ShutdownBrokerWrite())

    def _look_at_clock(self, now: Instant) -> None:
        passed = now.monotonic_ns
        if self._resolving and passed >= self._resolve_until_ns:
            self._stop_resolving(now)
        over = self._login.authentication.why_over(None, passed)
        if over is not None:
            self._close(over.reason, now, over.message)
        elif self._phase is not Phase.OPEN:
            if passed >= self._end_until_ns:
                self._close(
                    self._ending, now, "some answers or the broker's end did not come in time"
                )
        elif self._stamp_is_late(passed):
            self._close("authentication_timeout", now)
        elif passed >= self._active_ns + self._options.idle_ms * NS_PER_MS:
            self._close("idle", now)

    def _stamp_is_late(self, passed: int) -> bool:
        limit_ns = self._opened_ns + self._options.authentication_ms * NS_PER_MS
        return self._login.authentication.principal is None and passed >= limit_ns

    def _break_off(self, side: str, error: Exception, now: Instant) -> None:
        """End the session because of something that cannot be answered, and record what it was."""
        if self._phase is Phase.CLOSED:
            return
        detail = {"side": side, "message": str(error)}
        self._record([self._stamp.session_row(EventKind.PROTOCOL_ERROR, now, detail)])
        self._close("protocol_error", now, str(error))

    def _close(self, reason: str, now: Instant, message: str | None = None) -> None:
        """Record that the session is over and what stays unknown, then let both ends go."""
        assert self._phase is not Phase.CLOSED, "a session is closed once"
        self._phase = Phase.CLOSED
        self._record(self._unknown(exchange, now) for exchange in self._pipeline.unanswered())
        detail = {
            "reason": reason,
            "message": message,
            "exchange_count": self._requests.exchange_count,
            "bytes_from_client": self._received_bytes["client"],
            "bytes_to_client": self._replied_bytes,
            "bytes_from_broker": self._received_bytes["broker"],
            "bytes_to_broker": self._upstream.sent_bytes,
            "bytes_not_sent_to_broker": self._upstream.held_bytes,
            "frames_not_taken": self._dropped_frames + len(self._waiting),
            "bytes_of_cut_frame": self._client_frames.buffered_bytes,
        }
        self._record([self._stamp.session_row(EventKind.SESSION_CLOSE, now, detail)])
        self._effects.append(do.CloseClient(reason))
        if self._upstream.standing is not Standing.ABSENT:
            self._effects.append(do.CloseBroker())

    def _unknown(self, exchange: Exchange, now: Instant) -> Event:
        """Make the row of an exchange whose outcome stays unknown; none is invented."""
        was_sent = exchange.is_forwarded and self._upstream.standing is Standing.CONNECTED
        return self._stamp.unknown_row(now, exchange, was_sent=was_sent)

    def _record(self, events: Iterable[Event]) -> None:
        self._effects += [do.Record(event) for event in events]
