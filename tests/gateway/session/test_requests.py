"""Requests are recorded, forwarded, refused or held as they must be."""

from __future__ import annotations

import pytest

from gateway.apis.catalogue import ROLES, Role
from gateway.evidence.event import EventKind, Extent
from gateway.identity.denials import Denial, DenyList
from gateway.policy.forbid import ForbidRule
from gateway.session.effects import (
    CloseClient,
    ConnectBroker,
    ResolveTopics,
    SendBroker,
    SendClient,
)
from gateway.session.requests import UNKNOWN_IDS_MAX
from gateway.session.signals import (
    BrokerBytes,
    BrokerEof,
    ChangesRefused,
    ClientBytes,
    Tick,
    TopicsResolved,
)
from gateway.session.topology import Topology
from gateway.wire.api_keys import ApiKey
from gateway.wire.frames import frame
from tests.gateway.session.conversation import (
    ORDERS_ID,
    ORDERS_ID_TEXT,
    PLAIN,
    answer,
    ask,
    batch,
    connected,
    events,
    fetch,
    fetched,
    new_session,
    opened,
    produce,
    produced,
    too_new_api_versions,
    version_refusal,
)
from tests.gateway.session.held import held
from tests.gateway.session.test_masking import (
    half_denied_produce,
    masked_produce,
    masked_session,
    masked_share,
)
from tests.playbook import row

CARDS_RULE = ForbidRule(
    id="no-cards",
    apis=frozenset({ApiKey.FETCH, ApiKey.PRODUCE, ApiKey.METADATA, ApiKey.CREATE_TOPICS}),
    topics=("cards", "orders"),
)


def _knowing() -> Topology:
    topology = Topology()
    topology.topics.learn(ORDERS_ID, "orders")
    return topology


def test_produce_is_recorded_before_it_is_forwarded() -> None:
    """One row each topic-partition, with the bytes as they were sent."""
    play = connected()
    play >> ClientBytes(produce())
    (event,) = events([play.take()])
    play << SendBroker(produce())
    play.finish()

    assert EventKind.PRODUCE == event.kind
    assert ("orders", None, 0, 3) == (
        event.topic,
        event.topic_id,
        event.partition,
        event.record_count,
    )
    assert event.payload is not None
    assert batch(0, 3) == bytes(event.payload)
    assert (Extent(0, 2, 3, len(batch(0, 3))),) == event.extents
    assert (len(batch(0, 3)), "allow") == (event.byte_count, event.decision)


def test_what_stands_behind_a_request_goes_no_further() -> None:
    """A broker does not look at what librdkafka leaves there; what is unrecorded is not sent."""
    request = ask(ApiKey.METADATA, 12, topics=None)
    play = connected()
    play >> ClientBytes(frame(request[4:] + b"\x01\x00\x00")) << SendBroker(request)
    play.finish()


def test_acks_0_leaves_no_exchange_open() -> None:
    """No answer comes, so the exchange's row is written before the bytes go on."""
    play = connected(new_session(in_flight_max=1))
    for number in range(1, 4):
        (
            play
            >> ClientBytes(produce(acks=0, correlation_id=number))
            << row(EventKind.PRODUCE, exchange=number)
            << row(
                EventKind.EXCHANGE,
                exchange=number,
                error_code=0,
                detail={"response": "none", "request": {"acks": 0, "partition_count": 1}},
            )
            << SendBroker(produce(acks=0, correlation_id=number))
        )
    play.finish()

    assert play.session.reads_client


def test_a_change_leaves_an_intent_before_it_is_forwarded() -> None:
    """A crash before the answer still shows what was asked for."""
    request = ask(ApiKey.DELETE_GROUPS, 2, groups_names=["billing"])
    reply = answer(ApiKey.DELETE_GROUPS, 2, results=[{"group_id": "billing", "error_code": 68}])
    play = connected()
    (
        play
        >> ClientBytes(request)
        << row(
            EventKind.INTENT,
            api_key=42,
            exchange=1,
            detail={"request": {"groups_names": ["billing"]}},
        )
        << SendBroker(request)
        >> BrokerBytes(reply)
        << row(
            EventKind.EXCHANGE,
            error_code=68,
            detail={
                "request": {"groups_names": ["billing"]},
                "response": {"results": [{"group_id": "billing", "error_code": 68}]},
            },
        )
        << SendClient(reply)
    )
    play.finish()


