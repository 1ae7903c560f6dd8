"""Request and response headers: what stands before the message in every frame.

Which form a header has is said by the message table for each API and version; it does not always
follow the body.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from gateway.wire.errors import EncodeError, MalformedError, UnknownApiError
from gateway.wire.primitives import Budget, Parts, string_reader, string_writer
from gateway.wire.readers import TAGS, compile_reader
from gateway.wire.table import Api, load
from gateway.wire.writers import check_tags, pack_tags

HEADER_VALUES_MAX = 1_000
"""Values that the tags of a header may hold: two each. Kafka has none so far, and a header is read
before anything is known of who sent it."""

_REQUEST = struct.Struct(">hhi")
_RESPONSE = struct.Struct(">i")

# The client id kept its old form in the flexible header, so that an old broker can read the header
# of a too new ApiVersions request and answer it (KIP-511).
_read_client_id = string_reader(compact=False, nullable=True)
_write_client_id = string_writer(compact=False, nullable=True)
_read_tags = compile_reader((), 0, flexible=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHeader:
    """The header of a request."""

    api_key: int
    api_version: int
    correlation_id: int
    client_id: str | None
    tags: dict[int, bytes] = field(default_factory=dict)


def find_api(api_key: int, api_version: int, correlation_id: int | None = None) -> Api:
    """Return the API, or raise `UnknownApiError` where the table lacks it or the version."""
    api = load().get(api_key)
    if api is None or api_version not in api.versions:
        raise UnknownApiError(api_key, api_version, correlation_id)
    return api


def read_request_header(frame: bytes) -> tuple[RequestHeader, int]:
    """Read a request's header; the number is where the body begins.

    `UnknownApiError` carries the correlation id, which stands at the same place in every header.
    """
    if len(frame) < _REQUEST.size:
        raise MalformedError(f"a request of {len(frame)} bytes has no whole header")
    api_key, api_version, correlation_id = _REQUEST.unpack_from(frame)
    api = find_api(api_key, api_version, correlation_id)
    try:
        client_id, position = _read_client_id(frame, _REQUEST.size, Budget(HEADER_VALUES_MAX))
    except MalformedError as error:
        error.within("client_id")
        raise
    tags: dict[int, bytes] = {}
    if api_version in api.request_header_flexible:
        tags, position = _read_header_tags(frame, position)
    assert position <= len(frame), "a header lies within its frame"
    header = RequestHeader(
        api_key=api_key,
        api_version=api_version,
        correlation_id=correlation_id,
        client_id=client_id,
        tags=tags,
    )
    return header, position


def write_request_header(header: RequestHeader) -> bytes:
    """Write a request's header."""
    api = find_api(header.api_key, header.api_version)
    try:
        parts: Parts = [_REQUEST.pack(header.api_key, header.api_version, header.correlation_id)]
    except struct.error as error:
        raise EncodeError(f"correlation id {header.correlation_id!r}: {error}") from None
    _write_client_id(header.client_id, parts)
    flexible = header.api_version in api.request_header_flexible
    parts.append(_write_header_tags(header.tags, flexible=flexible))
    return b"".join(parts)


def read_response_header(
    frame: bytes, api_key: int, api_version: int
) -> tuple[int, dict[int, bytes], int]:
    """Read the header of a response: correlation id, tags, and where the body begins."""
    api = find_api(api_key, api_version)
    if len(frame) < _RESPONSE.size:
        raise MalformedError(f"a response of {len(frame)} bytes has no whole header")
    (correlation_id,) = _RESPONSE.unpack_from(frame)
    if api_version not in api.response_header_flexible:
        return correlation_id, {}, _RESPONSE.size
    tags, position = _read_header_tags(frame, _RESPONSE.size)
    assert position <= len(frame), "a header lies within its frame"
    return correlation_id, tags, position


def write_response_header(
    correlation_id: int, api_key: int, api_version: int, tags: dict[int, bytes]
) -> bytes:
    """Write the header of a response to this API and version."""
    api = find_api(api_key, api_version)
    try:
        packed = _RESPONSE.pack(correlation_id)
    except struct.error as error:
        raise EncodeError(f"correlation id {correlation_id!r}: {error}") from None
    return packed + _write_header_tags(tags, flexible=api_version in api.response_header_flexible)


def _read_header_tags(frame: bytes, position: int) -> tuple[dict[int, bytes], int]:
    body, position = _read_tags(frame, position, Budget(HEADER_VALUES_MAX))
    assert body.keys() <= {TAGS}, "a header has no tagged field that is known"
    return body.get(TAGS, {}), position


def _write_header_tags(tags: dict[int, bytes], *, flexible: bool) -> bytes:
    if flexible:
        return pack_tags(check_tags(tags))
    if tags:
        raise EncodeError("the header of this version has no place for tags")
    return b""
