"""ApiVersions: clients are offered what both the broker and the message table know."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from gateway.apis.catalogue import ROLES, Role, is_offered
from gateway.apis.error_codes import ErrorCode
from gateway.wire.api_keys import ApiKey
from gateway.wire.errors import WireError
from gateway.wire.messages import (
    Response,
    api_versions,
    decode_response,
    default_body,
    encode_response,
)

if TYPE_CHECKING:
    from gateway.wire.readers import Body

VERSION_MAX = 4
"""From version 5 (KIP-1242) the request names the cluster and node that the client means to reach,
and a mismatch makes it bootstrap anew; the gateway does not vouch for these yet.
"""

_ERROR_OFFSET = 4
_ERROR = struct.Struct(">h")
_REQUEST_START = struct.Struct(">hhi")


def read_start(frame: bytes) -> tuple[int, int, int]:
    """Read a request's API key, version and correlation id, at the same place in any header."""
    api_key, api_version, correlation_id = _REQUEST_START.unpack_from(frame)
    return api_key, api_version, correlation_id


def is_too_new(frame: bytes) -> bool:
    """Say whether a request is an ApiVersions beyond VERSION_MAX, whose form need not be known."""
    if len(frame) < _REQUEST_START.size:
        return False
    api_key, api_version, _ = read_start(frame)
    return api_key == ApiKey.API_VERSIONS and api_version > VERSION_MAX


def answer_too_new(correlation_id: int) -> bytes:
    """Answer in version 0, which every client reads, with the versions to try instead (KIP-511)."""
    body = default_body(ApiKey.API_VERSIONS, 0, response=True)
    body["error_code"] = ErrorCode.UNSUPPORTED_VERSION
    body["api_keys"] = [_own(ApiKey.API_VERSIONS) | {"max_version": VERSION_MAX}]
    return encode_response(
        Response(correlation_id=correlation_id, body=body), ApiKey.API_VERSIONS, 0
    )


def decode_answer(frame: bytes, api_version: int) -> tuple[Response, int]:
    """Decode the broker's answer and tell its version: 0 where the request was too new for it."""
    if len(frame) >= _ERROR_OFFSET + _ERROR.size:
        (error_code,) = _ERROR.unpack_from(frame, _ERROR_OFFSET)
        if error_code == ErrorCode.UNSUPPORTED_VERSION and api_version > 0:
            try:
                return decode_response(frame, ApiKey.API_VERSIONS, 0), 0
            except WireError:
                pass  # then it is an answer in the version that was asked for
    return decode_response(frame, ApiKey.API_VERSIONS, api_version), api_version


def intersect(body: Body, *, terminates: bool) -> None:
    """Leave in an answer only the APIs and versions that the gateway offers too.

    Where the gateway terminates authentication, the APIs for it are its own to offer, whether or
    not the broker has them. Produce keeps the broker's minimum although the versions below 3 are
    gone: librdkafka takes a higher minimum for a broker without any Produce it knows (KAFKA-18659).
    """
    table = api_versions()
    kept = []
    for entry in body["api_keys"]:
        ours = table.get(entry["api_key"])
        if ours is None or not is_offered(ours.key):
            continue
        if terminates and ROLES[ours.key] is Role.TERMINATED:
            continue
        version_max = VERSION_MAX if ours.key == ApiKey.API_VERSIONS else ours.version_max
        entry["max_version"] = min(entry["max_version"], version_max)
        if entry["max_version"] < max(entry["min_version"], ours.version_min):
            continue
        if ours.key != ApiKey.PRODUCE:
            entry["min_version"] = max(entry["min_version"], ours.version_min)
        kept.append(entry)
    if terminates and body["error_code"] != ErrorCode.UNSUPPORTED_VERSION:
        kept += [_own(api_key) for api_key, role in ROLES.items() if role is Role.TERMINATED]
    body["api_keys"] = kept


def _own(api_key: int) -> Body:
    ours = api_versions()[api_key]
    return {
        "api_key": ours.key,
        "min_version": ours.version_min,
        "max_version": ours.version_max,
    }
