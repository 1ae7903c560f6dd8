"""Answers are recorded as the client will see them, and carry no address of a broker."""

from __future__ import annotations

import json

import pytest

from gateway.evidence.event import EventKind, Extent
from gateway.policy.forbid import ForbidRule
from gateway.session.effects import CloseBroker, CloseClient, SendBroker, SendClient
from gateway.session.signals import BrokerBytes, ClientBytes
from gateway.session.topology import Topology
from gateway.wire.api_keys import ApiKey
from tests.gateway.session.conversation import (
    ORDERS_ID,
    ORDERS_ID_TEXT,
    answer,
    ask,
    batch,
    connected,
    events,
    fetch,
    fetched,
    new_session,
    produce,
    produced,
)
from tests.gateway.session.test_masking import (
    DENIED_ORDERS,
    held_session,
    masked_fetch,
    masked_session,
    masked_share,
)
from tests.playbook import SECOND_NS, Playbook, row

BROKER = {"node_id": 1, "host": "broker.internal", "port": 9092, "rack": None}
OURS = {**BROKER, "host": "gateway", "port": 9101}


def _asked(play: Playbook, request: bytes) -> Playbook:
    play >> ClientBytes(request)
    play.take_all()
    return play


def test_a_delivery_is_recorded_before_it_is_released() -> None:
    """One row each topic-partition with bytes: what was asked, what came, and who may see it."""
    records = batch(98, 5) + batch(103, 2) + batch(105, 9)[:40]
    reply = fetched(records, aborted_transactions=[{"producer_id": 7, "first_offset": 99}])
    play = _asked(connected(), fetch(offset=100, isolation_level=1))
    play >> BrokerBytes(reply)
    (event,) = events([play.take()])
    play << row(EventKind.EXCHANGE, topic=None, error_code=0) << SendClient(reply)
    play.finish()

    assert (EventKind.DELIVERED, "orders", 0) == (event.kind, event.topic, event.partition)
    assert (100, 98, 104) == (event.requested_offset, event.first_offset, event.last_offset)
    assert (7, len(records)) == (event.record_count, event.byte_count)
    assert event.payload is not None
    assert records == bytes(event.payload)
    assert (
        Extent(98, 102, 5, len(batch(98, 5))),
        Extent(103, 104, 2, len(batch(103, 2))),
        Extent(None, None, 0, 40),
    ) == event.extents
    assert {
        "high_watermark": 500,
        "last_stable_offset": 480,
        "log_start_offset": 5,
        "aborted": [{"producer_id": 7, "first_offset": 99}],
        "isolation_level": 1,
    } == json.loads(event.detail or "")


def test_payloads_are_views_of_the_frame() -> None:
    """Recording copies no records."""
    play = _asked(connected(), fetch())
    play >> BrokerBytes(fetched(batch(0, 1)))
    (event,) = events([play.take()])
    play.take_all()

    assert isinstance(event.payload, memoryview)
    frame = event.payload.obj
    assert isinstance(frame, bytes)
    assert len(frame) > len(event.payload)


def test_partitions_without_bytes_stand_in_the_exchange_row() -> None:
    """Errors are evidence; an empty partition is not a delivery."""
    play = _asked(connected(), fetch())
    (
        play
        >> BrokerBytes(fetched(b"", error_code=1))
        << row(
            EventKind.EXCHANGE,
            error_code=1,
            detail={
                "request": {"topics": [{"topic": "orders"}]},
                "response": {"errors": [{"topic": "orders", "partition": 0, "error_code": 1}]},
            },
        )
        << SendClient(fetched(b"", error_code=1))
    )
    play.finish()


def test_an_incremental_fetch_is_known_for_what_it_leaves_out() -> None:
    """The offset asked for comes from the fetch session (KIP-227)."""
    play = _asked(connected(), fetch(offset=40, session_epoch=0))
    play >> BrokerBytes(fetched(batch(40, 2), session_id=9))
    play << row(EventKind.DELIVERED, requested_offset=40)
    play.take_all()
    again = fetch(correlation_id=2, topics=[], session_id=9, session_epoch=1)
    (
        play
        >> ClientBytes(again)
        << SendBroker(again)
        >> BrokerBytes(fetched(batch(42, 1), correlation_id=2, session_id=9))
        << row(EventKind.DELIVERED, topic="orders", requested_offset=40, first_offset=42)
        << row(EventKind.EXCHANGE, detail={"request": {"topics": [], "session_id": 9}})
    )
    play.take_all()
    play.finish()


