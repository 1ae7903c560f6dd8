"""The digest that binds a decision."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.approval.digest import canonical, digest_of

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)


def _typed(value: object) -> object:
    """Make a value comparable in which True is not 1."""
    if isinstance(value, dict):
        return {key: _typed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_typed(each) for each in value]
    return type(value).__name__, value


@given(VALUES, VALUES)
def test_two_values_are_written_alike_only_if_they_are_equal(one: object, other: object) -> None:
    """No value passes for another."""
    assert (_typed(one) == _typed(other)) == (canonical(one) == canonical(other))


def test_the_order_of_a_mapping_does_not_count() -> None:
    """Fields are known by their names."""
    assert canonical({"a": 1, "b": 2.5}) == canonical({"b": 2.5, "a": 1})


def test_the_digest_is_sha256_of_what_is_written() -> None:
    """Somebody else can make it: the form is written down here."""
    written = b"m%d:%s" % (len(b"s1:ai1:1"), b"s1:ai1:1")

    assert hashlib.sha256(written).hexdigest() == digest_of({"a": 1})


def test_bytes_count_by_their_content() -> None:
    """A view of a frame and a copy of it are the same request."""
    assert canonical(b"abc") == canonical(memoryview(b"abc")) == canonical(bytearray(b"abc"))


def test_nothing_else_has_a_digest() -> None:
    """What has no one form is refused, not guessed."""
    with pytest.raises(TypeError, match="set is nothing"):
        digest_of({1})
