"""The policy: deny above hold above mask above allow, and the default where no rule speaks."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from gateway.policy import engine
from gateway.policy.api_class import ApiClass
from gateway.policy.condition import Condition
from gateway.policy.decision import Decision, DecisionKind
from gateway.policy.engine import Policy
from gateway.policy.patterns import Patterns
from gateway.policy.rule import Default, Rule
from gateway.policy.selection import Bounds, Principals, Selection
from gateway.wire.api_keys import ApiKey
from tests.gateway.policy.policies import FETCH, Someone, about, names, rule

ALLOW, MASK, HOLD, DENY = DecisionKind
DENIES_DATA = Default(denied=frozenset({ApiClass.DATA}))
DIGEST = bytes(32)


@pytest.mark.parametrize(
    ("effects", "expected", "rule_ids"),
    [
        ([ALLOW], ALLOW, ("allow",)),
        ([ALLOW, MASK], MASK, ("mask",)),
        ([MASK, HOLD, ALLOW], HOLD, ("hold", "mask")),
        ([HOLD, DENY, MASK, ALLOW], DENY, ("deny",)),
    ],
)
def test_the_strictest_effect_stands_in_any_order(
    effects: list[DecisionKind], expected: DecisionKind, rule_ids: tuple[str, ...]
) -> None:
    """Whoever moves a rule to another file or line changes nothing."""
    rules = [rule(str(effect), effect) for effect in effects]

    for order in itertools.permutations(rules):
        decision = Policy(order).decide(FETCH)

        assert expected is decision.kind
        assert rule_ids == tuple(sorted(decision.rule_ids))


def test_all_rules_behind_a_decision_are_named_in_their_order() -> None:
    """Evidence names every rule that spoke."""
    policy = Policy([rule("b"), rule("a", topics=["orders"]), rule("c", topics=["cards"])])

    assert Decision(DENY, ("b", "a")) == policy.decide(FETCH)


def test_masks_come_along_with_what_is_held() -> None:
    """Approved records are masked all the same; of several holds the strictest counts."""
    strict = rule("strict", HOLD)
    assert strict.hold is not None
    strict = replace(strict, hold=replace(strict.hold, reviewers=3))
    decision = Policy([rule("hold", HOLD), strict, rule("m1", MASK), rule("m2", MASK)]).decide(
        FETCH
    )

    assert strict.hold == decision.hold
    assert ["m1", "m2"] == [mask.id for mask in decision.masks]
    assert ("hold", "strict", "m1", "m2") == decision.rule_ids


@pytest.mark.parametrize(
    ("api_key", "defaults", "expected"),
    [
        (ApiKey.FETCH, [], ()),
        (ApiKey.FETCH, [DENIES_DATA], ("default:data",)),
        (ApiKey.DELETE_TOPICS, [DENIES_DATA], ()),
        (ApiKey.DELETE_TOPICS, [Default(denied=frozenset(ApiClass))], ("default:admin",)),
        (ApiKey.FETCH, [Default(listeners=names("other"), denied=frozenset(ApiClass))], ()),
        (ApiKey.FETCH, [Default(), DENIES_DATA], ("default:data",)),
    ],
)
def test_the_default_of_the_listener_holds_where_no_rule_speaks(
    api_key: ApiKey, defaults: list[Default], expected: tuple[str, ...]
) -> None:
    """Of several defaults the strictest; it has a name that no rule can have."""
    decision = Policy([], defaults).decide(replace(FETCH, api_key=api_key))

    assert expected == decision.rule_ids
    assert bool(expected) is decision.is_denial


def test_what_a_rule_allows_the_default_does_not_deny() -> None:
    """A default is for what nobody has thought of."""
    policy = Policy([rule("r", ALLOW, topics=["orders"])], [DENIES_DATA])

    assert Decision(ALLOW, ("r",)) == policy.decide(FETCH)


@pytest.mark.parametrize(
    ("topics", "expected"),
    [({"orders"}, ()), ({"orders", "cards"}, ("default:data",)), (None, ("default:data",))],
)
def test_what_is_allowed_for_one_topic_is_not_for_another(
    topics: set[str] | None, expected: tuple[str, ...]
) -> None:
    """Nor for a request that could be about any topic."""
    policy = Policy([rule("r", ALLOW, topics=["orders"])], [DENIES_DATA])
    request = replace(FETCH, topics=None if topics is None else frozenset(topics))

    assert (expected or ("r",)) == policy.decide(request).rule_ids


@pytest.mark.parametrize("topics", [["*"], None])
def test_what_is_allowed_for_all_topics_is_for_any(topics: list[str] | None) -> None:
    """Said or left out."""
    policy = Policy([rule("r", ALLOW, topics=topics)], [DENIES_DATA])

    assert ("r",) == policy.decide(replace(FETCH, topics=None)).rule_ids


def test_a_request_that_could_be_about_any_topic_falls_under_each_restriction() -> None:
    """Its answer could hold the topic."""
    assert Policy([rule("r", topics=["cards"])]).decide(replace(FETCH, topics=None)).is_denial


@pytest.mark.parametrize(
    ("topics", "denied", "passing"),
    [
        (("orders",), set(), Decision(MASK, ("m",))),
        (("orders", "cards"), {"cards"}, Decision(MASK, ("m",))),
        (("cards",), {"cards"}, Decision(DENY, ("no-cards",))),
        ((), set(), Decision(ALLOW)),
    ],
)
def test_a_request_is_divided_by_its_topics(
    topics: tuple[str, ...], denied: set[str], passing: Decision
) -> None:
    """One topic may be refused while the others pass, by a decision of their own."""
    mask = rule("m", MASK, topics=["orders"])
    division = Policy([rule("no-cards", topics=["cards"]), mask]).divide(about(*topics))

    assert denied == division.denied
    assert (passing.kind, passing.rule_ids) == (division.passing.kind, division.passing.rule_ids)
    assert bool(denied) is division.decision.is_denial


def test_a_request_without_topics_is_denied_as_a_whole() -> None:
    """Nothing of it is left to pass."""
    division = Policy([rule("r")]).divide(about())

    assert Decision(DENY, ("r",)) == division.decision == division.passing
    assert not division.denied


def test_a_condition_without_an_answer_denies_and_says_so() -> None:
    """What was meant is not known, so the most restrictive is taken, whatever the effect."""
    broken = rule("r", ALLOW, condition=Condition("1 / request.records > 0"))
    decision = Policy([broken, rule("m", MASK)]).decide(FETCH)

    assert (DENY, ("r",)) == (decision.kind, decision.rule_ids)
    assert ("r: INVALID_ARGUMENT: divide by zero",) == decision.errors


@pytest.mark.parametrize(("text", "expected"), [("true", DENY), ("false", ALLOW)])
def test_a_condition_must_be_true(text: str, expected: DecisionKind) -> None:
    """Beside all other parts."""
    assert expected is Policy([rule("r", condition=Condition(text))]).decide(FETCH).kind


@pytest.mark.parametrize(("most", "expected"), [(100, DENY), (5, ALLOW)])
def test_parts_that_vary_are_looked_at_with_each_request(most: int, expected: DecisionKind) -> None:
    """Nothing is remembered of them."""
    policy = Policy([rule("r", numbers={"max_bytes": Bounds(above=10)})])

    assert DENY is policy.decide(replace(FETCH, numbers={"max_bytes": 50})).kind
    assert expected is policy.decide(replace(FETCH, numbers={"max_bytes": most})).kind


def test_an_unknown_api_is_denied_by_a_rule_of_the_gateway() -> None:
    """Whatever allows everything else."""
    everything = Rule(id="all", effect=ALLOW, selection=Selection())
    policy = Policy([everything])

    assert policy.speaks_of(9_999)
    assert ("gateway:unknown-api",) == policy.decide(replace(FETCH, api_key=9_999)).rule_ids


def test_nobody_can_be_kept_from_logging_in() -> None:
    """Before that, there is nobody about whom to decide."""
    policy = Policy([Rule(id="all", effect=DENY, selection=Selection())])

    assert not policy.speaks_of(ApiKey.SASL_HANDSHAKE)
    assert ALLOW is policy.decide(replace(FETCH, api_key=ApiKey.API_VERSIONS)).kind


def test_a_policy_speaks_of_what_its_rules_and_defaults_are_about() -> None:
    """Requests of all others need not be looked at."""
    policy = Policy([rule("r")])

    assert [True, False] == [policy.speaks_of(key) for key in (ApiKey.FETCH, ApiKey.PRODUCE)]
    assert Policy([], [DENIES_DATA]).speaks_of(ApiKey.PRODUCE)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, False),
        ({"numbers": {"bytes": Bounds()}}, True),
        ({"condition": Condition("true")}, True),
    ],
)
def test_numbers_are_wanted_where_a_rule_looks_at_them(
    parts: dict[str, Any], *, expected: bool
) -> None:
    """To count records costs time."""
    assert expected is Policy([rule("r", **parts)]).wants_numbers(ApiKey.FETCH)
    assert not Policy([rule("r", **parts)]).wants_numbers(ApiKey.PRODUCE)


def test_every_decision_has_the_digest() -> None:
    """Also one that no rule is behind."""
    policy = Policy([rule("r")], digest=DIGEST)

    assert DIGEST == policy.allowed.bundle_digest
    assert DIGEST == policy.decide(FETCH).bundle_digest
    assert DIGEST == policy.decide(replace(FETCH, api_key=ApiKey.PRODUCE)).bundle_digest


def test_what_is_remembered_of_clients_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names come from strangers; what is forgotten is found again."""
    monkeypatch.setattr(engine, "CLIENTS_MAX", 2)
    policy = Policy([rule("r", topics=["a*"])])

    for client_id in "1234512345":
        assert policy.decide(replace(about("a"), client_id=client_id)).is_denial
        assert len(policy._clients) <= 2


def test_what_is_remembered_of_topics_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the same reason."""
    monkeypatch.setattr(engine, "TOPICS_MAX", 2)
    policy = Policy([rule("r", topics=["a*"])])

    for topic in ["a1", "b1", "a2", "b2", "a1", "b1"]:
        assert topic.startswith("a") is policy.decide(about(topic)).is_denial
        assert all(len(each.by_topic) <= 2 for each in policy._clients.values())


def test_clients_are_told_apart() -> None:
    """What is remembered of one is not true of another."""
    bob = Principals(subjects=Patterns(("bob",)))
    policy = Policy([rule("r", principals=bob)])
    asking = [replace(FETCH, principal=Someone(subject)) for subject in ("bob", "eve")]

    assert [True, False, True] == [
        policy.decide(each).is_denial for each in (asking[0], asking[1], asking[0])
    ]