def test_bytes_that_are_no_batches_are_kept_as_they_are() -> None:
    """What reached the client counts, not whether it makes sense."""
    play = _asked(connected(), fetch())
    play >> BrokerBytes(fetched(b"\0" * 80))
    play << row(
        EventKind.DELIVERED,
        first_offset=None,
        record_count=0,
        byte_count=80,
        extents=(Extent(None, None, 0, 80),),
    )
    play.take_all()
    play.finish()


@pytest.mark.parametrize("version", [9, 13])
def test_a_produce_ends_in_the_offsets_it_got(version: int) -> None:
    """Base offset and count give the range; elapsed time is measured here."""
    topology = Topology()
    topology.topics.learn(ORDERS_ID, "orders")
    play = _asked(connected(new_session(topology)), produce(version=version))
    (
        play
        >> BrokerBytes(produced(version))
        << row(
            EventKind.PRODUCED,
            topic="orders",
            topic_id=ORDERS_ID_TEXT if version >= 13 else None,
            partition=0,
            first_offset=100,
            last_offset=102,
            record_count=3,
            error_code=0,
        )
        << row(
            EventKind.EXCHANGE,
            error_code=0,
            detail={
                "request": {"acks": -1},
                "response": {"throttle_time_ms": 0},
                "elapsed_ns": SECOND_NS,
            },
        )
        << SendClient(produced(version))
    )
    play.finish()


def test_a_failed_produce_has_no_offsets() -> None:
    """An error is told with its text, and no offset is made up."""
    reply = produced(error_code=3, base_offset=-1, error_message="no such topic")
    play = _asked(connected(), produce())
    (
        play
        >> BrokerBytes(reply)
        << row(EventKind.PRODUCED, error_code=3, first_offset=None, last_offset=None)
        << row(
            EventKind.EXCHANGE,
            error_code=3,
            detail={
                "response": {
                    "errors": [{"index": 0, "error_code": 3, "error_message": "no such topic"}]
                }
            },
        )
        << SendClient(reply)
    )
    play.finish()


def test_broker_addresses_become_ours_and_the_record_shows_what_the_client_saw() -> None:
    """The real address is learned for the shell and shown to nobody."""
    topology = Topology()
    play = _asked(connected(new_session(topology)), ask(ApiKey.FIND_COORDINATOR, 4))
    whole = {"key": "g", "error_code": 0, "error_message": None}
    theirs = whole | {name: BROKER[name] for name in ("node_id", "host", "port")}
    ours = whole | {name: OURS[name] for name in ("node_id", "host", "port")}
    (
        play
        >> BrokerBytes(answer(ApiKey.FIND_COORDINATOR, 4, coordinators=[theirs]))
        << row(EventKind.EXCHANGE, detail={"response": {"coordinators": [ours]}})
        << SendClient(answer(ApiKey.FIND_COORDINATOR, 4, coordinators=[ours]))
    )
    play.finish()

    assert ("broker.internal", 9092) == topology.brokers.address_of(1)


def test_records_survive_the_rewriting_around_them() -> None:
    """A Fetch answer that names a new leader (KIP-951) is encoded anew with the same records."""
    topology = Topology()
    topology.topics.learn(ORDERS_ID, "orders")
    play = _asked(connected(new_session(topology)), fetch(16))
    (
        play
        >> BrokerBytes(fetched(batch(1, 1), 16, node_endpoints=[BROKER]))
        << row(EventKind.DELIVERED, first_offset=1)
        << row(EventKind.EXCHANGE)
        << SendClient(fetched(batch(1, 1), 16, node_endpoints=[OURS]))
    )
    play.finish()


