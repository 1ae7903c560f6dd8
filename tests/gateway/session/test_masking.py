"""What a rule masks reaches neither the client nor the broker nor the record."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.event import EventKind, Masked
from gateway.masking.keys import Key
from gateway.masking.rules import Plans
from gateway.policy.current import CurrentPolicy
from gateway.policy.decision import DecisionKind
from gateway.policy.engine import Policy
from gateway.policy.mask_rule import MaskField, MaskFormat, MaskMethod, OnUndecodable, RecordPart
from gateway.session.effects import AskApproval, Record, SendBroker, SendClient
from gateway.session.signals import ApprovalAnswered, BrokerBytes, ClientBytes, Tick
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import decode_response
from gateway.wire.records.batch import CODECS, V2_HEADER_BYTES, Codec, read_header
from gateway.wire.records.compression import decompress
from gateway.wire.records.encode import BatchOptions, encode_batch
from gateway.wire.records.record import Record as LogRecord
from tests.gateway.policy.policies import rule
from tests.gateway.session.conversation import (
    ORDERS_ID,
    answer,
    ask,
    batch,
    connected,
    events,
    fetch,
    fetched,
    new_session,
    produce,
)
from tests.gateway.session.held import GRANTED
from tests.playbook import SECOND_NS

if TYPE_CHECKING:
    from gateway.session.effects import Effect
    from gateway.session.session import Session
    from tests.playbook import Playbook

CANARY = "c4n4ry"
CARD = MaskField(method=MaskMethod.REDACT, path="$.card")
APIS = frozenset({int(ApiKey.FETCH), int(ApiKey.PRODUCE), int(ApiKey.SHARE_FETCH)})
KEYS = {"k": (Key("k", 1, bytes(32)),)}


def _session(
    *fields: MaskField, way: OnUndecodable | None = None, taken_for: MaskFormat = MaskFormat.AUTO
) -> Session:
    """Make a session with one mask rule on `orders`, for every direction."""
    named = rule("mask-cards", DecisionKind.MASK, ["orders"], apis=APIS)
    assert named.mask is not None
    mask = replace(
        named.mask, apis=APIS, fields=fields or (CARD,), on_undecodable=way, format=taken_for
    )
    policy = Policy([replace(named, mask=mask)], digest=bytes(32))
    return new_session(policy=CurrentPolicy(policy), plans=Plans(KEYS))


def _records(*values: bytes, codec: Codec = "none", key: bytes | None = None) -> bytes:
    headers = () if key is None else (("h", key),)
    made = [LogRecord(7 + n, 0, key, value, headers) for n, value in enumerate(values)]
    return encode_batch(made, BatchOptions(codec=codec))


def _kept(effects: list[Effect]) -> bytes:
    """Give everything that is stored of effects."""
    rows = [msgspec.msgpack.encode(each.event) for each in effects if isinstance(each, Record)]
    return b"".join(rows)


def _fetched(play: Playbook, records: bytes, version: int = 12) -> list[Effect]:
    play >> ClientBytes(fetch(version))
    play.take_all()
    play >> BrokerBytes(fetched(records, version))
    return play.take_all()


def _answered(effects: list[Effect], version: int = 12) -> tuple[int, bytes]:
    """Give the error and the records that the client was sent."""
    (sent,) = [each.data for each in effects if isinstance(each, SendClient)]
    body = decode_response(sent[4:], ApiKey.FETCH, version).body
    (partition,) = body["responses"][0]["partitions"]
    return partition["error_code"], bytes(partition["records"] or b"")


def test_a_delivery_is_masked_before_it_is_recorded_and_released() -> None:
    """The row holds what the client got, and says what was masked how often and by which rule."""
    clear = _records(f'{{"card":"{CANARY}","n":1}}'.encode(), b'{"card":null}', b'{"n":2}')
    effects = _fetched(connected(_session()), clear)
    delivered, exchange = events(effects)
    error, sent = _answered(effects)

    expected = b'{"card":"[redacted]","n":1}'
    assert CANARY.encode() not in _kept(effects)
    assert (0, True) == (error, expected in sent)
    assert delivered.payload is not None
    assert sent == bytes(delivered.payload)
    assert (Masked("$.card", "redact", 2),) == delivered.masked
    assert ("mask", ("mask-cards",), bytes(32)) == (
        delivered.decision,
        delivered.rule_ids,
        delivered.bundle_digest,
    )
    assert () == exchange.masked
    assert "masking" not in json.loads(exchange.detail or "")


def test_other_topics_pass_as_they_are() -> None:
    """The frame is not even written again."""
    play = connected(_session())
    play >> ClientBytes(fetch().replace(b"orders", b"others"))
    play.take_all()
    reply = fetched(batch(0, 3)).replace(b"orders", b"others")
    play >> BrokerBytes(reply)
    effects = play.take_all()

    assert SendClient(reply) in effects
    assert ["allow", "allow"] == [each.decision for each in events(effects)]


def test_a_topic_whose_name_is_not_known_is_masked_by_every_rule() -> None:
    """An id that nobody can name may be the topic of the rule."""
    session = _session()
    play = connected(session)
    play >> ClientBytes(fetch(13))
    play.take_all()
    play.advance(4 * SECOND_NS)
    play >> Tick()
    effects = play.take_all()
    play >> BrokerBytes(fetched(_records(f'{{"card":"{CANARY}"}}'.encode()), 13))
    effects += play.take_all()

    assert CANARY.encode() not in _kept(effects)
    assert all(CANARY.encode() not in e.data for e in effects if isinstance(e, SendClient))


def test_a_cut_batch_is_left_out() -> None:
    """Its bytes are in clear, and the client could not use them."""
    clear = _records(f'{{"card":"{CANARY}"}}'.encode())
    effects = _fetched(connected(_session()), clear + clear[:-1])
    _, exchange = events(effects)
    alone = _fetched(connected(_session()), clear[:-1])

    told = {"topic": "orders", "partition": 0, "cut_bytes": len(clear) - 1}
    assert [told] == json.loads(exchange.detail or "")["masking"]
    assert CANARY.encode() not in _answered(effects)[1] + _answered(alone)[1] + _kept(alone)
    assert (0, b"") == _answered(alone)
    assert [EventKind.EXCHANGE] == [each.kind for each in events(alone)]


def test_a_blocked_partition_is_refused_in_its_own_error() -> None:
    """No bytes of it are left, and the exchange row says why."""
    session = _session(way=OnUndecodable.BLOCK)
    effects = _fetched(connected(session), _records(f"{CANARY} is no JSON".encode()))
    (exchange,) = events(effects)

    assert (29, b"") == _answered(effects)
    assert CANARY.encode() not in _kept(effects)
    (note,) = json.loads(exchange.detail or "")["masking"]
    assert "no JSON at byte 0" == note["undecodable"]


def test_a_rule_that_cannot_be_carried_out_lets_nothing_pass() -> None:
    """Such as one whose key is not configured."""
    field = MaskField(method=MaskMethod.PSEUDONYM, path="$.card", key="gone")
    effects = _fetched(connected(_session(field)), _records(b'{"card":"x"}'))

    assert (29, b"") == _answered(effects)


def test_what_passes_unread_is_told() -> None:
    """Where the rule lets it, the record says so."""
    session = _session(way=OnUndecodable.PASS_RECORDED)
    effects = _fetched(connected(session), _records(b"no JSON", b'{"card":1}'))
    delivered, exchange = events(effects)

    (note,) = json.loads(exchange.detail or "")["masking"]
    assert 1 == note["passed_undecoded"]
    assert (Masked("$.card", "redact", 1),) == delivered.masked


def _produce(records: bytes, acks: int = -1) -> bytes:
    topic = {"name": "orders", "partition_data": [{"index": 0, "records": records}] * 2}
    return produce(acks, topic_data=[topic])


@pytest.mark.parametrize("acks", [-1, 0])
def test_a_producer_sends_masked_records(acks: int) -> None:
    """What the broker gets is what is recorded, and neither holds the clear value."""
    play = connected(_session())
    clear = _records(f'{{"card":"{CANARY}"}}'.encode())
    play >> ClientBytes(_produce(clear, acks))
    effects = play.take_all()
    (sent,) = [each.data for each in effects if isinstance(each, SendBroker)]

    assert CANARY.encode() not in sent + _kept(effects)
    first, second = (each for each in events(effects) if each.kind is EventKind.PRODUCE)
    assert first.payload is not None
    assert bytes(first.payload) in sent
    assert (Masked("$.card", "redact", 1),) == first.masked == second.masked


def test_a_producer_is_told_what_cannot_be_masked() -> None:
    """Nothing of the request is sent on; the answer names the rule, and the row the reason."""
    play = connected(_session())
    play >> ClientBytes(_produce(_records(f"{CANARY} is no JSON".encode())))
    effects = play.take_all()
    (sent,) = [each.data for each in effects if isinstance(each, SendClient)]
    (row,) = events(effects)

    body = decode_response(sent[4:], ApiKey.PRODUCE, 9).body
    partition = body["responses"][0]["partition_responses"][0]
    assert not any(isinstance(each, SendBroker) for each in effects)
    assert CANARY.encode() not in _kept(effects)
    assert ("deny", ("mask-cards",), 87) == (row.decision, row.rule_ids, row.error_code)
    assert 87 == partition["error_code"]
    assert "no JSON" in json.loads(row.detail or "")["masking"][0]["undecodable"]


def test_a_request_that_grows_too_large_is_refused_as_a_broker_would(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A frame beyond the broker's limit would only break the connection."""
    monkeypatch.setattr("gateway.session.requests.FRAME_BYTES_MAX", 10)
    play = connected(_session())
    play >> ClientBytes(_produce(_records(b'{"card":"x"}')))
    (row,) = events(play.take_all())

    assert ("deny", 10) == (row.decision, row.error_code)


