"""Claims are found by their names or by paths."""

from __future__ import annotations

import pytest

from gateway.identity.claim_path import look_up, parse_claim_path

CLAIMS: dict[str, object] = {
    "groups": ["a"],
    "https://org.example/groups": ["b"],
    "realm_access": {"roles": ["c"], "odd name": {"x": "d"}},
    "text": "e",
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("groups", ["a"]),
        ("https://org.example/groups", ["b"]),
        ("$.groups", ["a"]),
        ("$.realm_access.roles", ["c"]),
        ("$['realm_access']['odd name'].x", "d"),
        ("$.realm_access.none", None),
        ("$.text.inside", None),
        ("absent", None),
    ],
)
def test_a_path_leads_to_a_claim_or_to_nothing(path: str, expected: object) -> None:
    """A name may have dots; a path has a $ before them."""
    assert expected == look_up(CLAIMS, parse_claim_path(path))


@pytest.mark.parametrize("text", ["$", "$groups", "$.", "$..a", "$.a[0]", "$.a[*]", "$['a'"])
def test_what_is_no_path_is_refused(text: str) -> None:
    """Rather than never to be found."""
    with pytest.raises(ValueError, match="is no path like"):
        parse_claim_path(text)
