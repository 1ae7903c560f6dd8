"""Headers: the form that each API and version has, read and written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.errors import EncodeError, LimitError, MalformedError, UnknownApiError, WireError
from gateway.wire.headers import (
    HEADER_VALUES_MAX,
    RequestHeader,
    find_api,
    read_request_header,
    read_response_header,
    write_request_header,
    write_response_header,
)
from gateway.wire.primitives import STRING_BYTES_MAX, pack_uvarint
from gateway.wire.table import load

PRODUCE, METADATA, SASL_HANDSHAKE, API_VERSIONS = 0, 3, 17, 18
FLEXIBLE = RequestHeader(
    api_key=METADATA, api_version=12, correlation_id=7, client_id="console", tags={5: b"new"}
)
PLAIN = RequestHeader(api_key=METADATA, api_version=8, correlation_id=7, client_id="console")

INT32 = st.integers(-(1 << 31), (1 << 31) - 1)
TAGS = st.dictionaries(st.integers(0, 2**32 - 1), st.binary(max_size=9), max_size=4)
KINDS = st.sampled_from([(api.key, version) for api in load().values() for version in api.versions])


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (PLAIN, "0003 0008 00000007 0007 636f6e736f6c65"),
        (replace(PLAIN, client_id=None), "0003 0008 00000007 ffff"),
        (replace(PLAIN, client_id=""), "0003 0008 00000007 0000"),
        (FLEXIBLE, "0003 000c 00000007 0007 636f6e736f6c65 01 05 03 6e6577"),
        (replace(FLEXIBLE, client_id=None, tags={}), "0003 000c 00000007 ffff 00"),
        (
            RequestHeader(api_key=SASL_HANDSHAKE, api_version=1, correlation_id=-1, client_id=None),
            "0011 0001 ffffffff ffff",
        ),
    ],
)
def test_a_request_header_has_the_form_of_its_version(header: RequestHeader, expected: str) -> None:
    """Tags stand only in flexible versions; the client id kept its old form (KIP-511)."""
    content = bytes.fromhex(expected)

    assert content == write_request_header(header)
    assert (header, len(content)) == read_request_header(content)
    assert (header, len(content)) == read_request_header(content + b"body")


@pytest.mark.parametrize(
    ("key_and_version", "tags", "expected"),
    [
        ((METADATA, 8), {}, "00000007"),
        ((METADATA, 12), {}, "00000007 00"),
        ((METADATA, 12), {5: b"new"}, "00000007 01 05 03 6e6577"),
        ((API_VERSIONS, 0), {}, "00000007"),
        ((API_VERSIONS, 4), {}, "00000007"),
    ],
)
def test_a_response_header_has_the_form_of_its_version(
    key_and_version: tuple[int, int], tags: dict[int, bytes], expected: str
) -> None:
    """That of ApiVersions never has tags, so that every client can read it."""
    content = bytes.fromhex(expected)

    assert content == write_response_header(7, *key_and_version, tags)
    assert (7, tags, len(content)) == read_response_header(content, *key_and_version)
    assert (7, tags, len(content)) == read_response_header(content + b"body", *key_and_version)


@given(kind=KINDS, correlation_id=INT32, client_id=st.none() | st.text(max_size=9), tags=TAGS)
def test_headers_survive_a_round_trip(
    kind: tuple[int, int], correlation_id: int, client_id: str | None, tags: dict[int, bytes]
) -> None:
    """Of every API and version, with whatever tags its form has room for."""
    key, version = kind
    api = find_api(key, version)
    header = RequestHeader(
        api_key=key,
        api_version=version,
        correlation_id=correlation_id,
        client_id=client_id,
        tags=tags if version in api.request_header_flexible else {},
    )
    response_tags = tags if version in api.response_header_flexible else {}
    response = write_response_header(correlation_id, key, version, response_tags)

    assert header == read_request_header(write_request_header(header))[0]
    assert (correlation_id, response_tags, len(response)) == read_response_header(
        response, key, version
    )


def test_a_request_header_cut_anywhere_is_refused() -> None:
    """Byte by byte, until it is whole."""
    content = write_request_header(FLEXIBLE)

    for length in range(len(content)):
        with pytest.raises(MalformedError):
            read_request_header(content[:length])


def test_a_response_header_cut_anywhere_is_refused() -> None:
    """Byte by byte, until it is whole."""
    content = write_response_header(7, METADATA, 12, {5: b"new"})

    for length in range(len(content)):
        with pytest.raises(MalformedError):
            read_response_header(content[:length], METADATA, 12)


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ("0003", MalformedError, "a request of 2 bytes has no whole header"),
        ("0003 000c 00000007 0002 ffff 00", MalformedError, "client_id: the string at byte 8"),
        ("0003 000c 00000007 fffe 00", MalformedError, "client_id: negative length -2"),
        ("0003 000c 00000007 ffff 01", MalformedError, "_tags: 2 bytes announced at byte 11"),
        ("0003 000c 00000007 ffff 02 0500 0500", MalformedError, "tag 5 after tag 5"),
        ("0003 000c 00000007 ffff ffffffff1f", MalformedError, "does not fit 32 bits"),
        ("0003 000c 00000007 ffff ffffffff0f", MalformedError, "_tags: 8589934590 bytes"),
        ("0003 0063 00000007 ffff", UnknownApiError, "API key 3 version 99"),
        ("7fff 0000 00000007 ffff", UnknownApiError, "API key 32767 version 0"),
    ],
)
def test_a_header_that_breaks_the_protocol_is_refused(
    content: str, kind: type[WireError], text: str
) -> None:
    """The error says what is wrong and where."""
    with pytest.raises(kind, match=text):
        read_request_header(bytes.fromhex(content))


def test_an_unknown_api_still_tells_its_correlation_id() -> None:
    """A client that asks ApiVersions in a version too new is answered."""
    with pytest.raises(UnknownApiError) as raised:
        read_request_header(bytes.fromhex("0012 0063 0000002a ffff"))

    assert raised.value.correlation_id == 42
    with pytest.raises(UnknownApiError) as raised:
        find_api(API_VERSIONS, 99)
    assert raised.value.correlation_id is None


def test_the_tags_of_a_header_are_few() -> None:
    """As many as fit the limit are read, one more is refused: a header comes before any login."""
    start = write_request_header(replace(FLEXIBLE, tags={}))[:-1]
    fits = HEADER_VALUES_MAX // 2
    tags = dict.fromkeys(range(fits), b"")
    content = write_request_header(replace(FLEXIBLE, tags=tags))
    too_many = b"".join(pack_uvarint(tag) + b"\x00" for tag in range(fits + 1))

    assert tags == read_request_header(content)[0].tags
    with pytest.raises(LimitError, match="more than 1,000 values"):
        read_request_header(start + pack_uvarint(fits + 1) + too_many)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"correlation_id": 1 << 31}, "correlation id 2147483648"),
        ({"correlation_id": None}, "correlation id None"),
        ({"client_id": b"console"}, "str or None wanted, bytes given"),
        ({"client_id": "x" * (STRING_BYTES_MAX + 1)}, "a string of 32768 bytes"),
        ({"tags": {-1: b""}}, "-1 is no tag number"),
        ({"tags": {0: "text"}}, "bytes wanted, str given"),
        ({"api_version": 8}, "no place for tags"),
    ],
)
def test_a_header_that_does_not_fit_is_not_written(changes: dict[str, Any], text: str) -> None:
    """What the version has no room for is our mistake, and says so."""
    with pytest.raises(EncodeError, match=text):
        write_request_header(replace(FLEXIBLE, **changes))


def test_a_response_header_that_does_not_fit_is_not_written() -> None:
    """As for requests."""
    with pytest.raises(EncodeError, match="correlation id 2147483648"):
        write_response_header(1 << 31, METADATA, 12, {})
    with pytest.raises(EncodeError, match="no place for tags"):
        write_response_header(7, API_VERSIONS, 4, {5: b"new"})


@pytest.mark.parametrize("key_and_version", [(PRODUCE, 2), (4, 0), (METADATA, -1)])
def test_headers_of_unknown_apis_are_neither_read_nor_written(
    key_and_version: tuple[int, int],
) -> None:
    """Without its version the form of a header is not known."""
    key, version = key_and_version

    with pytest.raises(UnknownApiError):
        read_response_header(bytes(32), key, version)
    with pytest.raises(UnknownApiError):
        write_response_header(1, key, version, {})
    with pytest.raises(UnknownApiError):
        write_request_header(replace(PLAIN, api_key=key, api_version=version))


@given(content=st.binary(max_size=40), kind=KINDS)
def test_only_wire_errors_come_out_of_arbitrary_bytes(
    content: bytes, kind: tuple[int, int]
) -> None:
    """A header is read within its frame, or refused."""
    key, version = kind
    request = key.to_bytes(2) + version.to_bytes(2) + content
    try:
        header, end = read_request_header(request)
        correlation_id, tags, response_end = read_response_header(content, key, version)
    except WireError:
        return

    assert end <= len(request)
    assert header.tags == {} or version in find_api(key, version).request_header_flexible
    assert response_end <= len(content)
    assert content[:4] == correlation_id.to_bytes(4, signed=True)
    assert tags == {} or version in find_api(key, version).response_header_flexible