def _shared(session: Session) -> list[Effect]:
    """Let a member fetch again in a share session, which names no topic any more."""
    play = connected(session)
    session._topology.topics.learn(ORDERS_ID, "orders")
    session._requests._knowledge.share_sessions.keep(("g", "m"))
    request = ask(ApiKey.SHARE_FETCH, 1, group_id="g", member_id="m", share_session_epoch=3)
    play >> ClientBytes(request)
    effects = play.take_all()
    clear = _records(f'{{"card":"{CANARY}"}}'.encode())
    acquired = [{"first_offset": 7, "last_offset": 7, "delivery_count": 1}]
    partition: dict[str, object] = {"partition_index": 0, "error_code": 0, "records": clear}
    partition |= {"error_message": None}
    partition |= {"acknowledge_error_code": 0, "acknowledge_error_message": None}
    leader = {"leader_id": 1, "leader_epoch": 1}
    partition |= {"current_leader": leader, "acquired_records": acquired}
    topic = {"topic_id": ORDERS_ID, "partitions": [partition]}
    play >> BrokerBytes(answer(ApiKey.SHARE_FETCH, 1, responses=[topic]))
    return effects + play.take_all()


def test_a_share_group_member_gets_masked_records_too() -> None:
    """Whatever the request names: the answer tells what it is about."""
    effects = _shared(_session())
    delivered, exchange = events(effects)

    assert CANARY.encode() not in _kept(effects)
    assert (Masked("$.card", "redact", 1),) == delivered.masked
    assert ["mask", "mask"] == [delivered.decision, exchange.decision]


