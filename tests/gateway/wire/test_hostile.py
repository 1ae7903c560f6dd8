"""Hostile messages: what a peer claims costs nothing, and what it sends costs in proportion."""

from __future__ import annotations

import time
import tracemalloc
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from gateway.wire.api_keys import ApiKey
from gateway.wire.errors import LimitError, MalformedError
from gateway.wire.headers import RequestHeader, write_request_header, write_response_header
from gateway.wire.messages import decode_request, decode_response, default_body
from gateway.wire.primitives import Budget, Parts, pack_compact_length, pack_uvarint
from gateway.wire.readers import compile_reader
from gateway.wire.schema import default_value
from gateway.wire.table import Field, FieldType, load
from gateway.wire.writers import compile_writer
from tests.gateway.wire.strategies import MessageKind, every_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# As measured: a structure of empty arrays, the dearest there is, takes 98 bytes of memory and half
# a microsecond for each of its bytes. Twenty times as long leaves room for a busy machine, and is
# far from the minutes of quadratic work.
MEMORY_PER_BYTE = 100
MEMORY_PER_VALUE = 100
SECONDS_PER_BYTE = 1e-5

INT32_MAX = (1 << 31) - 1
COUNT = pack_compact_length(INT32_MAX)
EMPTY_TOPIC = bytes(16) + b"\x00\x00"
NO_TOPICS = b"\x01\x00\x00"


def metadata(body: bytes) -> tuple[bytes, int | None]:
    """Make a flexible request, whose body begins with an array."""
    header = RequestHeader(
        api_key=ApiKey.METADATA, api_version=12, correlation_id=1, client_id=None
    )
    return write_request_header(header) + body, None


def answer(body: bytes, version: int = 12) -> tuple[bytes, int | None]:
    """Make a response; it comes with its version, as a request does not."""
    return write_response_header(1, ApiKey.METADATA, version, {}) + bytes(4) + body, version


LIES = {
    "2^31 topics": metadata(COUNT + bytes(100)),
    "2^32 topics": metadata(b"\xff\xff\xff\xff\x0f" + bytes(100)),
    "2^31 brokers": answer(INT32_MAX.to_bytes(4) + bytes(100), version=8),
    "2^31 replicas": answer(
        b"\x01\x00" + bytes(4) + b"\x02\x00\x00\x02a" + bytes(17) + b"\x02" + bytes(14) + COUNT
    ),
    "2^31 tags": metadata(NO_TOPICS + pack_uvarint(INT32_MAX) + bytes(100)),
    "a tag of 2^31 bytes": metadata(NO_TOPICS + b"\x01\x00" + pack_uvarint(INT32_MAX)),
    "a name of 2^31 bytes": metadata(b"\x02" + bytes(16) + COUNT + bytes(100)),
    "300 kB of varint": metadata(b"\x80" * 300_000),
    "300 kB of varint for a tag": metadata(NO_TOPICS + b"\x01" + b"\xff" * 300_000),
}


def many_tag_sections(count: int) -> tuple[bytes, int | None]:
    """Make topics without a name, each with a section for tags."""
    return metadata(pack_compact_length(count) + EMPTY_TOPIC * count + b"\x00\x00\x00")


def many_unknown_tags(count: int) -> tuple[bytes, int | None]:
    """Make tags without a value."""
    tags = b"".join(pack_uvarint(tag) + b"\x00" for tag in range(count))
    return metadata(NO_TOPICS + pack_uvarint(count) + tags)


def many_brokers(count: int) -> tuple[bytes, int | None]:
    """Make brokers without a name."""
    brokers = pack_compact_length(count) + (bytes(4) + b"\x01" + bytes(6)) * count
    return answer(brokers + b"\x00" + bytes(4) + b"\x01\x00")


BULK = [many_tag_sections, many_unknown_tags, many_brokers]


