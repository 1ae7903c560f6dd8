"""Whatever comes in whatever order, a session keeps order, ends cleanly and never raises."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.event import EventKind
from gateway.session.effects import CloseClient, Record, SendBroker, SendClient
from gateway.session.signals import (
    BrokerBytes,
    BrokerConnected,
    BrokerEof,
    BrokerFailed,
    ClientBytes,
    ClientConnected,
    ClientEof,
    ClientLost,
    CredentialsChecked,
    Drain,
    Instant,
    Tick,
    TopicsResolved,
)
from gateway.wire.api_keys import ApiKey
from gateway.wire.frames import FrameBuffer, frame
from tests.gateway.session.conversation import (
    ALICE_IN,
    ALICE_OUT,
    ORDERS_ID,
    PLAIN,
    answer,
    ask,
    batch,
    events,
    fetch,
    fetched,
    new_session,
    produce,
    produced,
    too_new_api_versions,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.identity.plain import Plain
    from gateway.session.effects import Effect
    from gateway.session.session import Session
    from gateway.session.signals import Signal

_FRAMES = st.one_of(
    st.binary(max_size=40),
    st.binary(max_size=60).map(frame),
    st.tuples(st.integers(0, 95), st.integers(0, 14), st.binary(max_size=60)).map(
        lambda start: frame(
            start[0].to_bytes(2, "big") + start[1].to_bytes(2, "big") + b"\0\0\0\1" + start[2]
        )
    ),
    st.sampled_from(
        [
            fetch(),
            fetch(13),
            produce(),
            produce(acks=0),
            produced(),
            fetched(batch(0, 3)),
            ask(ApiKey.SASL_HANDSHAKE, 1, mechanism="PLAIN"),
            ask(ApiKey.SASL_AUTHENTICATE, 2, auth_bytes=b"\0alice\0pw"),
            ask(ApiKey.METADATA, 9),
            ask(ApiKey.API_VERSIONS, 4),
            answer(ApiKey.API_VERSIONS, 4),
        ]
    ),
)

_SIGNALS: st.SearchStrategy[Signal] = st.one_of(
    _FRAMES.map(ClientBytes),
    _FRAMES.map(ClientBytes),
    _FRAMES.map(BrokerBytes),
    st.sampled_from(
        [
            BrokerConnected(),
            BrokerEof(),
            BrokerFailed("refused"),
            ClientEof(),
            ClientLost(),
            Drain(),
            Tick(),
            CredentialsChecked(ALICE_IN),
            CredentialsChecked(ALICE_OUT),
            TopicsResolved({}),
            TopicsResolved({ORDERS_ID: "orders"}),
        ]
    ),
)


class _Clock:
    def __init__(self) -> None:
        self.passed_ns = 0

    def __call__(self) -> Instant:
        self.passed_ns += 1_000_000
        return Instant(self.passed_ns, self.passed_ns)


def _said(session: Session, signals: list[Signal]) -> list[Effect]:
    now = _Clock()
    effects = session.handle(ClientConnected(), now())
    for signal in signals:
        effects += session.handle(signal, now())
    return effects


@given(st.lists(_SIGNALS, max_size=12), st.sampled_from([(), PLAIN]))
def test_no_signals_raise_and_every_end_is_recorded(
    signals: list[Signal], mechanisms: tuple[Plain, ...]
) -> None:
    """Strangers on both sides: effects or a recorded close, nothing else."""
    session = new_session(mechanisms=mechanisms)
    effects = _said(session, [*signals, BrokerFailed("the test ends")])
    kinds = [event.kind for event in events(effects)]

    assert session.is_closed
    assert EventKind.SESSION_OPEN == kinds[0]
    assert EventKind.SESSION_CLOSE == kinds[-1]
    assert 1 == kinds.count(EventKind.SESSION_CLOSE)
    assert 1 == sum(isinstance(effect, CloseClient) for effect in effects)


@given(st.lists(_SIGNALS, max_size=12))
def test_every_exchange_ends_in_exactly_one_row(signals: list[Signal]) -> None:
    """Whether answered, refused, cut off or never forwarded."""
    session = new_session()
    rows = events(_said(session, [*signals, BrokerFailed("the test ends")]))
    begun = {event.exchange for event in rows if event.exchange is not None}
    ended = Counter(event.exchange for event in rows if event.kind is EventKind.EXCHANGE)

    assert dict.fromkeys(begun, 1) == ended


_CONVERSATION: dict[str, tuple[Callable[[int], bytes], Callable[[int], bytes] | None]] = {
    "list": (
        lambda number: ask(ApiKey.LIST_GROUPS, 3, number),
        lambda number: answer(ApiKey.LIST_GROUPS, 3, number),
    ),
    "fetch": (
        lambda number: fetch(correlation_id=number),
        lambda number: fetched(batch(number, 1), correlation_id=number),
    ),
    "produce": (
        lambda number: produce(correlation_id=number),
        lambda number: produced(correlation_id=number),
    ),
    "acks=0": (lambda number: produce(acks=0, correlation_id=number), None),
    "local": (too_new_api_versions, None),
}


@given(st.data())
def test_any_interleaving_keeps_the_order(data: st.DataObject) -> None:
    """Answers leave in the order of their requests, whoever gives them and whenever they come."""
    kinds = data.draw(st.lists(st.sampled_from(sorted(_CONVERSATION)), min_size=1, max_size=10))
    session = new_session(in_flight_max=data.draw(st.integers(1, 6)))
    now = _Clock()
    effects = session.handle(ClientConnected(), now())
    to_send = b"".join(_CONVERSATION[kind][0](number) for number, kind in enumerate(kinds))
    answers = b""
    forwarded = FrameBuffer(frame_bytes_max=1_000_000)
    is_connected = False
    while to_send or answers or not is_connected:
        choices = ["connect"] * (not is_connected) + ["client"] * bool(to_send)
        step = data.draw(st.sampled_from(choices + ["broker"] * bool(answers)))
        size = data.draw(st.integers(1, 400))
        if step == "connect":
            is_connected, came = True, session.handle(BrokerConnected(), now())
        elif step == "client":
            came, to_send = session.handle(ClientBytes(to_send[:size]), now()), to_send[size:]
        else:
            came, answers = session.handle(BrokerBytes(answers[:size]), now()), answers[size:]
        effects += came
        for effect in came:
            if isinstance(effect, SendBroker):
                for each in forwarded.feed(effect.data):
                    number = int.from_bytes(each[4:8], "big")
                    reply = _CONVERSATION[kinds[number]][1]
                    answers += reply(number) if reply else b""
    replies = FrameBuffer(frame_bytes_max=1_000_000)
    sent = b"".join(effect.data for effect in effects if isinstance(effect, SendClient))
    answered = [int.from_bytes(each[:4], "big") for each in replies.feed(sent)]

    assert [number for number, kind in enumerate(kinds) if kind != "acks=0"] == answered


@given(st.lists(st.sampled_from(sorted(_CONVERSATION)), min_size=1, max_size=8))
def test_rows_stand_before_what_they_describe(kinds: list[str]) -> None:
    """Before each byte that leaves, the rows about it are recorded."""
    session = new_session()
    now = _Clock()
    session.handle(ClientConnected(), now())
    session.handle(ClientBytes(ask(ApiKey.LIST_GROUPS, 3, 0)), now())
    session.handle(BrokerConnected(), now())
    session.handle(BrokerBytes(answer(ApiKey.LIST_GROUPS, 3, 0)), now())
    seen: set[tuple[EventKind, int | None]] = set()
    for number, kind in enumerate(kinds, 1):
        request, reply = _CONVERSATION[kind]
        effects = session.handle(ClientBytes(request(number)), now())
        effects += session.handle(BrokerBytes(reply(number)), now()) if reply else []
        for effect in effects:
            if isinstance(effect, Record):
                seen.add((effect.event.kind, effect.event.correlation_id))
            elif isinstance(effect, SendBroker) and kind in {"produce", "acks=0"}:
                assert (EventKind.PRODUCE, number) in seen
            elif isinstance(effect, SendClient):
                assert (EventKind.EXCHANGE, number) in seen
                assert kind != "fetch" or (EventKind.DELIVERED, number) in seen