def test_what_is_denied_of_a_share_session_is_withheld() -> None:
    """A rule may have come after the request that named the topic."""
    policy = Policy([rule("no-orders", topics=["orders"], apis=APIS)])
    effects = _shared(new_session(policy=CurrentPolicy(policy)))
    (exchange,) = events(effects)
    (sent,) = [each.data for each in effects if isinstance(each, SendClient)]
    (partition,) = decode_response(sent[4:], ApiKey.SHARE_FETCH, 1).body["responses"][0][
        "partitions"
    ]

    assert CANARY.encode() not in sent + _kept(effects)
    assert ("deny", ("no-orders",)) == (exchange.decision, exchange.rule_ids)
    assert (29, []) == (partition["error_code"], partition["acquired_records"])


def _held(*, approves: bool = True) -> Session:
    """Make a session whose policy masks and holds what concerns orders."""
    mask = rule("m", DecisionKind.MASK, ["orders"], apis=APIS)
    assert mask.mask is not None
    mask = replace(mask, mask=replace(mask.mask, apis=APIS))
    hold = rule("h", DecisionKind.HOLD, ["orders"], apis=APIS)
    return new_session(policy=CurrentPolicy(Policy([mask, hold])), approves=approves)


def test_an_approved_delivery_is_masked() -> None:
    """People say that somebody may read, not that they may read everything."""
    play = connected(_held())
    play >> ClientBytes(fetch())
    play.take_all()
    play >> ApprovalAnswered(1, GRANTED)
    play.take_all()
    play >> BrokerBytes(fetched(_records(f'{{"card":"{CANARY}"}}'.encode())))
    effects = play.take_all()
    delivered, _ = events(effects)

    assert CANARY.encode() not in _answered(effects)[1] + _kept(effects)
    assert (Masked("$.card", "redact", 1),) == delivered.masked
    assert ("hold", "r1") == (delivered.decision, delivered.approval_id)