def test_a_node_without_a_port_is_left_out_and_nothing_leaks() -> None:
    """A cluster that grew beyond the listener's ports goes on with the nodes that have one."""
    play = _asked(connected(), ask(ApiKey.METADATA, 9, topics=None))
    (
        play
        >> BrokerBytes(answer(ApiKey.METADATA, 9, brokers=[{**BROKER, "node_id": 7}, BROKER]))
        << row(EventKind.EXCHANGE, detail={"response": {"node_ids": [1]}})
        << SendClient(answer(ApiKey.METADATA, 9, brokers=[OURS]))
    )
    play.finish()

    assert "broker.internal" not in repr(play.seen)


def test_controllers_in_place_of_brokers_end_the_session_and_nothing_leaks() -> None:
    """Fail closed: no address of a controller, no answer that was not recorded."""
    play = _asked(connected(), ask(ApiKey.DESCRIBE_CLUSTER, 1))
    controllers = [{"broker_id": 7, "host": "controller.internal", "port": 9093, "rack": None}]
    play >> BrokerBytes(answer(ApiKey.DESCRIBE_CLUSTER, 1, endpoint_type=2, brokers=controllers))
    effects = play.take_all()

    assert [EventKind.PROTOCOL_ERROR, EventKind.EXCHANGE, EventKind.SESSION_CLOSE] == [
        event.kind for event in events(effects)
    ]
    assert "bootstrap.controllers" in (events(effects)[0].detail or "")
    assert [CloseClient("protocol_error"), CloseBroker()] == effects[-2:]
    assert "controller.internal" not in repr(effects)


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (answer(ApiKey.LIST_GROUPS, 3, 2), "answered request 2 where 1 was next"),
        (answer(ApiKey.LIST_GROUPS, 3, 1)[:-1] + b"\xff", "ListGroups response v3"),
    ],
)
def test_an_answer_that_does_not_fit_its_request_is_no_answer(reply: bytes, problem: str) -> None:
    """Its request stays without an outcome."""
    play = _asked(connected(), ask(ApiKey.LIST_GROUPS, 3))
    play >> BrokerBytes(reply)
    error, exchange, *_ = events(play.take_all())

    assert problem in (error.detail or "")
    assert "unknown" == json.loads(exchange.detail or "")["response"]


def test_an_answer_to_nothing_is_no_answer() -> None:
    """A broker speaks when it is asked."""
    play = connected()
    play >> BrokerBytes(answer(ApiKey.LIST_GROUPS, 3, 1))
    error, *_ = events(play.take_all())

    assert "no request waits" in (error.detail or "")


def test_hidden_topics_are_left_out_of_what_the_client_sees() -> None:
    """The row says what was shown, and so does not name them either."""
    rule = ForbidRule(id="r", apis=frozenset({ApiKey.METADATA}), topics=("cards",))
    topic = {"error_code": 0, "is_internal": False, "partitions": []}
    theirs = [{**topic, "name": "cards"}, {**topic, "name": "orders"}]
    play = _asked(connected(new_session(forbid=(rule,))), ask(ApiKey.METADATA, 1, topics=None))
    (
        play
        >> BrokerBytes(answer(ApiKey.METADATA, 1, topics=theirs))
        << row(
            EventKind.EXCHANGE,
            decision="deny",
            rule_ids=("r",),
            detail={"response": {"topics": [{"name": "orders"}]}},
        )
        << SendClient(answer(ApiKey.METADATA, 1, topics=theirs[1:]))
    )
    play.finish()


def test_the_oldest_metadata_of_forbidden_topics_alone_tells_of_no_other() -> None:
    """There no topics means all topics, so the broker tells of all; the client asked for one."""
    rule = ForbidRule(id="r", apis=frozenset({ApiKey.METADATA}), topics=("cards",))
    play = connected(new_session(forbid=(rule,)))
    play >> ClientBytes(ask(ApiKey.METADATA, 0, topics=[{"name": "cards"}]))
    play << row(EventKind.INTENT) << SendBroker(ask(ApiKey.METADATA, 0, topics=[]))
    topic = {"error_code": 0, "name": "free", "partitions": []}
    denied = {**topic, "name": "cards", "error_code": 29}
    (
        play
        >> BrokerBytes(answer(ApiKey.METADATA, 0, topics=[topic]))
        << row(EventKind.EXCHANGE, decision="deny", rule_ids=("r",), error_code=29)
        << SendClient(answer(ApiKey.METADATA, 0, topics=[denied]))
    )
    play.finish()