def test_a_read_leaves_no_intent() -> None:
    """One row at the answer is enough for it."""
    play = connected()
    play >> ClientBytes(fetch()) << SendBroker(fetch())
    play.finish()


@pytest.mark.parametrize("api_key", [key for key, role in ROLES.items() if role is Role.HIDDEN])
def test_hidden_apis_end_the_session_and_their_bytes_are_not_recorded(api_key: int) -> None:
    """They deal in the broker's credentials; nothing of them is decoded or kept."""
    play = connected()
    canary = b"\0\x01\0\0\0\x05\xff\xffc4n4ry"
    play >> ClientBytes(frame(api_key.to_bytes(2, "big") + canary))
    effects = play.take_all()

    assert [EventKind.PROTOCOL_ERROR, EventKind.SESSION_CLOSE] == [
        event.kind for event in events(effects)
    ]
    assert "c4n4ry" not in repr(effects)


@pytest.mark.parametrize(
    "start", [b"\x27\x0f\0\0", b"\0\x01\0\x63", b"\0\x01\0\0"], ids=["key", "too-new", "too-old"]
)
def test_unknown_apis_and_versions_end_the_session(start: bytes) -> None:
    """Without knowing the shape no error can be told; the record says why."""
    play = connected()
    (
        play
        >> ClientBytes(frame(start + b"\0\0\0\x05\xff\xff"))
        << row(EventKind.PROTOCOL_ERROR, detail={"side": "client"})
        << row(EventKind.SESSION_CLOSE, detail={"reason": "protocol_error"})
        << CloseClient("protocol_error")
    )
    play.take_all()
    play.finish()


def test_unknown_topic_ids_are_asked_for_before_the_request_goes_on() -> None:
    """The record names topics, also for clients that learned the id elsewhere."""
    play = connected()
    play >> ClientBytes(fetch(13)) << ResolveTopics((ORDERS_ID,))

    assert not play.session.reads_client
    (
        play
        >> TopicsResolved({ORDERS_ID: "orders"})
        << SendBroker(fetch(13))
        >> BrokerBytes(fetched(batch(7, 2), 13))
        << row(EventKind.DELIVERED, topic="orders", topic_id=ORDERS_ID_TEXT, first_offset=7)
        << row(EventKind.EXCHANGE)
        << SendClient(fetched(batch(7, 2), 13))
    )
    play.finish()


def test_a_topic_that_stays_unknown_is_recorded_by_its_id() -> None:
    """The cluster does not know it either; it is not asked again for every request."""
    play = connected()
    (
        play
        >> ClientBytes(produce(version=13))
        << ResolveTopics((ORDERS_ID,))
        >> TopicsResolved({})
        << row(EventKind.PRODUCE, topic=None, topic_id=ORDERS_ID_TEXT)
        << SendBroker(produce(version=13))
        >> BrokerBytes(produced(13, error_code=100, base_offset=-1))
        << row(
            EventKind.PRODUCED,
            topic=None,
            topic_id=ORDERS_ID_TEXT,
            error_code=100,
            first_offset=None,
        )
        << row(EventKind.EXCHANGE, error_code=100)
        << SendClient(produced(13, error_code=100, base_offset=-1))
        >> ClientBytes(fetch(13, correlation_id=2))
        << SendBroker(fetch(13, correlation_id=2))
    )
    play.advance(60_000_000_000)
    play >> ClientBytes(fetch(13, correlation_id=3)) << ResolveTopics((ORDERS_ID,))
    play.finish()


