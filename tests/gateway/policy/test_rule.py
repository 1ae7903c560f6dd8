"""A rule has what its effect needs, and a default is about some listeners."""

from __future__ import annotations

import pytest

from gateway.policy.api_class import ApiClass
from gateway.policy.decision import DecisionKind
from gateway.policy.rule import Default, Rule
from gateway.policy.selection import Selection
from tests.gateway.policy.policies import names


@pytest.mark.parametrize("effect", [DecisionKind.MASK, DecisionKind.HOLD])
def test_a_mask_and_a_hold_say_more(effect: DecisionKind) -> None:
    """Without it they could not be carried out."""
    with pytest.raises(AssertionError, match="says"):
        Rule(id="r", effect=effect, selection=Selection())


@pytest.mark.parametrize(
    ("default", "listener", "expected"),
    [
        (Default(), "any", True),
        (Default(listeners=names("ext*")), "external", True),
        (Default(listeners=names("ext*")), "internal", False),
    ],
)
def test_a_default_is_about_its_listeners(
    default: Default, listener: str, *, expected: bool
) -> None:
    """Or all."""
    assert expected is default.is_about(listener)


def test_a_default_denies_classes_of_apis() -> None:
    """Those that it names."""
    default = Default(denied=frozenset({ApiClass.ADMIN}))

    assert [False, True] == [default.denies(each) for each in (ApiClass.DATA, ApiClass.ADMIN)]
