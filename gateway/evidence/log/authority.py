"""Timestamps by an authority that neither recorder nor witness is: RFC 3161.

A module of its own, for it needs a library that only those need who want timestamps.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography.x509 import load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.tsp import PKIStatus

from gateway.evidence.errors import ProofError
from gateway.evidence.log.der import with_ordered_certificates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampRequest, TimeStampResponse

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_REASON: Final = re.compile(r'reason: "([^"]*)"(?:[^}]*data: "(?:Verify error: )?([^"]*)")?')


class Authority:
    """What an auditor trusts to tell the time: the certificates that a chain may end in."""

    def __init__(self, roots: Sequence[Certificate]) -> None:
        self._verifier = VerifierBuilder(roots=list(roots)).build()

    def check(self, reply: bytes, content: bytes) -> int:
        """Return by when the content existed, in nanoseconds since 1970 UTC.

        That is the time in the timestamp and as much later as the authority says that it may be
        wrong; the chain must have been good then. Raises ProofError when the timestamp is none, is
        about other bytes, or is not signed by somebody whom this authority vouches for.
        """
        response = _decode(reply)
        try:
            self._verifier.verify_message(response, content)
        except (VerificationError, ValueError) as error:
            raise ProofError(f"the timestamp is not good: {_reason(error)}") from error
        return _latest(response) // _MICROSECOND * 1000


def load_authority(paths: Sequence[Path]) -> Authority:
    """Return the authority whose certificates lie in PEM files; raises ProofError and OSError."""
    roots: list[Certificate] = []
    for path in paths:
        try:
            roots += load_pem_x509_certificates(path.read_bytes())
        except ValueError as error:
            raise ProofError(f"{path} holds no certificates in PEM: {error}") from error
    return Authority(roots)


def ask_for(content: bytes) -> TimeStampRequest:
    """Return what is sent to an authority for a timestamp of the content."""
    return TimestampRequestBuilder(content, HashAlgorithm.SHA256).build()


def check_reply(request: TimeStampRequest, reply: bytes, content: bytes) -> None:
    """Raise ProofError unless a reply grants what was asked for.

    Who signed it is left to whoever verifies: the recorder need not know whom they will trust.
    """
    response = _decode(reply)
    if response.status != PKIStatus.GRANTED:
        told = "; ".join(response.status_string) or "no reason is given"
        raise ProofError(f"the authority did not grant a timestamp ({response.status}): {told}")
    try:
        info = response.tst_info
        nonce, digest = info.nonce, info.message_imprint.message
    except ValueError as error:
        raise ProofError(f"this grants a timestamp and holds none: {error}") from error
    if nonce != request.nonce:
        raise ProofError("the timestamp is the answer to another request")
    if digest != hashlib.sha256(content).digest():
        raise ProofError("the timestamp is about something else")


def _decode(reply: bytes) -> TimeStampResponse:
    try:
        return decode_timestamp_response(with_ordered_certificates(reply))
    except ValueError as error:
        raise ProofError(f"this is no timestamp: {error}") from error


def _reason(error: Exception) -> str:
    """Return what OpenSSL says last, from what the library makes of its whole stack of errors."""
    found = _REASON.findall(str(error))
    return ": ".join(filter(None, found[-1])) if found else str(error)


def _latest(response: TimeStampResponse) -> timedelta:
    latest = response.tst_info.gen_time - _EPOCH
    # Most authorities leave it out, whatever its type says.
    accuracy = getattr(response.tst_info, "accuracy", None)
    if accuracy is not None:
        latest += timedelta(
            seconds=accuracy.seconds or 0,
            milliseconds=accuracy.millis or 0,
            microseconds=accuracy.micros or 0,
        )
    return latest
