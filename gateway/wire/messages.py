"""Decode and encode whole requests and responses, of any API and version in the message table.

A body is a dictionary with the version's field names in snake case: structures are dictionaries,
arrays are lists, a uuid is 16 bytes, `records` is a view into the frame that was decoded (so the
frame lives as long as the view), and null is None. The functions for a version are compiled when it
is first seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.wire.errors import MalformedError, WireError
from gateway.wire.headers import (
    RequestHeader,
    find_api,
    read_request_header,
    read_response_header,
    write_request_header,
    write_response_header,
)
from gateway.wire.primitives import Budget, Parts, Reader, Writer
from gateway.wire.readers import Body, compile_reader
from gateway.wire.schema import default_value
from gateway.wire.table import load
from gateway.wire.writers import compile_writer

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A decoded request."""

    header: RequestHeader
    body: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A decoded response; `tags` are those of its header."""

    correlation_id: int
    tags: dict[int, bytes] = field(default_factory=dict)
    body: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiVersions:
    """The versions of one API that can be decoded and encoded."""

    key: int
    name: str
    version_min: int
    version_max: int
    flexible_min: int | None
    """The first flexible version, None where no version is."""
    latest_unstable: bool
    """Whether `version_max` is still being designed: brokers offer it only when told to."""
    listeners: frozenset[str]


@cache
def api_versions() -> Mapping[int, ApiVersions]:
    """Return what the message table covers, by API key."""
    return MappingProxyType(
        {
            api.key: ApiVersions(
                key=api.key,
                name=api.name,
                version_min=api.versions.first,
                version_max=api.versions.last,
                flexible_min=next((v for v in api.versions if v in api.flexible), None),
                latest_unstable=api.latest_unstable,
                listeners=api.listeners,
            )
            for api in load().values()
        }
    )


def decode_request(frame: bytes) -> Request:
    """Decode a request, header and body."""
    header, offset = read_request_header(frame)
    return Request(header=header, body=decode_request_body(header, frame, offset))


def decode_request_body(header: RequestHeader, frame: bytes, offset: int) -> Body:
    """Decode the body that begins at `offset`, behind the header, and fills the frame."""
    return _decode_body(frame, offset, header.api_key, header.api_version, response=False)


def decode_request_prefix(header: RequestHeader, frame: bytes, offset: int) -> tuple[Body, int]:
    """Decode the body that begins at `offset`, and say where it ends: bytes may follow.

    Brokers do not look behind a request, and librdkafka (at least up to 2.16) leaves three bytes
    there when it asks for the Metadata of all topics in a flexible version.
    """
    return _decode_prefix(frame, offset, header.api_key, header.api_version, response=False)


def decode_response(frame: bytes, api_key: int, api_version: int) -> Response:
    """Decode the response to a request of this API and version."""
    correlation_id, tags, offset = read_response_header(frame, api_key, api_version)
    body = _decode_body(frame, offset, api_key, api_version, response=True)
    return Response(correlation_id=correlation_id, tags=tags, body=body)


def encode_request(header: RequestHeader, body: Body) -> bytes:
    """Encode a request as the content of a frame."""
    parts: Parts = [write_request_header(header)]
    return _encode_body(parts, body, header.api_key, header.api_version, response=False)


def encode_response(response: Response, api_key: int, api_version: int) -> bytes:
    """Encode a response as the content of a frame."""
    header = write_response_header(response.correlation_id, api_key, api_version, response.tags)
    return _encode_body([header], response.body, api_key, api_version, response=True)


def default_body(api_key: int, api_version: int, *, response: bool) -> Body:
    """Build a body in which every field of the version has its default."""
    fields = find_api(api_key, api_version).fields(response=response)
    return {
        field.name: default_value(field, api_version)
        for field in fields
        if api_version in field.versions
    }


def _decode_body(frame: bytes, offset: int, api_key: int, version: int, *, response: bool) -> Body:
    body, end = _decode_prefix(frame, offset, api_key, version, response=response)
    if end != len(frame):
        error = MalformedError(
            f"{len(frame) - end} bytes follow the message, which ends at byte {end}"
        )
        error.message = _title(api_key, version, response=response)
        raise error
    return body


def _decode_prefix(
    frame: bytes, offset: int, api_key: int, version: int, *, response: bool
) -> tuple[Body, int]:
    try:
        body: Body
        body, end = _reader(api_key, version, response=response)(frame, offset, Budget())
        assert offset <= end <= len(frame), "a message lies within its frame"
    except WireError as error:
        error.message = _title(api_key, version, response=response)
        raise
    return body, end


def _encode_body(parts: Parts, body: Body, api_key: int, version: int, *, response: bool) -> bytes:
    assert parts, "the header stands before the body"
    try:
        _writer(api_key, version, response=response)(body, parts)
    except WireError as error:
        error.message = _title(api_key, version, response=response)
        raise
    return b"".join(parts)


@cache
def _reader(api_key: int, version: int, *, response: bool) -> Reader:
    api = find_api(api_key, version)
    return compile_reader(api.fields(response=response), version, flexible=version in api.flexible)


@cache
def _writer(api_key: int, version: int, *, response: bool) -> Writer:
    api = find_api(api_key, version)
    return compile_writer(api.fields(response=response), version, flexible=version in api.flexible)


def _title(api_key: int, version: int, *, response: bool) -> str:
    return f"{load()[api_key].name} {'response' if response else 'request'} v{version}"