def test_a_name_that_does_not_come_is_not_waited_for_without_end() -> None:
    """Held requests hold the whole connection."""
    play = connected(new_session(resolve_ms=2_000))
    play >> ClientBytes(fetch(13)) << ResolveTopics((ORDERS_ID,)) >> Tick()
    play >> Tick() << SendBroker(fetch(13))
    play >> TopicsResolved({ORDERS_ID: "orders"})
    play.finish()


def test_answers_still_come_while_a_request_is_held() -> None:
    """Only the client's side waits."""
    play = connected()
    listed = ask(ApiKey.LIST_GROUPS, 3)
    reply = answer(ApiKey.LIST_GROUPS, 3)
    (
        play
        >> ClientBytes(listed)
        << SendBroker(listed)
        >> ClientBytes(fetch(13, correlation_id=2))
        << ResolveTopics((ORDERS_ID,))
        >> BrokerBytes(reply)
        << row(EventKind.EXCHANGE)
        << SendClient(reply)
    )
    play.finish()


def test_a_forbidden_request_is_answered_as_a_broker_would_and_not_forwarded() -> None:
    """The row names the rule, the client reads an authorization error for its partition."""
    play = connected(new_session(forbid=(CARDS_RULE,)))
    refused = fetched(
        b"", error_code=29, high_watermark=-1, last_stable_offset=-1, log_start_offset=-1
    )
    play >> ClientBytes(fetch())
    play << row(
        EventKind.EXCHANGE,
        decision="deny",
        rule_ids=("no-cards",),
        error_code=29,
        detail={"response": "refused", "request": {"topics": [{"topic": "orders"}]}},
    )
    (sent,) = play.take_all()

    assert isinstance(sent, SendClient)
    assert refused[:-30] == sent.data[: len(refused) - 30]


@pytest.mark.parametrize(
    ("message", "code"),
    [(produce(), 56), (ask(ApiKey.CREATE_TOPICS, 7), 56), (ask(ApiKey.OFFSET_COMMIT, 8), 14)],
)
def test_changes_are_refused_for_a_while(message: bytes, code: int) -> None:
    """Each with an error after which its clients try again; the row names the gateway's rule."""
    play = connected()
    play >> ChangesRefused(is_so=True) >> ClientBytes(message)
    play << row(
        EventKind.EXCHANGE, decision="deny", rule_ids=("gateway:no-changes",), error_code=code
    )
    (sent,) = play.take_all()
    play >> ChangesRefused(is_so=False) >> ClientBytes(message)
    later = play.take_all()

    assert isinstance(sent, SendClient)
    assert SendBroker(message) == later[-1]


def test_reading_goes_on_while_changes_are_refused() -> None:
    """Only what changes something is held off."""
    play = connected()
    play >> ChangesRefused(is_so=True) >> ClientBytes(fetch()) << SendBroker(fetch())
    play.finish()


def test_metadata_creates_no_topic_while_changes_are_refused() -> None:
    """Readers need it, so it goes on without the wish; the record keeps what was asked."""
    topics = [{"topic_id": bytes(16), "name": "orders"}]
    asked = ask(ApiKey.METADATA, 12, allow_auto_topic_creation=True, topics=topics)
    forwarded = ask(ApiKey.METADATA, 12, allow_auto_topic_creation=False, topics=topics)
    play = connected()
    play >> ChangesRefused(is_so=True) >> ClientBytes(asked)
    play << row(EventKind.INTENT, detail={"request": {"allow_auto_topic_creation": True}})
    play << SendBroker(forwarded)
    play.finish()


def test_a_change_that_cannot_be_refused_ends_the_session() -> None:
    """There is no form in which to say it, and it must not pass."""
    message = ask(ApiKey.METADATA, 3, topics=[{"name": "orders"}])
    play = connected()
    play >> ChangesRefused(is_so=True) >> ClientBytes(message)
    play << row(EventKind.PROTOCOL_ERROR) << row(EventKind.SESSION_CLOSE)
    effects = play.take_all()

    assert CloseClient("protocol_error") in effects
    assert not any(isinstance(effect, SendBroker) for effect in effects)


