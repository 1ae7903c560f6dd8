"""Messages: every one of them survives decoding and encoding, and no bytes do harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.errors import EncodeError, MalformedError, UnknownApiError, WireError
from gateway.wire.frames import FrameBuffer, frame
from gateway.wire.headers import RequestHeader
from gateway.wire.messages import (
    Request,
    Response,
    api_versions,
    decode_request,
    decode_request_body,
    decode_request_prefix,
    decode_response,
    default_body,
    encode_request,
    encode_response,
)
from gateway.wire.readers import TAGS, Body
from gateway.wire.table import load
from tests.gateway.wire.strategies import EVERY_MESSAGE, MessageKind, bodies, every_message

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGES = every_message()
FRAME_BYTES_MAX = 1 << 20

METADATA, API_VERSIONS, PRODUCE, FETCH = 3, 18, 0, 1


def encode(kind: MessageKind, body: Body) -> bytes:
    """Encode a body behind an ordinary header."""
    if kind.response:
        response = Response(correlation_id=7, body=body)
        return encode_response(response, kind.api.key, kind.version)
    return encode_request(header_of(kind.api.key, kind.version), body)


def decode(kind: MessageKind, content: bytes) -> Body:
    """Decode the body of a frame."""
    if kind.response:
        return decode_response(content, kind.api.key, kind.version).body
    return decode_request(content).body


def outcome(decode_bytes: Callable[[], object]) -> object:
    """Return what was decoded, or the text of the error."""
    try:
        return decode_bytes()
    except WireError as error:
        return str(error)


def header_of(api_key: int, api_version: int) -> RequestHeader:
    """Make an ordinary request header."""
    return RequestHeader(
        api_key=api_key, api_version=api_version, correlation_id=7, client_id="console"
    )


@pytest.mark.parametrize("kind", MESSAGES, ids=str)
@EVERY_MESSAGE
@given(data=st.data())
def test_every_message_survives_a_round_trip(kind: MessageKind, data: st.DataObject) -> None:
    """What is encoded is decoded to the same values, and these encode to the same bytes."""
    body = data.draw(bodies(kind))
    content = encode(kind, body)
    decoded = decode(kind, content)

    assert body == decoded
    assert content == encode(kind, decoded)


@pytest.mark.parametrize("kind", MESSAGES, ids=str)
def test_every_message_has_defaults_that_can_be_sent(kind: MessageKind) -> None:
    """A body of defaults encodes, and comes back as it was."""
    body = default_body(kind.api.key, kind.version, response=kind.response)

    assert body == decode(kind, encode(kind, body))


@pytest.mark.parametrize("kind", MESSAGES, ids=str)
@EVERY_MESSAGE
@given(data=st.data())
def test_only_wire_errors_come_out_of_damaged_messages(
    kind: MessageKind, data: st.DataObject
) -> None:
    """A frame with changed, missing or added bytes is decoded or refused with a `WireError`.

    What is decoded all the same can be encoded, and means the same then.
    """
    content = bytearray(encode(kind, data.draw(bodies(kind))))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content)))
        content[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    if not kind.response:
        content[:4] = encode(kind, default_body(kind.api.key, kind.version, response=False))[:4]
    try:
        body = decode(kind, bytes(content))
    except WireError:
        return

    assert body == decode(kind, encode(kind, body))


@EVERY_MESSAGE
@given(content=st.binary(max_size=64), kind=st.sampled_from(MESSAGES))
def test_only_wire_errors_come_out_of_random_bytes(content: bytes, kind: MessageKind) -> None:
    """Random bytes as a frame are decoded or refused with a `WireError`, in both directions."""
    header = kind.api.key.to_bytes(2) + kind.version.to_bytes(2)
    outcomes = [
        outcome(lambda: decode_request(content)),
        outcome(lambda: decode_request(header + content)),
        outcome(lambda: decode_response(content, kind.api.key, kind.version)),
    ]

    assert all(outcomes), "each is a message or an error that says something"


@pytest.mark.parametrize("kind", MESSAGES, ids=str)
def test_a_message_cut_anywhere_is_refused(kind: MessageKind) -> None:
    """Every beginning of a message that is not all of it raises `MalformedError`."""
    content = encode(kind, default_body(kind.api.key, kind.version, response=kind.response))

    for length in range(len(content)):
        with pytest.raises(MalformedError):
            decode(kind, content[:length])


@pytest.mark.parametrize("kind", MESSAGES, ids=str)
def test_bytes_behind_a_message_are_refused(kind: MessageKind) -> None:
    """A message must fill its frame: a tail that nobody reads could smuggle something."""
    content = encode(kind, default_body(kind.api.key, kind.version, response=kind.response))

    with pytest.raises(MalformedError, match="1 bytes follow the message"):
        decode(kind, content + b"\x00")


@EVERY_MESSAGE
@given(data=st.data())
def test_messages_arrive_whole_byte_by_byte_and_with_a_tail(data: st.DataObject) -> None:
    """However the stream is cut, the same messages come out and a tail waits for its rest."""
    kind = data.draw(st.sampled_from(MESSAGES))
    content = encode(kind, data.draw(bodies(kind)))
    tail = b"\x00\x00\x00\x09half"

    whole = FrameBuffer(frame_bytes_max=FRAME_BYTES_MAX)
    single = FrameBuffer(frame_bytes_max=FRAME_BYTES_MAX)
    frames = [f for byte in frame(content) for f in single.feed(bytes([byte]))]

    assert [content] == frames
    assert single.buffered_bytes == 0
    assert [content, content] == whole.feed(frame(content) + frame(content) + tail)
    assert len(tail) == whole.buffered_bytes
    assert decode(kind, content) == decode(kind, frames[0])


def test_records_are_a_view_into_the_frame() -> None:
    """The bytes of records are not copied, in a Produce request and in a Fetch response."""
    body = default_body(PRODUCE, 12, response=False)
    body["topic_data"] = [
        {"name": "orders", "partition_data": [{"index": 0, "records": b"batches"}]}
    ]
    content = encode_request(header_of(PRODUCE, 12), body)
    records = decode_request(content).body["topic_data"][0]["partition_data"][0]["records"]

    assert isinstance(records, memoryview)
    assert content is records.obj
    assert records.tobytes() == b"batches"


def test_unknown_tags_and_error_codes_are_kept() -> None:
    """A field from a newer Kafka passes as it is, and so does an error code nobody knows."""
    body = default_body(METADATA, 12, response=True)
    topic: Body = {
        "error_code": 31_000,
        "name": None,
        "topic_id": bytes(16),
        "is_internal": False,
        "partitions": [],
        "topic_authorized_operations": 0,
        TAGS: {77: b"new"},
    }
    response = Response(
        correlation_id=1, tags={5: b"head"}, body=body | {"topics": [topic], TAGS: {9: b""}}
    )

    assert response == decode_response(encode_response(response, METADATA, 12), METADATA, 12)


def test_a_request_can_be_decoded_in_two_steps() -> None:
    """The header tells whether the body is needed at all; the body begins where it ends."""
    header = header_of(API_VERSIONS, 0)
    content = encode_request(header, {})

    assert Request(header=header, body={}) == decode_request(content)
    assert decode_request_body(header, content, len(content)) == {}


def test_bytes_behind_a_request_can_be_told_from_it() -> None:
    """A request for all topics as librdkafka 2.16 writes it, with three bytes too many."""
    body, end = decode_request_prefix(header_of(METADATA, 12), bytes.fromhex("00000000010000"), 0)

    assert end == 4
    assert body["topics"] is None


def test_an_error_says_which_message_and_which_field_is_wrong() -> None:
    """The text of an error leads from the message down to the field."""
    body = default_body(METADATA, 12, response=True)
    body["brokers"] = [{"node_id": 1, "host": None, "port": 9092, "rack": None}]

    with pytest.raises(EncodeError) as raised:
        encode_response(Response(correlation_id=1, body=body), METADATA, 12)
    assert str(raised.value) == "Metadata response v12: brokers[0].host: str wanted, NoneType given"


@pytest.mark.parametrize("key_and_version", [(4, 0), (PRODUCE, 2), (METADATA, 99), (METADATA, -1)])
def test_apis_and_versions_outside_the_table_are_refused(key_and_version: tuple[int, int]) -> None:
    """What the table does not cover is neither decoded nor encoded, and says what it was."""
    key, version = key_and_version
    request = key.to_bytes(2) + version.to_bytes(2, signed=True) + b"\x00\x00\x00\x2a\xff\xff"

    with pytest.raises(UnknownApiError) as raised:
        decode_request(request)
    assert (key, version, 42) == (
        raised.value.api_key,
        raised.value.api_version,
        raised.value.correlation_id,
    )
    with pytest.raises(UnknownApiError):
        decode_response(bytes(32), key, version)
    with pytest.raises(UnknownApiError):
        default_body(key, version, response=True)
    with pytest.raises(UnknownApiError):
        encode_request(header_of(key, version), {})


def test_api_versions_tells_what_the_table_covers() -> None:
    """Each API is there with its versions, where it became flexible, and who listens to it."""
    versions = api_versions()

    assert set(load()) == set(versions)
    assert (
        versions[PRODUCE].version_min,
        versions[PRODUCE].version_max,
        versions[PRODUCE].flexible_min,
    ) == (3, 13, 9)
    assert versions[17].flexible_min is None
    assert versions[17].name == "SaslHandshake"
    assert [key for key, api in versions.items() if api.latest_unstable] == [22]
    assert all("broker" in api.listeners for api in versions.values())
