"""Clients are offered the intersection of the broker and the table."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from gateway.apis.api_versions import (
    VERSION_MAX,
    answer_too_new,
    decode_answer,
    intersect,
    is_too_new,
    read_start,
)
from gateway.wire.api_keys import ApiKey
from gateway.wire.errors import MalformedError
from gateway.wire.messages import (
    Response,
    api_versions,
    decode_response,
    default_body,
    encode_response,
)

if TYPE_CHECKING:
    from gateway.wire.readers import Body


def _offer(api_key: int, version_min: int, version_max: int) -> dict[str, int]:
    return {"api_key": api_key, "min_version": version_min, "max_version": version_max}


def _intersected(
    *offers: dict[str, int], terminates: bool = False, error_code: int = 0
) -> dict[int, tuple[int, int]]:
    body: Body = {"error_code": error_code, "api_keys": [dict(offer) for offer in offers]}
    intersect(body, terminates=terminates)
    return {
        entry["api_key"]: (entry["min_version"], entry["max_version"]) for entry in body["api_keys"]
    }


def test_versions_are_those_of_both() -> None:
    """Neither side's newest version is offered when the other lacks it."""
    ours = api_versions()[ApiKey.FETCH]

    assert {ApiKey.FETCH: (ours.version_min, ours.version_max)} == _intersected(
        _offer(ApiKey.FETCH, 0, 99)
    )
    assert {ApiKey.FETCH: (ours.version_min, 11)} == _intersected(_offer(ApiKey.FETCH, 0, 11))


@pytest.mark.parametrize(
    "offer",
    [
        _offer(9_999, 0, 1),
        _offer(ApiKey.ALTER_USER_SCRAM_CREDENTIALS, 0, 0),
        _offer(ApiKey.CREATE_DELEGATION_TOKEN, 1, 3),
        _offer(ApiKey.FETCH, 0, 1),
        _offer(ApiKey.FETCH, 50, 60),
    ],
    ids=["unknown", "scram", "delegation-token", "too-old", "too-new"],
)
def test_what_the_gateway_does_not_do_is_not_offered(offer: dict[str, int]) -> None:
    """Unknown and hidden APIs, and APIs without a common version, are dropped."""
    assert {} == _intersected(offer)


def test_produce_keeps_its_minimum() -> None:
    """Librdkafka takes a broker without Produce 0 to 2 for one without Produce (KAFKA-18659)."""
    assert 0 == _intersected(_offer(ApiKey.PRODUCE, 0, 13))[ApiKey.PRODUCE][0]


def test_api_versions_is_capped() -> None:
    """Version 5 (KIP-1242) names the cluster and node that the client means."""
    assert (0, 4) == _intersected(_offer(ApiKey.API_VERSIONS, 0, 5))[ApiKey.API_VERSIONS]


@pytest.mark.parametrize(
    "offers",
    [
        (),
        (_offer(ApiKey.SASL_HANDSHAKE, 0, 0), _offer(ApiKey.SASL_AUTHENTICATE, 0, 1)),
        (_offer(ApiKey.SASL_HANDSHAKE, 0, 1), _offer(ApiKey.SASL_AUTHENTICATE, 0, 2)),
    ],
    ids=["without", "older", "same"],
)
def test_a_gateway_that_asks_for_passwords_offers_sasl(offers: tuple[dict[str, int], ...]) -> None:
    """Clients log in at the gateway, so it does not matter what the broker can do."""
    assert {ApiKey.SASL_HANDSHAKE: (0, 1), ApiKey.SASL_AUTHENTICATE: (0, 2)} == _intersected(
        *offers, terminates=True
    )


def test_a_broker_that_refuses_the_version_says_so_alone() -> None:
    """Its answer names the versions of ApiVersions to try, and nothing else (KIP-511)."""
    offer = _offer(ApiKey.API_VERSIONS, 0, 3)

    assert {ApiKey.API_VERSIONS: (0, 3)} == _intersected(offer, terminates=True, error_code=35)


def test_features_are_kept() -> None:
    """Finalized features decide, for one, how transactions work."""
    body = default_body(ApiKey.API_VERSIONS, 4, response=True)
    body["finalized_features"] = [
        {"name": "transaction.version", "max_version_level": 2, "min_version_level": 2}
    ]
    before = {name: value for name, value in body.items() if name != "api_keys"}
    intersect(body, terminates=True)

    assert before == {name: value for name, value in body.items() if name != "api_keys"}


@pytest.mark.parametrize(("version", "expected"), [(4, False), (5, True), (99, True)])
def test_a_too_new_request_is_seen_by_its_first_bytes(version: int, *, expected: bool) -> None:
    """A later version may have any form behind its first eight bytes."""
    frame = struct.pack(">hhi", ApiKey.API_VERSIONS, version, 77) + b"\xff\xff whatever"

    assert expected == is_too_new(frame)
    assert (18, version, 77) == read_start(frame)


@pytest.mark.parametrize("frame", [b"", b"\0\x12\0\x05", struct.pack(">hhi", 1, 99, 7)])
def test_other_frames_are_not_too_new(frame: bytes) -> None:
    """Short frames and other APIs go the usual way."""
    assert not is_too_new(frame)


def test_a_too_new_request_is_answered_so_that_clients_retry() -> None:
    """Version 0, error 35, and the versions of ApiVersions to try (KIP-511)."""
    answer = decode_response(answer_too_new(77), ApiKey.API_VERSIONS, 0)

    assert 77 == answer.correlation_id
    assert {
        "error_code": 35,
        "api_keys": [_offer(ApiKey.API_VERSIONS, 0, VERSION_MAX)],
    } == answer.body


def test_a_broker_may_answer_in_version_0() -> None:
    """A broker too old for the request answers UNSUPPORTED_VERSION in version 0."""
    body = {"error_code": 35, "api_keys": [_offer(ApiKey.API_VERSIONS, 0, 2)]}
    frame = encode_response(Response(correlation_id=1, body=body), ApiKey.API_VERSIONS, 0)
    response, version = decode_answer(frame, 4)

    assert (body, 0) == (response.body, version)


@pytest.mark.parametrize("error_code", [0, 35, 42])
def test_an_answer_in_the_asked_version_is_read_as_such(error_code: int) -> None:
    """Whatever its error code, an answer of the asked version is read in that version."""
    body = default_body(ApiKey.API_VERSIONS, 4, response=True)
    body["error_code"] = error_code
    body["throttle_time_ms"] = 5
    frame = encode_response(Response(correlation_id=1, body=body), ApiKey.API_VERSIONS, 4)
    response, version = decode_answer(frame, 4)

    assert (body, 4) == (response.body, version)


@pytest.mark.parametrize("frame", [b"\0\0\0\x01", b"\0\0\0\x01\0\x23", b"\0\0\0\x01\0\x23\xff"])
def test_a_broken_answer_is_malformed(frame: bytes) -> None:
    """Neither form fits."""
    with pytest.raises(MalformedError):
        decode_answer(frame, 4)