def decode(frame: bytes, version: int | None) -> object:
    """Decode a request, or the answer of a version."""
    if version is None:
        return decode_request(frame)
    return decode_response(frame, ApiKey.METADATA, version)


@contextmanager
def at_most(*, peak_bytes: float, seconds: float) -> Iterator[None]:
    """Check what the block takes of memory and of processor time."""
    tracemalloc.start()
    start = time.process_time()
    try:
        yield
        taken = time.process_time() - start
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < peak_bytes
    assert taken < seconds


@pytest.mark.parametrize("name", LIES)
def test_what_a_message_claims_costs_nothing(name: str) -> None:
    """A count or a length beyond the frame is refused before anything is made for it."""
    with at_most(peak_bytes=50_000, seconds=0.5), pytest.raises(MalformedError):
        decode(*LIES[name])


@pytest.mark.parametrize("make", BULK)
def test_what_a_message_holds_costs_memory_in_proportion(
    make: Callable[[int], tuple[bytes, int | None]],
) -> None:
    """By a factor that is known."""
    frame, version = make(10_000)
    with at_most(peak_bytes=len(frame) * MEMORY_PER_BYTE, seconds=5):
        decoded = decode(frame, version)

    assert decoded


@pytest.mark.parametrize("make", BULK)
def test_what_a_message_holds_costs_time_in_proportion(
    make: Callable[[int], tuple[bytes, int | None]],
) -> None:
    """A hundred thousand of anything takes no minutes."""
    frame, version = make(100_000)
    start = time.process_time()
    decode(frame, version)

    assert time.process_time() - start < len(frame) * SECONDS_PER_BYTE


def arrays(kind: MessageKind) -> list[Field]:
    """List the arrays that a message has at its top."""
    return [
        field for field in kind.fields if field.kind.is_array and kind.version in field.versions
    ]


def element_of(field: Field, version: int) -> object:
    """Make the smallest element of an array."""
    if field.kind.element is FieldType.STRUCT:
        return {
            member.name: default_value(member, version)
            for member in field.fields
            if version in member.versions
        }
    return {FieldType.STRING: "", FieldType.UUID: bytes(16)}.get(field.kind.element, 0)


NEWEST = [kind for kind in every_message() if kind.version == kind.api.versions.last]


@pytest.mark.parametrize("kind", [kind for kind in NEWEST if arrays(kind)], ids=str)
def test_a_budget_bounds_memory_in_every_message(kind: MessageKind) -> None:
    """A value of the budget stands for 100 bytes at most, so four million for 400 MB."""
    reader = compile_reader(kind.fields, kind.version, flexible=kind.is_flexible)
    writer = compile_writer(kind.fields, kind.version, flexible=kind.is_flexible)
    for field in arrays(kind):
        body = default_body(kind.api.key, kind.version, response=kind.response)
        body[field.name] = [element_of(field, kind.version)] * 200
        parts: Parts = []
        writer(body, parts)
        frame, budget = b"".join(parts), Budget()
        reader(frame, 0, budget)
        tracemalloc.start()
        reader(frame, 0, Budget())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        spent = budget.values_max - budget.values_left

        assert spent >= 200
        assert peak < spent * MEMORY_PER_VALUE + 2_000


def test_a_message_that_goes_beyond_the_budget_is_refused() -> None:
    """After as much memory as the budget stands for, however much more would follow."""
    api = load()[ApiKey.ALTER_CLIENT_QUOTAS]
    version = api.versions.last
    reader = compile_reader(api.request, version, flexible=True)
    frame = pack_compact_length(30_000) + b"\x01\x01\x00" * 30_000 + b"\x00\x00"

    assert reader(frame, 0, Budget())[1] == len(frame)
    with (
        at_most(peak_bytes=10_000 * MEMORY_PER_VALUE, seconds=5),
        pytest.raises(LimitError, match="more than 10,000 values"),
    ):
        reader(frame, 0, Budget(10_000))
