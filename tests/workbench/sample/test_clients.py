"""What the sample's clients leave behind is what the gateway's own session records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gateway.identity.mechanism import Accepted, Rejected
from gateway.identity.principal import Principal
from gateway.policy.forbid import ForbidRule
from gateway.session.effects import CheckCredentials, ConnectBroker, Record
from gateway.session.signals import (
    BrokerBytes,
    BrokerConnected,
    BrokerEof,
    ClientBytes,
    ClientConnected,
    ClientEof,
    CredentialsChecked,
    Instant,
    Signal,
)
from gateway.wire.api_keys import ApiKey
from gateway.wire.records.record import Record as KafkaRecord
from tests.gateway.session.conversation import (
    PLAIN,
    answer,
    ask,
    batch,
    fetch,
    fetched,
    new_session,
    produce,
    produced,
)
from workbench.sample.clients import Client, Program
from workbench.sample.cluster import Cluster
from workbench.sample.intruder import FORBIDDEN_BY, intrude
from workbench.sample.messages import OFFERED, VERSIONS, Delivery
from workbench.sample.recorder import Recorder
from workbench.sample.stage import Stage

if TYPE_CHECKING:
    from gateway.evidence.event import Event

FORBID = (ForbidRule(id=FORBIDDEN_BY, apis=frozenset({ApiKey.DELETE_TOPICS})),)
BILLING_IN = Accepted(principal=Principal(issuer="gateway:clients", subject="billing"))
BILLING_OUT = Rejected(reason="wrong user or password", claimed="billing")
PROGRAM = Program(subject="billing", client_id="app-1", host="10.0.0.7")


class Real:
    """The gateway's session, and the events that it records."""

    def __init__(self) -> None:
        self.session = new_session(mechanisms=PLAIN, forbid=FORBID)
        self.events: list[Event] = []
        self.accepts = True

    def say(self, *signals: Signal) -> None:
        """Say one signal after the other, and do what a shell must."""
        for signal in signals:
            for effect in self.session.handle(signal, Instant(1, 1)):
                match effect:
                    case Record(event):
                        self.events.append(event)
                    case ConnectBroker():
                        self.say(BrokerConnected())
                    case CheckCredentials():
                        self.say(CredentialsChecked(BILLING_IN if self.accepts else BILLING_OUT))
                    case _:
                        pass

    def log_in(self, *, accepts: bool = True) -> None:
        """Connect and present a password."""
        self.accepts = accepts
        self.say(ClientConnected())
        software: dict[str, Any] = {"client_software_name": "x", "client_software_version": "1"}
        self.say(ClientBytes(ask(ApiKey.API_VERSIONS, 3, **software)))
        offered: dict[str, Any] = {
            "api_keys": [{"api_key": 3, "min_version": 0, "max_version": 12}]
        }
        self.say(BrokerBytes(answer(ApiKey.API_VERSIONS, 3, **offered)))
        self.say(ClientBytes(ask(ApiKey.SASL_HANDSHAKE, 1, mechanism="PLAIN")))
        self.say(ClientBytes(ask(ApiKey.SASL_AUTHENTICATE, 2, auth_bytes=b"\0billing\0secret")))

    def exchange(self, api: ApiKey, request: dict[str, Any], response: dict[str, Any]) -> None:
        """Ask the broker and be answered."""
        self.say(ClientBytes(ask(api, VERSIONS[api], **request)))
        self.say(BrokerBytes(answer(api, VERSIONS[api], **response)))


def sampled() -> tuple[Recorder, Client]:
    """Make a client of the sample that nothing was done with."""
    recorder = Recorder()
    return recorder, Client(recorder, PROGRAM, "s-1", 40000)


def layout(event: Event) -> tuple[object, ...]:
    """Reduce an event to what a reader depends on: kind, API, filled columns, shape of detail."""
    filled = {name for name in event.__struct_fields__ if getattr(event, name) not in (None, ())}
    detail = None if event.detail is None else shape(json.loads(event.detail))
    return event.kind, event.api_key, event.api_version, event.decision, filled, detail