def test_a_refusal_waits_for_earlier_answers() -> None:
    """Order holds for refusals, too; their row is written at once."""
    play = connected(new_session(forbid=(CARDS_RULE,)))
    listed = ask(ApiKey.LIST_GROUPS, 3)
    reply = answer(ApiKey.LIST_GROUPS, 3)
    play >> ClientBytes(listed + fetch(correlation_id=2)) << SendBroker(listed)
    play << row(EventKind.EXCHANGE, decision="deny")
    play >> BrokerBytes(reply) << row(EventKind.EXCHANGE, decision="allow") << SendClient(reply)
    (refusal,) = play.take_all()

    assert isinstance(refusal, SendClient)


def test_a_forbidden_produce_without_acks_ends_the_session() -> None:
    """There is no answer in which to say it; Kafka's brokers close as well."""
    play = connected(new_session(forbid=(CARDS_RULE,)))
    (
        play
        >> ClientBytes(produce(acks=0))
        << row(EventKind.EXCHANGE, decision="deny", error_code=29)
        << row(EventKind.SESSION_CLOSE, detail={"reason": "refused_without_answer"})
        << CloseClient("refused_without_answer")
    )
    play.take_all()
    play.finish()


def test_an_id_that_nobody_can_name_does_not_pass_a_rule_about_topics() -> None:
    """It might be the forbidden one; the client gets UNKNOWN_TOPIC_ID and asks for metadata."""
    play = connected(new_session(forbid=(CARDS_RULE,)))
    (
        play
        >> ClientBytes(fetch(13))
        << ResolveTopics((ORDERS_ID,))
        >> TopicsResolved({})
        << row(EventKind.EXCHANGE, decision="deny", error_code=100, rule_ids=("no-cards",))
    )
    (sent,) = play.take_all()

    assert isinstance(sent, SendClient)


def test_a_rule_holds_for_topics_named_by_id() -> None:
    """Newer clients name no topics."""
    play = connected(new_session(_knowing(), forbid=(CARDS_RULE,)))
    play >> ClientBytes(fetch(13)) << row(EventKind.EXCHANGE, decision="deny", error_code=29)
    play.take_all()
    play.finish()


def test_a_fetch_session_of_another_connection_does_not_pass_a_rule_about_topics() -> None:
    """It may hold the forbidden topic; the client is told to begin a new one."""
    play = connected(new_session(_knowing(), forbid=(CARDS_RULE,)))
    play >> ClientBytes(fetch(topics=[], session_id=9, session_epoch=4))
    (
        play
        << row(EventKind.EXCHANGE, decision="deny", error_code=70, rule_ids=("no-cards",))
        << SendClient(answer(ApiKey.FETCH, 12, error_code=70))
    )
    play.finish()


def test_a_share_session_of_another_connection_does_not_pass_a_rule_about_topics() -> None:
    """The member's id alone would do otherwise."""
    rule = ForbidRule(id="r", apis=frozenset({ApiKey.SHARE_FETCH}), topics=("cards",))
    play = connected(new_session(_knowing(), forbid=(rule,)))
    play >> ClientBytes(ask(ApiKey.SHARE_FETCH, 1, member_id="m", share_session_epoch=2))
    (
        play
        << row(EventKind.EXCHANGE, decision="deny", error_code=122, rule_ids=("r",))
        << SendClient(answer(ApiKey.SHARE_FETCH, 1, error_code=122))
    )
    play.finish()


def test_a_session_of_another_connection_goes_on_where_no_rule_is_about_topics() -> None:
    """Its deliveries are recorded by what the broker answers."""
    rule = ForbidRule(id="r", apis=frozenset({ApiKey.FETCH}), topics=("x",), principals=("bob",))
    play = connected(new_session(_knowing(), forbid=(rule,)))
    request = fetch(topics=[], session_id=9, session_epoch=4)
    play >> ClientBytes(request) << SendBroker(request)
    play.finish()


