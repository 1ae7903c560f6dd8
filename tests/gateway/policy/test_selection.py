"""Every part of a selection must match, and any item of a part may."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from gateway.policy.condition import Condition
from gateway.policy.patterns import Patterns
from gateway.policy.selection import Bounds, Names, Principals, Selection
from gateway.policy.window import Window
from gateway.wire.api_keys import ApiKey
from tests.gateway.policy.policies import FETCH, Someone, names


@pytest.mark.parametrize(
    ("principals", "expected"),
    [
        (Principals(), True),
        (Principals(subjects=Patterns(("ali*",))), True),
        (Principals(subjects=Patterns(("bob",))), False),
        (Principals(issuers=Patterns(("*id.example",))), True),
        (Principals(issuers=Patterns(("scram",))), False),
        (Principals(groups=Patterns(("ops", "analysts"))), True),
        (Principals(groups=Patterns(("ops",))), False),
        (Principals(excluded=Principals(groups=Patterns(("analysts",)))), False),
        (Principals(excluded=Principals(groups=Patterns(("ops",)))), True),
    ],
)
def test_principals_match_by_subject_issuer_and_groups(
    principals: Principals, *, expected: bool
) -> None:
    """All that is given must match, and nothing that is excluded."""
    assert expected is principals.match(Someone())


def test_nobody_is_in_no_group() -> None:
    """And has the empty name."""
    assert not Principals(groups=Patterns(("*",))).match(None)
    assert Principals(subjects=Patterns(("*",))).match(None)


@pytest.mark.parametrize(
    ("chosen", "name", "expected"),
    [
        (names("a*"), "ab", True),
        (names("a*"), "b", False),
        (Names(excluded=Patterns(("a*",))), "ab", False),
        (Names(excluded=Patterns(("a*",))), "b", True),
        (Names(included=Patterns(("a*",)), excluded=Patterns(("ab",))), "ab", False),
    ],
)
def test_names_are_included_less_the_excluded(chosen: Names, name: str, *, expected: bool) -> None:
    """Without included ones, all are."""
    assert expected is chosen.match(name)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (Names(), True),
        (names("*"), True),
        (names("a*"), False),
        (Names(excluded=Patterns(("a",))), False),
    ],
)
def test_all_names_are_chosen_only_where_that_is_plain(chosen: Names, *, expected: bool) -> None:
    """A rule that allows must not reach further than it says."""
    assert expected is chosen.are_all


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), True),
        (Selection(listeners=names("clients")), True),
        (Selection(listeners=names("other")), False),
        (Selection(client_ids=names("app-*")), True),
        (Selection(client_ids=names("other")), False),
        (Selection(peers=(ip_network("10.0.0.0/24"),)), True),
        (Selection(peers=(ip_network("10.0.1.0/24"), ip_network("fd00::/8"))), False),
        (Selection(principals=Principals(subjects=Patterns(("bob",)))), False),
    ],
)
def test_a_client_is_selected_by_what_stays_the_same(
    selection: Selection, *, expected: bool
) -> None:
    """Its listener, its id, where it is, and who it is."""
    assert expected is selection.is_about_client(FETCH)


def test_a_client_without_an_id_has_the_empty_one() -> None:
    """So that only a pattern for it matches."""
    anonymous = replace(FETCH, client_id=None)

    assert Selection(client_ids=names("")).is_about_client(anonymous)
    assert not Selection(client_ids=names("app-*")).is_about_client(anonymous)


@pytest.mark.parametrize(
    ("peer", "network", "expected"),
    [
        ("[fd00::7]:9", "fd00::/8", True),
        ("[fe80::1%eth0]:9", "fe80::/10", True),
        ("10.0.0.7:9", "fd00::/8", False),
        ("?", "0.0.0.0/0", False),
    ],
)
def test_peers_of_both_kinds_are_in_their_networks(
    peer: str, network: str, *, expected: bool
) -> None:
    """A connection that could not be asked is in none."""
    selection = Selection(peers=(ip_network(network),))

    assert expected is selection.is_about_client(replace(FETCH, peer=peer))


@pytest.mark.parametrize(
    ("selection", "topic", "expected"),
    [
        (Selection(), "orders", True),
        (Selection(), None, True),
        (Selection(topics=names("ord*")), "orders", True),
        (Selection(topics=names("cards")), "orders", False),
        (Selection(topics=names("*")), None, False),
    ],
)
def test_a_rule_on_topics_is_about_those(
    selection: Selection, topic: str | None, *, expected: bool
) -> None:
    """And about no request that names none."""
    assert expected is selection.is_about_topic(topic)


@pytest.mark.parametrize(
    ("selection", "api_key", "expected"),
    [
        (Selection(), ApiKey.FETCH, True),
        (Selection(apis=frozenset({int(ApiKey.PRODUCE)})), ApiKey.FETCH, False),
        (Selection(apis=frozenset({int(ApiKey.FETCH)})), ApiKey.FETCH, True),
    ],
)
def test_a_rule_speaks_of_its_apis(
    selection: Selection, api_key: ApiKey, *, expected: bool
) -> None:
    """Without any, of all."""
    assert expected is selection.speaks_of(api_key)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(topics=names("a"), client_ids=names("b")), (False, False)),
        (Selection(numbers={"bytes": Bounds(above=1)}), (True, True)),
        (Selection(condition=Condition("true")), (False, True)),
        (Selection(windows=(Window(),)), (True, False)),
        (Selection(consumer_groups=names("g")), (True, False)),
        (Selection(transactional_ids=names("t")), (True, False)),
    ],
)
def test_a_selection_tells_what_it_looks_at(
    selection: Selection, expected: tuple[bool, bool]
) -> None:
    """At what is another with each request, and at numbers, which cost to find."""
    assert expected == (selection.varies, selection.counts)


@pytest.mark.parametrize(
    ("groups", "wants_all", "expected"),
    [
        (("team-a",), True, True),
        (("team-a", "other"), True, False),
        (("team-a", "other"), False, True),
        (("other",), False, False),
        ((), True, False),
        ((), False, False),
    ],
)
@pytest.mark.parametrize("part", ["consumer_groups", "transactional_ids"])
def test_what_allows_must_match_all_names_and_what_restricts_any(
    part: str, groups: tuple[str, ...], *, wants_all: bool, expected: bool
) -> None:
    """A request that names none is not about such names."""
    selection = Selection(**{part: names("team-*")})  # type: ignore[arg-type] # either part
    request = replace(FETCH, **{part: frozenset(groups)})  # type: ignore[arg-type] # either part

    assert expected is selection.is_about(request, wants_all=wants_all)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (Bounds(above=9), True),
        (Bounds(above=10), False),
        (Bounds(below=11), True),
        (Bounds(below=10), False),
        (Bounds(above=1, below=20), True),
        (Bounds(), True),
    ],
)
def test_numbers_are_strictly_above_and_below(bounds: Bounds, *, expected: bool) -> None:
    """The bound itself is in neither."""
    selection = Selection(numbers={"max_bytes": bounds})

    assert expected is selection.is_about(replace(FETCH, numbers={"max_bytes": 10}), wants_all=True)


def test_a_number_that_a_request_does_not_have_is_zero() -> None:
    """So that a rule about large ones leaves it alone."""
    assert not Selection(numbers={"bytes": Bounds(above=0)}).is_about(FETCH, wants_all=False)


def test_any_window_may_hold() -> None:
    """The epoch was a Thursday."""
    thursday, friday = (Window(weekdays=frozenset({day})) for day in (3, 4))

    assert Selection(windows=(friday, thursday)).is_about(FETCH, wants_all=True)
    assert not Selection(windows=(friday,)).is_about(FETCH, wants_all=True)