def test_an_approved_produce_was_masked_before_anybody_was_asked() -> None:
    """What is asked, kept in a database and sent on holds no clear value."""
    play = connected(_held())
    play >> ClientBytes(_produce(_records(f'{{"card":"{CANARY}"}}'.encode())))
    (asking,) = play.take_all()
    assert isinstance(asking, AskApproval)
    play >> ApprovalAnswered(1, GRANTED)
    effects = play.take_all()
    (sent,) = [each.data for each in effects if isinstance(each, SendBroker)]
    written = events(effects)[0]

    assert CANARY.encode() not in msgspec.json.encode(asking) + sent + _kept(effects)
    assert (EventKind.PRODUCE, (Masked("$.card", "redact", 1),)) == (written.kind, written.masked)


def test_nothing_that_people_must_approve_leaves_in_a_share_session() -> None:
    """Its requests name no topics, so nobody was asked."""
    effects = _shared(_held())
    (exchange,) = events(effects)
    (sent,) = [each.data for each in effects if isinstance(each, SendClient)]
    (partition,) = decode_response(sent[4:], ApiKey.SHARE_FETCH, 1).body["responses"][0][
        "partitions"
    ]

    assert CANARY.encode() not in sent + _kept(effects)
    assert ("deny", True) == (exchange.decision, "h" in exchange.rule_ids)
    assert (29, []) == (partition["error_code"], partition["acquired_records"])


def _two_topics(play: Playbook, value: bytes) -> list[Effect]:
    """Produce to a topic that is denied and to one that is masked."""
    topics = [
        {"name": name, "partition_data": [{"index": 0, "records": _records(value)}]}
        for name in ("cards", "orders")
    ]
    play >> ClientBytes(produce(topic_data=topics))
    return play.take_all()


def _half_denied() -> Playbook:
    masked = rule("m", DecisionKind.MASK, ["orders"], apis=APIS)
    assert masked.mask is not None
    masked = replace(masked, mask=replace(masked.mask, apis=APIS))
    policy = Policy([rule("no-cards", topics=["cards"], apis=APIS), masked])
    return connected(new_session(policy=CurrentPolicy(policy)))


