"""An object that could be read in two ways is not read."""

from __future__ import annotations

import pytest

from gateway.identity.strict_json import StrictJsonError, parse_object


def test_an_object_is_read() -> None:
    """As any reader would."""
    assert {"a": [1, {"b": None}]} == parse_object(b'{"a": [1, {"b": null}]}')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is no JSON object"),
        (b'{"a": 1, "a": 1}', "gives a member twice"),
        (b'{"b": {"a": 1, "\\u0061": 2}}', "gives a member twice"),
        (b'{"a": NaN}', "holds a number that is none"),
        (b'{"a": -Infinity}', "holds a number that is none"),
    ],
)
def test_anything_else_is_refused(text: bytes, expected: str) -> None:
    """Also inside."""
    with pytest.raises(StrictJsonError, match=expected):
        parse_object(text)
