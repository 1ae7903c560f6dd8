"""The gateway's own login at a broker, as requests and answers (KIP-43, KIP-152)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.apis.error_codes import ErrorCode
from gateway.identity.client_mechanism import LoginError
from gateway.wire.api_keys import ApiKey
from gateway.wire.frames import frame as framed
from gateway.wire.headers import RequestHeader
from gateway.wire.messages import decode_response, default_body, encode_request

if TYPE_CHECKING:
    from gateway.identity.client_mechanism import ClientMechanism
    from gateway.wire.readers import Body

CLIENT_ID = "streamwitness"
HANDSHAKE_VERSION = 1
AUTHENTICATE_VERSION = 1
"""From version 1 on the answer tells how long the login lasts (KIP-368)."""
CORRELATION_ID = 0
"""Answers come in the order of requests, so that one number serves all."""


class BrokerLogin:
    """One login: frames to send, and what becomes of the frames that answer them."""

    __slots__ = ("_api_key", "_mechanism", "lifetime_ms")

    def __init__(self, mechanism: ClientMechanism) -> None:
        self._mechanism = mechanism
        self._api_key = ApiKey.SASL_HANDSHAKE
        self.lifetime_ms = 0
        """For how long the broker lets us in by this login, 0 for ever."""

    def begin(self) -> bytes:
        """Return the first request, with its size."""
        return self._request(HANDSHAKE_VERSION, {"mechanism": self._mechanism.name})

    def take(self, frame: bytes) -> bytes | None:
        """Take an answer and return the next request, None when the login is done.

        Raises LoginError where the broker refuses, WireError for what is no answer.
        """
        if self._api_key is ApiKey.SASL_HANDSHAKE:
            answer = decode_response(frame, self._api_key, HANDSHAKE_VERSION).body
            self._check_handshake(answer)
            self._api_key = ApiKey.SASL_AUTHENTICATE
            return self._authenticate(self._mechanism.first())
        answer = decode_response(frame, self._api_key, AUTHENTICATE_VERSION).body
        self._check_authentication(answer)
        message = self._mechanism.answer(bytes(answer["auth_bytes"]))
        self.lifetime_ms = max(0, answer["session_lifetime_ms"])
        return None if message is None else self._authenticate(message)

    def _check_handshake(self, answer: Body) -> None:
        if answer["error_code"] == ErrorCode.UNSUPPORTED_SASL_MECHANISM:
            offered = ", ".join(answer["mechanisms"]) or "none"
            raise LoginError(
                f"the broker does not take {self._mechanism.name} (it takes: {offered})"
            )
        if answer["error_code"]:
            raise LoginError("this port of the broker takes no SASL")

    def _check_authentication(self, answer: Body) -> None:
        # The broker's own message stays out: nobody knows what it repeats.
        if answer["error_code"] == ErrorCode.SASL_AUTHENTICATION_FAILED:
            raise LoginError("the broker refused the name, the password or the token")
        if answer["error_code"]:
            raise LoginError(f"the broker refused the login with error {answer['error_code']}")

    def _authenticate(self, message: bytes) -> bytes:
        return self._request(AUTHENTICATE_VERSION, {"auth_bytes": message})

    def _request(self, version: int, fields: Body) -> bytes:
        header = RequestHeader(
            api_key=self._api_key,
            api_version=version,
            correlation_id=CORRELATION_ID,
            client_id=CLIENT_ID,
            tags={},
        )
        body = default_body(self._api_key, version, response=False) | fields
        return framed(encode_request(header, body))