def test_an_answer_that_hides_nothing_is_allowed() -> None:
    """A rule that is about other topics, or about none that there is, did not act."""
    rule = ForbidRule(id="r", apis=frozenset({ApiKey.METADATA}))
    play = _asked(connected(new_session(forbid=(rule,))), ask(ApiKey.METADATA, 1, topics=None))
    reply = answer(ApiKey.METADATA, 1)
    play >> BrokerBytes(reply) << row(EventKind.EXCHANGE, decision="allow", rule_ids=())
    play << SendClient(reply)
    play.finish()


def test_all_rules_that_hid_a_topic_are_named() -> None:
    """The one that took a topic out of the request, and the one that the answer made speak."""
    metadata = frozenset({ApiKey.METADATA})
    rules = (
        ForbidRule(id="late", apis=metadata, topics=("cards",)),
        ForbidRule(id="early", apis=metadata, topics=("pans",)),
        ForbidRule(id="silent", apis=metadata, topics=("other",)),
    )
    by_id = {"name": None, "topic_id": ORDERS_ID}
    asked = [{"name": "pans", "topic_id": bytes(16)}, by_id]
    play = _asked(connected(new_session(forbid=rules)), ask(ApiKey.METADATA, 12, topics=asked))
    topic = {
        "error_code": 0,
        "name": "cards",
        "topic_id": ORDERS_ID,
        "is_internal": False,
        "partitions": [],
        "topic_authorized_operations": -2147483648,
    }
    play >> BrokerBytes(answer(ApiKey.METADATA, 12, topics=[topic]))
    play << row(EventKind.EXCHANGE, decision="deny", rule_ids=("late", "early"))
    play.take_all()
    play.finish()


def test_metadata_teaches_topic_ids_to_all_sessions() -> None:
    """The next Fetch by id needs no question to the cluster."""
    topology = Topology()
    play = _asked(connected(new_session(topology)), ask(ApiKey.METADATA, 12, topics=None))
    topic = {
        "error_code": 0,
        "name": "orders",
        "topic_id": ORDERS_ID,
        "is_internal": False,
        "partitions": [],
        "topic_authorized_operations": -2147483648,
    }
    reply = answer(ApiKey.METADATA, 12, topics=[topic], brokers=[BROKER])
    play >> BrokerBytes(reply)
    play.take_all()
    other = connected(new_session(topology))
    other >> ClientBytes(fetch(13)) << SendBroker(fetch(13))
    other.finish()

    assert "orders" == topology.topics.name_of(ORDERS_ID)


def test_api_versions_offers_what_the_gateway_does() -> None:
    """The broker's answer goes on with fewer APIs, in the version it came in."""
    keys = [(0, 0, 13), (1, 4, 18), (18, 0, 5), (51, 0, 0), (9_999, 0, 0)]
    offered = [{"api_key": key, "min_version": low, "max_version": high} for key, low, high in keys]
    kept = [dict(offer) for offer in offered[:3]]
    kept[2]["max_version"] = 4
    play = _asked(connected(), ask(ApiKey.API_VERSIONS, 4))
    (
        play
        >> BrokerBytes(answer(ApiKey.API_VERSIONS, 4, api_keys=offered))
        << row(EventKind.EXCHANGE, detail={"response": {"api_keys": kept}})
        << SendClient(answer(ApiKey.API_VERSIONS, 4, api_keys=kept))
    )
    play.finish()


