"""The errors of the wire layer, each kind telling who must act.

WireError
  MalformedError     the peer: its bytes do not follow the protocol
  LimitError         the peer or the operator: the bytes go beyond a limit of ours
  UnknownApiError    the peer: its API or version is not in the message table
  EncodeError        we: a value does not fit the message it was put into
"""

from __future__ import annotations

from typing import Self


class WireError(Exception):
    """Something on the wire, or meant for it, is wrong; the text says what and where."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.message = ""
        """Which message is meant, such as `Metadata response v12`; empty where none is known."""
        self.path = ""
        """Where in the message, such as `topics[3].partitions[0].leader_id`."""
        self.frames: tuple[bytes, ...] = ()
        """Whole frames that `FrameBuffer.feed` had cut before the error: still to be served."""

    def within(self, place: str) -> Self:
        """Note that the error lies inside `place`, for a caller that knows more of where it is."""
        separator = "." if self.path and not self.path.startswith("[") else ""
        self.path = f"{place}{separator}{self.path}"
        return self

    def __str__(self) -> str:
        return ": ".join(part for part in (self.message, self.path, self.problem) if part)


class MalformedError(WireError):
    """The peer's bytes do not follow the protocol."""


class LimitError(WireError):
    """The peer's bytes go beyond a limit of ours."""


class UnknownApiError(WireError):
    """The API, or this version of it, is not in the message table."""

    def __init__(self, api_key: int, api_version: int, correlation_id: int | None = None) -> None:
        super().__init__(f"API key {api_key} version {api_version} is not in the message table")
        self.api_key = api_key
        self.api_version = api_version
        self.correlation_id = correlation_id
        """The request's correlation id where one was read: a too new ApiVersions request is
        answered all the same."""


class EncodeError(WireError):
    """A value of ours does not fit the message it was put into."""