def test_a_rule_about_somebody_else_does_not_apply() -> None:
    """Rules may name principals."""
    rule = ForbidRule(id="r", apis=frozenset({ApiKey.FETCH}), principals=("intruder",))
    play = connected(new_session(forbid=(rule,)))
    play >> ClientBytes(fetch()) << SendBroker(fetch())
    play.finish()


def test_metadata_goes_on_without_the_forbidden_topics() -> None:
    """Clients need the brokers in the answer; the forbidden topic comes back as an error."""
    play = connected(new_session(forbid=(CARDS_RULE,)))
    named = [{"name": "cards"}, {"name": "free"}]
    play >> ClientBytes(ask(ApiKey.METADATA, 9, topics=named)) << row(EventKind.INTENT)
    play << SendBroker(ask(ApiKey.METADATA, 9, topics=[{"name": "free"}]))
    topic = {"error_code": 0, "name": "free", "is_internal": False, "partitions": []}
    topic["topic_authorized_operations"] = -2147483648
    play >> BrokerBytes(answer(ApiKey.METADATA, 9, topics=[topic]))
    play << row(
        EventKind.EXCHANGE,
        decision="deny",
        rule_ids=("no-cards",),
        error_code=29,
        detail={"response": {"topics": [{"name": "free"}, {"name": "cards", "error_code": 29}]}},
    )
    denied = {**topic, "name": "cards", "error_code": 29}
    play << SendClient(answer(ApiKey.METADATA, 9, topics=[topic, denied]))
    play.finish()


def test_metadata_of_all_topics_hides_the_forbidden_ones() -> None:
    """A list of all topics does not tell of those that may not be read."""
    play = connected(new_session(forbid=(CARDS_RULE,)))
    request = ask(ApiKey.METADATA, 9, topics=None)
    play >> ClientBytes(request) << SendBroker(request)
    topic = {"error_code": 0, "name": "cards", "is_internal": False, "partitions": []}
    topic["topic_authorized_operations"] = -2147483648
    (
        play
        >> BrokerBytes(answer(ApiKey.METADATA, 9, topics=[topic]))
        << row(
            EventKind.EXCHANGE,
            decision="deny",
            rule_ids=("no-cards",),
            detail={"response": {"topics": []}},
        )
        << SendClient(answer(ApiKey.METADATA, 9))
    )
    play.finish()


def test_an_unknown_outcome_keeps_its_decision() -> None:
    """A rule took a topic out of the request before the broker was lost: that is known."""
    play = connected(new_session(forbid=(CARDS_RULE,)))
    asked = [{"name": "cards"}, {"name": "orders"}]
    play >> ClientBytes(ask(ApiKey.METADATA, 9, topics=asked))
    play.take_all()
    (
        play
        >> BrokerEof()
        << row(
            EventKind.EXCHANGE,
            decision="deny",
            rule_ids=("no-cards",),
            detail={"response": "unknown"},
        )
    )
    play.take_all()
    play.finish()


def test_a_too_new_api_versions_is_answered_here() -> None:
    """In version 0, with what to try instead (KIP-511); the broker is not asked."""
    play = connected()
    (
        play
        >> ClientBytes(too_new_api_versions(1))
        << row(EventKind.EXCHANGE, api_version=99, error_code=35, decision="allow")
        << SendClient(version_refusal(1))
    )
    play.finish()


def test_a_request_before_the_login_is_not_even_read() -> None:
    """Neither forwarded nor decoded."""
    play = opened(new_session(mechanisms=PLAIN))
    play >> ClientBytes(ask(ApiKey.LIST_GROUPS, 3)[:-1] + b"\xff")
    play << row(EventKind.PROTOCOL_ERROR, subject=None, detail={"side": "client"})
    play.take_all()
    play.finish()


def test_whoever_may_not_go_on_is_not_even_read() -> None:
    """Whatever the request is."""
    denials = DenyList()
    play = connected(new_session(denials=denials))
    denials.replace([Denial(subject="ANONYMOUS")])
    play >> ClientBytes(ask(ApiKey.LIST_GROUPS, 3)[:-1] + b"\xff")
    play << row(EventKind.SESSION_CLOSE, detail={"reason": "denied"})
    play.take_all()
    play.finish()


