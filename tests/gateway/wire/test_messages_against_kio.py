"""Messages against kio, a codec that was generated from Kafka's definitions by other means.

Both must read the same values under the same names from the same bytes, and write the same bytes.
"""

from __future__ import annotations

import io
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kio.schema.index import api_key_map, schema_name_map
from kio.serial import entity_reader, entity_writer
from kio.static.constants import EntityType

from gateway.wire.headers import (
    RequestHeader,
    read_request_header,
    read_response_header,
    write_request_header,
    write_response_header,
)
from gateway.wire.messages import (
    Response,
    decode_request_body,
    decode_response,
    encode_request,
    encode_response,
)
from tests.gateway.wire.strategies import EVERY_MESSAGE, MessageKind, bodies, every_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.wire.readers import Body

MESSAGES_MIN = 556
"""How many messages both know; fewer would mean that the comparison has shrunk unseen."""

RENAMED: dict[str, str] = {
    "generation_id_or_member_epoch": "generation_id",
    "acceptable_recovery_lag_legacy": "acceptable_recovery_lag",
}
"""Fields that got another name in Kafka after kio took over the definitions."""

KioObject = Any
"""kio has a class for each structure of each version, found by name."""

CLIENT_ID = "console"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def kio_class(kind: MessageKind) -> KioObject:
    """Find kio's class for a message, None where it has none."""
    versions = schema_name_map.get(api_key_map.get(kind.api.key, ""), {})
    places = versions.get(kind.version, {})
    place = places.get(EntityType.response if kind.response else EntityType.request)
    return resolve_name(place) if place else None


SHARED = [kind for kind in every_message() if kio_class(kind)]


def to_body(entity: KioObject) -> Body:
    """Turn kio's object into the form our bodies have, but for the names of times."""
    return {
        field.name: to_value(getattr(entity, field.name), field.metadata.get("kafka_type"))
        for field in fields(entity)
    }


def to_value(value: object, kafka_type: str | None) -> object:
    """Turn one of kio's values into ours: it has types of its own for times and uuids."""
    if isinstance(value, tuple):
        return [to_value(element, kafka_type) for element in value]
    if hasattr(value, "__dataclass_fields__"):
        return to_body(value)
    if kafka_type == "uuid":
        return value.bytes if isinstance(value, UUID) else UUID(int=0).bytes
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(milliseconds=1)
    if isinstance(value, timedelta):
        return value // timedelta(milliseconds=1)
    return value


def with_kio_names(value: object) -> object:
    """Give fields the names that kio gives them: times without unit, and some older names."""
    if isinstance(value, dict):
        return {
            RENAMED.get(str(name), str(name)).removesuffix("_ms"): with_kio_names(member)
            for name, member in value.items()
        }
    return [with_kio_names(element) for element in value] if isinstance(value, list) else value


def encode_body(kind: MessageKind, body: Body) -> bytes:
    """Encode a body alone, without the header."""
    key, version = kind.api.key, kind.version
    if kind.response:
        content = encode_response(Response(correlation_id=1, body=body), key, version)
        return content[read_response_header(content, key, version)[2] :]
    content = encode_request(header_of(kind), body)
    return content[read_request_header(content)[1] :]


def decode_body(kind: MessageKind, content: bytes) -> Body:
    """Decode a body alone."""
    if kind.response:
        header = write_response_header(1, kind.api.key, kind.version, {})
        return decode_response(header + content, kind.api.key, kind.version).body
    return decode_request_body(header_of(kind), content, 0)


def header_of(kind: MessageKind) -> RequestHeader:
    """Make the header of a request."""
    return RequestHeader(
        api_key=kind.api.key, api_version=kind.version, correlation_id=1, client_id=CLIENT_ID
    )


def write_with_kio(entity: KioObject) -> bytes:
    """Encode kio's object with kio."""
    buffer = io.BytesIO()
    entity_writer(type(entity))(buffer, entity)
    return buffer.getvalue()


def test_the_comparison_covers_what_it_covered(
    record_property: Callable[[str, object], None],
) -> None:
    """Kio knows at least as many of our messages as when this was written."""
    record_property("messages compared", len(SHARED))

    assert len(SHARED) >= MESSAGES_MIN


@pytest.mark.parametrize("kind", SHARED, ids=str)
@EVERY_MESSAGE
@given(data=st.data())
def test_kio_agrees_on_every_message(kind: MessageKind, data: st.DataObject) -> None:
    """Our bytes mean the same to kio, and kio's bytes are ours and mean the same to us."""
    body = data.draw(bodies(kind, foreign=False))
    content = encode_body(kind, body)
    entity, size = entity_reader(kio_class(kind))(content, 0)

    assert len(content) == size
    assert with_kio_names(body) == with_kio_names(to_body(entity))
    assert content == write_with_kio(entity)
    assert body == decode_body(kind, write_with_kio(entity))


@pytest.mark.parametrize("kind", SHARED, ids=str)
def test_kio_agrees_on_every_header(kind: MessageKind) -> None:
    """The header of each message has the form that kio gives it."""
    header_class = kio_class(kind).__header_schema__
    if kind.response:
        expected = write_with_kio(header_class(correlation_id=1))
        written = write_response_header(1, kind.api.key, kind.version, {})
    else:
        expected = write_with_kio(
            header_class(
                request_api_key=kind.api.key,
                request_api_version=kind.version,
                correlation_id=1,
                client_id=CLIENT_ID,
            )
        )
        written = write_request_header(header_of(kind))

    assert expected == written