def shape(value: object) -> object:
    """Replace values by their types; the items of a list are taken to be alike."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return type(value).__name__


def layouts(recorder: Recorder) -> list[tuple[object, ...]]:
    """Reduce everything that a recorder holds."""
    return [layout(row.event) for row in recorder.rows]


def test_a_login_is_recorded_as_the_session_records_it() -> None:
    """From the connection to the verified principal, and to the end."""
    real = Real()
    real.log_in()
    real.say(ClientEof(), BrokerEof())

    recorder, client = sampled()
    client.connect()
    client.log_in()
    client.close()

    assert [layout(event) for event in real.events] == layouts(recorder)


def test_a_failed_login_is_recorded_as_the_session_records_it() -> None:
    """The claimed name stands in the record, the session ends."""
    real = Real()
    real.log_in(accepts=False)

    recorder, client = sampled()
    client.connect()
    client.fail_to_log_in("billing")

    assert [layout(event) for event in real.events] == layouts(recorder)


def test_records_are_recorded_as_the_session_records_them() -> None:
    """Produce with and without an answer, Fetch, and a commit."""
    real = Real()
    real.log_in()
    logged_in = len(real.events)
    real.say(ClientBytes(produce(version=11)), BrokerBytes(produced(version=11)))
    real.say(ClientBytes(produce(version=11, acks=0)))
    real.say(ClientBytes(fetch()), BrokerBytes(fetched(batch(0, 3))))
    aborted = [{"producer_id": 7, "first_offset": 1}]
    real.say(
        ClientBytes(fetch(isolation_level=1)),
        BrokerBytes(fetched(batch(0, 3), aborted_transactions=aborted)),
    )
    partition = {
        "partition_index": 0,
        "committed_offset": 3,
        "committed_leader_epoch": -1,
        "committed_metadata": "",
    }
    request = {
        "group_id": "g",
        "generation_id_or_member_epoch": 1,
        "member_id": "m",
        "group_instance_id": None,
        "topics": [{"name": "orders", "partitions": [partition]}],
    }
    committed = [{"name": "orders", "partitions": [{"partition_index": 0, "error_code": 0}]}]
    real.exchange(ApiKey.OFFSET_COMMIT, request, {"topics": committed})

    recorder, client = sampled()
    client.connect()
    client.log_in()
    orders = ("orders", 0)
    stored = Cluster({"orders": 1}).append(orders, [KafkaRecord(0, 0, None, b"{}")] * 3)
    client.produce(orders, stored.content, stored)
    client.produce(orders, stored.content, stored, acks=0)
    plain = Delivery(partition=orders, requested_offset=0, batches=[stored], high_watermark=3)
    client.fetch([plain])
    committed_only = Delivery(
        partition=orders,
        requested_offset=0,
        batches=[stored],
        high_watermark=3,
        isolation_level=1,
        aborted=((7, 1),),
    )
    client.fetch([committed_only])
    client.commit("g", {orders: 3})

    assert [layout(event) for event in real.events[logged_in:]] == layouts(recorder)[logged_in:]


def test_an_intrusion_is_recorded_as_the_session_records_it() -> None:
    """Looking around, making a topic, and being refused; records are compared above."""
    real = Real()
    real.log_in()
    logged_in = len(real.events)
    topic = {
        "error_code": 0,
        "name": "orders",
        "topic_id": bytes(range(16)),
        "is_internal": False,
        "partitions": [],
        "topic_authorized_operations": -(2**31),
    }
    broker = {"node_id": 1, "host": "h", "port": 1, "rack": None}
    metadata = {"brokers": [broker], "cluster_id": "c", "controller_id": 1, "topics": [topic]}
    real.exchange(ApiKey.METADATA, {"topics": None}, metadata)
    wanted = {
        "name": "t",
        "num_partitions": 1,
        "replication_factor": 1,
        "assignments": [],
        "configs": [],
    }
    made = {
        "name": "t",
        "topic_id": bytes(range(16)),
        "error_code": 0,
        "error_message": None,
        "topic_config_error_code": 0,
        "num_partitions": 1,
        "replication_factor": 1,
        "configs": [],
    }
    creation = {"topics": [wanted], "timeout_ms": 1, "validate_only": False}
    real.exchange(ApiKey.CREATE_TOPICS, creation, {"topics": [made]})
    doomed = [{"name": "payments", "topic_id": bytes(16)}]
    real.say(ClientBytes(ask(ApiKey.DELETE_TOPICS, 6, topics=doomed, timeout_ms=1)))

    stage = Stage(Recorder(), Cluster({"orders": 3, "payments": 2}))
    payment = KafkaRecord(0, 0, None, b'{"card_number":"4111111111111111"}')
    stage.cluster.append(("payments", 0), [payment])
    intrude(stage)
    compared = {ApiKey.METADATA, ApiKey.CREATE_TOPICS, ApiKey.DELETE_TOPICS}

    assert [layout(event) for event in real.events[logged_in:]] == [
        layout(row.event) for row in stage.recorder.rows if row.event.api_key in compared
    ]


def test_the_end_of_a_transaction_is_recorded_as_the_session_records_it() -> None:
    """An intent before, an exchange after."""
    real = Real()
    real.log_in()
    logged_in = len(real.events)
    request = {
        "transactional_id": "t",
        "producer_id": 9,
        "producer_epoch": 0,
        "committed": True,
    }
    real.exchange(ApiKey.END_TXN, request, {})

    recorder, client = sampled()
    client.connect()
    client.log_in()
    answered: dict[str, object] = {"throttle_time_ms": 0, "error_code": 0}
    client.ask(ApiKey.END_TXN, dict(request), answered, is_change=True)

    assert [layout(event) for event in real.events[logged_in:]] == layouts(recorder)[logged_in:]


def test_every_version_in_the_sample_is_one_that_is_offered() -> None:
    """The clients keep to what the broker of the sample says it can."""
    offered = OFFERED["api_keys"]

    assert isinstance(offered, list)
    assert {int(api): version for api, version in VERSIONS.items()} == {
        each["api_key"]: each["max_version"] for each in offered
    }