def test_what_is_left_of_a_request_is_masked() -> None:
    """One topic is refused, and the other one goes on without its clear values."""
    effects = _two_topics(_half_denied(), f'{{"card":"{CANARY}"}}'.encode())
    (sent,) = [each.data for each in effects if isinstance(each, SendBroker)]
    (row,) = events(effects)

    assert CANARY.encode() not in sent + _kept(effects)
    assert (b"orders" in sent, b"cards" in sent) == (True, False)
    assert ("mask", (Masked("$.card", "redact", 1),)) == (row.decision, row.masked)


def test_what_is_left_of_a_request_may_have_to_be_refused_too() -> None:
    """Each topic has its own error, and the row names the rules of both."""
    effects = _two_topics(_half_denied(), b"no JSON")
    (sent,) = [each.data for each in effects if isinstance(each, SendClient)]
    (row,) = events(effects)

    topics = decode_response(sent[4:], ApiKey.PRODUCE, 9).body["responses"]
    errors = {each["name"]: each["partition_responses"][0]["error_code"] for each in topics}
    assert {"orders": 87, "cards": 29} == errors
    assert ("deny", ("no-cards", "m")) == (row.decision, row.rule_ids)


def masked_session() -> Session:
    """Make a session whose one rule masks cards in orders."""
    return _session()


def masked_fetch(value: bytes) -> list[Effect]:
    """Fetch one record through it."""
    return _fetched(connected(_session()), _records(value))


def held_session() -> Session:
    """Make a session whose rules mask cards in orders, and hold what concerns orders."""
    return _held()


def masked_share(session: Session) -> list[Effect]:
    """Fetch as a member of a share group."""
    return _shared(session)


def masked_produce(value: bytes) -> list[Effect]:
    """Send a record through it."""
    play = connected(_session())
    play >> ClientBytes(_produce(_records(value)))
    return play.take_all()


def half_denied_produce(value: bytes) -> list[Effect]:
    """Send a record to a denied topic and to a masked one."""
    return _two_topics(_half_denied(), value)


DENIED_ORDERS = CurrentPolicy(Policy([rule("no-orders", topics=["orders"], apis=APIS)]))

EVERYWHERE = (
    CARD,
    MaskField(method=MaskMethod.REDACT, part=RecordPart.HEADER, name="h"),
    MaskField(method=MaskMethod.PSEUDONYM, part=RecordPart.KEY, key="k", allow_key=True),
)
VALUES = (
    f'{{"card":"{CANARY}"}}',
    f'{{"c\\u0061rd":"{CANARY}"}}',
    f'{{"card":{{"deep":["{CANARY}"]}}}}',
    f'{{"card":"x","card":"{CANARY}"}}',
    f'{{"card":"{CANARY}"',
    f'"{CANARY}" "',
    f"\x00\x00\x00\x00\x01{CANARY}",
    f'\ufeff{{"card":"{CANARY}"}}',
    f"{{'card':'{CANARY}'}}",
)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("way", [None, OnUndecodable.BLOCK])
@pytest.mark.parametrize("value", VALUES)
def test_no_clear_value_gets_through(codec: Codec, way: OnUndecodable | None, value: str) -> None:
    """In every codec, readable or not: neither to the client, the broker nor the journal."""
    clear = _records(value.encode(), codec=codec, key=CANARY.encode())
    effects = _fetched(connected(_session(*EVERYWHERE, way=way)), clear)
    producing = connected(_session(*EVERYWHERE, way=way))
    producing >> ClientBytes(_produce(clear))
    effects += producing.take_all()
    sent = [each.data for each in effects if isinstance(each, SendClient | SendBroker)]
    payloads = [bytes(each.payload) for each in events(effects) if each.payload]

    assert not any(CANARY.encode() in content for content in (*sent, _kept(effects)))
    assert all(any(payload in data for data in sent) for payload in payloads)
    assert not any(CANARY.encode() in _opened(payload) for payload in payloads)


def _opened(payload: bytes) -> bytes:
    """Give what lies in a compressed batch."""
    source = payload[V2_HEADER_BYTES:]
    return decompress(read_header(payload).codec, source, limit_bytes=1_000_000)
