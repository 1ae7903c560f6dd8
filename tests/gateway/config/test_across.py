"""Values that do not go together are found in whatever was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.across import disagreements, is_wildcard

if TYPE_CHECKING:
    from gateway.config.across import Json

KEYS = [
    *("archive", "journal", "listeners", "forbid", "limits", "name", "id", "host", "port", "nodes"),
    *("first_port", "count", "authentication", "type", "users", "apis", "topics"),
    *("journal_bytes_max", "allow_plaintext"),
]
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["plain", "a", "::"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=30,
)


@given(st.dictionaries(st.sampled_from(KEYS), trees))
def test_nothing_that_can_be_written_makes_a_check_fail(tree: dict[str, Json]) -> None:
    """Wrong types are for others to report."""
    for location, message in disagreements(tree):
        assert location
        assert message


def test_nothing_is_wrong_with_nothing() -> None:
    """What is missing is reported as missing."""
    assert [] == list(disagreements({}))


@pytest.mark.parametrize(
    ("host", "expected"),
    [("::", True), ("0:0:0:0:0:0:0:0", True), ("127.0.0.1", False), ("gateway.example", False)],
)
def test_addresses_that_nobody_can_dial_are_known(host: str, *, expected: bool) -> None:
    """A listener on all addresses must say by which one clients reach it."""
    assert expected == is_wildcard(host)