def test_a_broker_too_old_for_the_request_is_passed_on_in_version_0() -> None:
    """The client reads it and tries an older version."""
    offer = {"api_key": 18, "min_version": 0, "max_version": 2}
    reply = answer(ApiKey.API_VERSIONS, 0, error_code=35, api_keys=[offer])
    play = _asked(connected(), ask(ApiKey.API_VERSIONS, 4))
    play >> BrokerBytes(reply) << row(EventKind.EXCHANGE, error_code=35) << SendClient(reply)
    play.finish()


def test_a_share_fetch_is_a_delivery() -> None:
    """Nobody asked for an offset; what was acquired stands beside the bytes."""
    topology = Topology()
    topology.topics.learn(ORDERS_ID, "orders")
    request = ask(ApiKey.SHARE_FETCH, 1, group_id="workers", member_id="m")
    partition = {
        "partition_index": 2,
        "error_code": 0,
        "error_message": None,
        "acknowledge_error_code": 0,
        "acknowledge_error_message": None,
        "current_leader": {"leader_id": -1, "leader_epoch": -1},
        "records": batch(10, 4),
        "acquired_records": [{"first_offset": 11, "last_offset": 13, "delivery_count": 2}],
    }
    responses = [{"topic_id": ORDERS_ID, "partitions": [partition]}]
    reply = answer(ApiKey.SHARE_FETCH, 1, responses=responses, acquisition_lock_timeout_ms=30)
    play = connected(new_session(topology))
    (
        play
        >> ClientBytes(request)
        << SendBroker(request)
        >> BrokerBytes(reply)
        << row(
            EventKind.DELIVERED,
            topic="orders",
            partition=2,
            requested_offset=None,
            first_offset=10,
            last_offset=13,
            record_count=4,
            detail={
                "group_id": "workers",
                "acquired": [{"first_offset": 11, "last_offset": 13, "delivery_count": 2}],
            },
        )
        << row(EventKind.EXCHANGE, api_key=78, detail={"request": {"group_id": "workers"}})
        << SendClient(reply)
    )
    play.finish()


def test_controllers_addresses_are_emptied() -> None:
    """DescribeQuorum keeps the voters' ids without their listeners."""
    listener = {"name": "CONTROLLER", "host": "controller.internal", "port": 9093}
    reply = answer(ApiKey.DESCRIBE_QUORUM, 2, nodes=[{"node_id": 3000, "listeners": [listener]}])
    play = _asked(connected(), ask(ApiKey.DESCRIBE_QUORUM, 2))
    (
        play
        >> BrokerBytes(reply)
        << row(EventKind.EXCHANGE)
        << SendClient(answer(ApiKey.DESCRIBE_QUORUM, 2, nodes=[{"node_id": 3000, "listeners": []}]))
    )
    play.finish()


def test_topics_that_were_taken_out_come_back_as_errors() -> None:
    """Beside what the broker said of the others."""
    rule = ForbidRule(id="r", apis=frozenset({ApiKey.PRODUCE}), topics=("cards",))
    sent: list[dict[str, object]] = [
        {"name": name, "partition_data": []} for name in ("cards", "orders")
    ]
    play = _asked(
        connected(new_session(forbid=(rule,))),
        ask(ApiKey.PRODUCE, 9, acks=1, topic_data=sent),
    )
    done = {"name": "orders", "partition_responses": []}
    refused = {"name": "cards", "partition_responses": []}
    play >> BrokerBytes(answer(ApiKey.PRODUCE, 9, responses=[done]))
    play << row(EventKind.EXCHANGE, decision="deny", rule_ids=("r",))
    play << SendClient(answer(ApiKey.PRODUCE, 9, responses=[done, refused]))
    play.finish()


def test_records_that_a_rule_masks_are_masked_in_the_answer() -> None:
    """Fetched, or given to a member of a share group; what is denied or held is withheld there."""
    fetched_masked = events(masked_fetch(b'{"card":1}'))[0]
    shared = events(masked_share(masked_session()))[0]
    (withheld,) = events(masked_share(new_session(policy=DENIED_ORDERS)))
    (unasked,) = events(masked_share(held_session()))

    assert ["mask", "mask", "deny", "deny"] == [
        each.decision for each in (fetched_masked, shared, withheld, unasked)
    ]
