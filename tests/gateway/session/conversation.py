"""The words of test conversations: sessions, requests, answers, batches."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway.apis.addresses import AddressMap
from gateway.evidence.event import EventKind
from gateway.identity.mechanism import Accepted, Rejected
from gateway.identity.plain import Plain
from gateway.identity.principal import Principal
from gateway.policy.current import CurrentPolicy
from gateway.policy.engine import Policy
from gateway.session.effects import ConnectBroker, Record, SendBroker, SendClient
from gateway.session.options import Connection, SessionOptions
from gateway.session.session import Session
from gateway.session.signals import (
    BrokerBytes,
    BrokerConnected,
    ClientBytes,
    ClientConnected,
)
from gateway.session.topology import Topology
from gateway.wire.api_keys import ApiKey
from gateway.wire.frames import frame
from gateway.wire.headers import RequestHeader
from gateway.wire.messages import Response, default_body, encode_request, encode_response
from tests.playbook import Playbook, row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.evidence.event import Event
    from gateway.policy.forbid import ForbidRule
    from gateway.session.effects import Effect

CLIENT_ID = "app-1"
ORDERS_ID = bytes(range(16))
ORDERS_ID_TEXT = "AAECAwQFBgcICQoLDA0ODw"

OPTIONS = SessionOptions(
    listener="clients",
    addresses=AddressMap(host="gateway", first_port=9100, first_node_id=0, count=3),
)
PLAIN = (Plain(),)
ALICE_IN = Accepted(principal=Principal(issuer="gateway:clients", subject="alice"))
ALICE_OUT = Rejected(reason="wrong user or password", claimed="alice")
CONNECTION = Connection(session_id="s-1", peer="10.0.0.7:40000", local="10.0.0.1:9092", node_id=1)


def new_session(topology: Topology | None = None, **options: Any) -> Session:  # noqa: ANN401 - any option
    """Make a session that nothing was said to; `forbid` are rules of its policy."""
    forbid: tuple[ForbidRule, ...] = options.pop("forbid", ())
    if forbid:
        options["policy"] = CurrentPolicy(Policy([rule.rule for rule in forbid]))
    return Session(replace(OPTIONS, **options), CONNECTION, topology or Topology())


def opened(session: Session | None = None) -> Playbook:
    """Begin a script behind the opening row."""
    play = Playbook(session or new_session())
    return play >> ClientConnected() << row(EventKind.SESSION_OPEN, session="s-1")


def connected(session: Session | None = None) -> Playbook:
    """Begin a script behind a first exchange, with the broker connected."""
    play = opened(session)
    request = ask(ApiKey.LIST_GROUPS, 3, correlation_id=0)
    (
        play
        >> ClientBytes(request)
        << row(EventKind.SESSION_AUTHENTICATED, subject="ANONYMOUS")
        << ConnectBroker()
        >> BrokerConnected()
        << SendBroker(request)
    )
    reply = answer(ApiKey.LIST_GROUPS, 3, correlation_id=0)
    return say_answer(play, reply) << row(EventKind.EXCHANGE) << SendClient(reply)


def say_answer(play: Playbook, data: bytes) -> Playbook:
    """Let the broker send bytes."""
    return play >> BrokerBytes(data)


def ask(api_key: ApiKey, version: int, correlation_id: int = 1, **fields: object) -> bytes:
    """Build a whole request; fields not named have their defaults."""
    header = RequestHeader(
        api_key=api_key,
        api_version=version,
        correlation_id=correlation_id,
        client_id=CLIENT_ID,
    )
    body = default_body(api_key, version, response=False) | fields
    return frame(encode_request(header, body))


def answer(api_key: ApiKey, version: int, correlation_id: int = 1, **fields: object) -> bytes:
    """Build a whole answer; fields not named have their defaults."""
    body = default_body(api_key, version, response=True) | fields
    response = Response(correlation_id=correlation_id, body=body)
    return frame(encode_response(response, api_key, version))


def login(name: str = "alice", version: int = 1) -> bytes:
    """Build a SaslAuthenticate with the password `pw`."""
    return ask(ApiKey.SASL_AUTHENTICATE, version, 2, auth_bytes=f"\0{name}\0pw".encode())


def too_new_api_versions(correlation_id: int) -> bytes:
    """Build an ApiVersions of a version that does not exist yet."""
    request = bytearray(ask(ApiKey.API_VERSIONS, 4, correlation_id))
    request[6:8] = b"\x00\x63"
    return bytes(request)


def version_refusal(correlation_id: int) -> bytes:
    """Build the answer to `too_new_api_versions`."""
    offer = {"api_key": 18, "min_version": 0, "max_version": 4}
    return answer(ApiKey.API_VERSIONS, 0, correlation_id, error_code=35, api_keys=[offer])


def batch(base_offset: int, record_count: int, *, payload: bytes = b"records") -> bytes:
    """Build a v2 batch of which only the header is true; sessions never look further."""
    header = struct.pack(
        ">iiBIhiqqqhii",
        49 + len(payload),
        0,
        2,
        0,
        0,
        record_count - 1,
        0,
        0,
        -1,
        -1,
        -1,
        record_count,
    )
    return struct.pack(">q", base_offset) + header + payload


def produce(acks: int = -1, version: int = 9, correlation_id: int = 1, **fields: object) -> bytes:
    """Build a Produce of three records to orders-0."""
    partition = {"index": 0, "records": batch(0, 3)}
    named = {"topic_id": ORDERS_ID} if version >= 13 else {"name": "orders"}
    topic = {**named, "partition_data": [partition]}
    return ask(
        ApiKey.PRODUCE, version, correlation_id, **{"acks": acks, "topic_data": [topic]} | fields
    )


def produced(version: int = 9, correlation_id: int = 1, **partition: object) -> bytes:
    """Build the answer to `produce`."""
    whole = {
        "index": 0,
        "error_code": 0,
        "base_offset": 100,
        "log_append_time_ms": -1,
        "log_start_offset": 0,
        "record_errors": [],
        "error_message": None,
    }
    named = {"topic_id": ORDERS_ID} if version >= 13 else {"name": "orders"}
    topic = {**named, "partition_responses": [whole | partition]}
    return answer(ApiKey.PRODUCE, version, correlation_id, responses=[topic])


def fetch(version: int = 12, correlation_id: int = 1, offset: int = 0, **fields: object) -> bytes:
    """Build a full Fetch of orders-0."""
    partition = {
        "partition": 0,
        "current_leader_epoch": -1,
        "fetch_offset": offset,
        "last_fetched_epoch": -1,
        "log_start_offset": -1,
        "partition_max_bytes": 1_000,
    }
    named = {"topic_id": ORDERS_ID} if version >= 13 else {"topic": "orders"}
    topics = [{**named, "partitions": [partition]}]
    return ask(ApiKey.FETCH, version, correlation_id, **{"topics": topics} | fields)


def fetched(records: bytes, version: int = 12, correlation_id: int = 1, **fields: object) -> bytes:
    """Build the answer to `fetch`; fields may be the message's or the partition's."""
    partition: dict[str, object] = {
        "partition_index": 0,
        "error_code": 0,
        "high_watermark": 500,
        "last_stable_offset": 480,
        "log_start_offset": 5,
        "aborted_transactions": None,
        "preferred_read_replica": -1,
        "records": records,
    }
    partition |= {name: value for name, value in fields.items() if name in partition}
    named = {"topic_id": ORDERS_ID} if version >= 13 else {"topic": "orders"}
    responses = [{**named, "partitions": [partition]}]
    on_top = {name: value for name, value in fields.items() if name not in partition}
    return answer(ApiKey.FETCH, version, correlation_id, responses=responses, **on_top)


def events(effects: Iterable[Effect]) -> list[Event]:
    """Give the recorded events among effects."""
    return [effect.event for effect in effects if isinstance(effect, Record)]
