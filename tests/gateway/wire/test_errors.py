"""Errors: one family, and each says what is wrong and where."""

from __future__ import annotations

import pytest

from gateway.wire.errors import (
    EncodeError,
    LimitError,
    MalformedError,
    UnknownApiError,
    WireError,
)


@pytest.mark.parametrize(
    ("message", "places", "expected"),
    [
        ("", [], "3 bytes too many"),
        ("Metadata response v12", [], "Metadata response v12: 3 bytes too many"),
        ("", ["host"], "host: 3 bytes too many"),
        (
            "Metadata response v12",
            ["host", "[3]", "brokers"],
            "Metadata response v12: brokers[3].host: 3 bytes too many",
        ),
        ("", ["[1]", "[2]", "a", "b"], "b.a[2][1]: 3 bytes too many"),
    ],
)
def test_an_error_tells_the_way_to_what_is_wrong(
    message: str, places: list[str], expected: str
) -> None:
    """Each caller adds the place that it knows, from the inside out."""
    error = WireError("3 bytes too many")
    error.message = message
    for place in places:
        assert error is error.within(place)

    assert expected == str(error)
    assert error.problem == "3 bytes too many"


@pytest.mark.parametrize("kind", [MalformedError, LimitError, EncodeError])
def test_every_kind_is_a_wire_error(kind: type[WireError]) -> None:
    """Who must only not fail catches one class; a new error has no frames and no place yet."""
    error = kind("broken")

    assert isinstance(error, WireError)
    assert (error.problem, error.message, error.path, error.frames) == ("broken", "", "", ())


@pytest.mark.parametrize("correlation_id", [None, 7])
def test_an_unknown_api_says_which_it_was(correlation_id: int | None) -> None:
    """The key, the version, and where it was read the correlation id are there for an answer."""
    error = UnknownApiError(99, 4, correlation_id)

    assert isinstance(error, WireError)
    assert correlation_id == error.correlation_id
    assert (error.api_key, error.api_version) == (99, 4)
    assert str(error) == "API key 99 version 4 is not in the message table"
