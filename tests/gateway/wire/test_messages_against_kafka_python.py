"""Messages against kafka-python, whose codec reads Kafka's definitions in a way of its own.

It drops what it does not know, so it is asked about known fields only.
"""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.headers import RequestHeader, read_request_header, read_response_header
from gateway.wire.messages import (
    Response,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
)
from tests.gateway.wire.strategies import EVERY_MESSAGE, MessageKind, bodies, every_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.wire.readers import Body

MESSAGES_MIN = 474
"""How many messages both know; fewer would mean that the comparison has shrunk unseen."""

RETRIED = {f"ApiVersions-response-v{version}" for version in range(1, 5)}
"""It reads these as version 0 when they carry an error, as an answer to a too new request."""

RENAMED = {
    "cluster_authorized_operations": "authorized_operations",
    "topic_authorized_operations": "authorized_operations",
    "generation_id_or_member_epoch": "generation_id",
}

CORRELATION_ID = 41


def subclasses(parent: type[object]) -> Iterator[type[object]]:
    """Yield all classes below one."""
    for child in parent.__subclasses__():
        yield child
        yield from subclasses(child)


def message_classes() -> dict[tuple[int, bool], Any]:
    """Find kafka-python's message classes by API key and direction."""
    with warnings.catch_warnings():
        # It reads its own resources in a way that Python 3.11 deprecated and 3.13 took back.
        warnings.simplefilter("ignore", DeprecationWarning)
        for package in ("admin", "consumer", "metadata", "producer", "sasl"):
            importlib.import_module(f"kafka.protocol.{package}")
    parent = importlib.import_module("kafka.protocol.api_message").ApiMessage
    classes: list[Any] = list(subclasses(parent))
    return {
        (found.API_KEY, not found.is_request()): found
        for found in classes
        if found._class_version is None
    }


CLASSES = message_classes()
SHARED = [
    kind
    for kind in every_message()
    if (kind.api.key, kind.response) in CLASSES
    and str(kind) not in RETRIED
    and kind.version <= CLASSES[kind.api.key, kind.response].max_version
]


def encode(kind: MessageKind, body: Body) -> tuple[bytes, int]:
    """Encode a message; return it with the place where its body begins."""
    key, version = kind.api.key, kind.version
    if kind.response:
        content = encode_response(Response(correlation_id=CORRELATION_ID, body=body), key, version)
        return content, read_response_header(content, key, version)[2]
    header = RequestHeader(
        api_key=key, api_version=version, correlation_id=CORRELATION_ID, client_id="console"
    )
    content = encode_request(header, body)
    return content, read_request_header(content)[1]


def decode(kind: MessageKind, content: bytes) -> Body:
    """Decode a message."""
    if kind.response:
        return decode_response(content, kind.api.key, kind.version).body
    return decode_request(content).body


def to_value(value: object) -> object:
    """Turn one of kafka-python's values into ours: it has types of its own for uuids and bits."""
    if isinstance(value, dict):
        return {name: to_value(member) for name, member in value.items()}
    if isinstance(value, list):
        return [to_value(element) for element in value]
    if isinstance(value, set):
        return sum(1 << bit for bit in value)
    return value.bytes if isinstance(value, UUID) else value


def with_its_names(value: object) -> object:
    """Give fields the names that kafka-python gives them, where these differ."""
    if isinstance(value, dict):
        return {RENAMED.get(name, name): with_its_names(member) for name, member in value.items()}
    return [with_its_names(element) for element in value] if isinstance(value, list) else value


def test_the_comparison_covers_what_it_covered(
    record_property: Callable[[str, object], None],
) -> None:
    """kafka-python knows at least as many of our messages as when this was written."""
    record_property("messages compared", len(SHARED))

    assert len(SHARED) >= MESSAGES_MIN


@pytest.mark.parametrize("kind", SHARED, ids=str)
@EVERY_MESSAGE
@given(data=st.data())
def test_kafka_python_agrees_on_every_message(kind: MessageKind, data: st.DataObject) -> None:
    """Our bytes mean the same to kafka-python, header included, and its bytes are ours."""
    body = data.draw(bodies(kind, foreign=False))
    content, start = encode(kind, body)
    message_class = CLASSES[kind.api.key, kind.response]
    message = message_class.decode(content, version=kind.version, header=True)
    written = content[:start] + message.encode()

    assert message.header.correlation_id == CORRELATION_ID
    assert with_its_names(body) == with_its_names(to_value(message.to_dict(json=False)))
    assert content == written
    assert body == decode(kind, written)