def test_a_login_is_taken_here() -> None:
    """The broker sees nothing of it."""
    play = opened(new_session(mechanisms=PLAIN))
    (
        play
        >> ClientBytes(ask(ApiKey.SASL_HANDSHAKE, 1, mechanism="PLAIN"))
        << row(EventKind.EXCHANGE, api_key=17)
        << SendClient(answer(ApiKey.SASL_HANDSHAKE, 1, mechanisms=["PLAIN"]))
    )
    play.finish()


def test_ids_that_nobody_knows_are_remembered_up_to_a_limit() -> None:
    """Then all of them are asked for again."""
    play = connected()
    others = [number.to_bytes(16, "big") for number in range(1, UNKNOWN_IDS_MAX + 1)]
    play >> ClientBytes(ask(ApiKey.DELETE_TOPICS, 6, topics=[_by_id(each) for each in others]))
    play.take_all()
    play >> TopicsResolved({})
    play.take_all()
    play >> ClientBytes(fetch(13, correlation_id=2)) << ResolveTopics((ORDERS_ID,))
    play >> TopicsResolved({}) << SendBroker(fetch(13, correlation_id=2))
    one = ask(ApiKey.DELETE_TOPICS, 6, correlation_id=3, topics=[_by_id(others[0])])
    play >> ClientBytes(one) << ResolveTopics((others[0],))
    play.finish()


def _by_id(topic_id: bytes) -> dict[str, object]:
    return {"name": None, "topic_id": topic_id}


def test_everybody_is_announced_once_with_the_software_they_name() -> None:
    """On a listener without authentication the first request brings the row."""
    play = opened()
    request = ask(
        ApiKey.API_VERSIONS, 3, client_software_name="kcat", client_software_version="1.7"
    )
    (
        play
        >> ClientBytes(request)
        << row(
            EventKind.SESSION_AUTHENTICATED,
            issuer="none",
            subject="ANONYMOUS",
            detail={"mechanism": "none", "software_name": "kcat", "software_version": "1.7"},
        )
        << ConnectBroker()
        >> ClientBytes(ask(ApiKey.LIST_GROUPS, 3, correlation_id=2))
    )
    play.finish()


def test_a_forbidden_topic_among_others_is_taken_out() -> None:
    """The rest of the request goes on, and the record keeps what was refused."""
    rule = ForbidRule(id="r", apis=frozenset({ApiKey.PRODUCE}), topics=("cards",))
    play = connected(new_session(forbid=(rule,)))
    sent: list[dict[str, object]] = [
        {"name": name, "partition_data": []} for name in ("cards", "orders")
    ]
    play >> ClientBytes(ask(ApiKey.PRODUCE, 9, acks=1, topic_data=sent))
    play << SendBroker(ask(ApiKey.PRODUCE, 9, acks=1, topic_data=sent[1:]))
    play.finish()


def test_a_request_that_a_rule_holds_waits_for_people() -> None:
    """It is recorded once it is known what becomes of it."""
    held(fetch()).finish()


def test_a_produce_is_masked_or_refused() -> None:
    """What cannot be masked is refused, also where another topic was refused before."""
    masked = events(masked_produce(b'{"card":1}'))[0]
    (refused,) = events(masked_produce(b"no JSON"))
    (partly,) = events(half_denied_produce(b"no JSON"))
    unchanged = events(masked_produce(b'{"n":1}'))[0]

    assert [("mask", 1), ("deny", 0), ("deny", 0), ("mask", 0)] == [
        (each.decision, len(each.masked)) for each in (masked, refused, partly, unchanged)
    ]


def test_a_share_fetch_is_decided_about_when_its_answer_is_there() -> None:
    """It may name no topic."""
    assert ["mask", "mask"] == [each.decision for each in events(masked_share(masked_session()))]
