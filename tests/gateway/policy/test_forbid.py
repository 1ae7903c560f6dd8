"""Forbid rules match by API, topic and principal."""

from __future__ import annotations

import pytest

from gateway.policy.forbid import ForbidRule, forbidden_by
from gateway.wire.api_keys import ApiKey

CARDS = ForbidRule(
    id="no-cards",
    apis=frozenset({ApiKey.FETCH}),
    topics=("cards*", "*.pan"),
    principals=("intruder", "temp-*"),
)
NO_DELETES = ForbidRule(id="no-deletes", apis=frozenset({ApiKey.DELETE_TOPICS}))


@pytest.mark.parametrize("topics", [["cards"], ["orders", "cards.eu"], ["eu.pan"], None])
def test_any_matching_topic_is_enough(topics: list[str] | None) -> None:
    """One forbidden topic among several matches, and so does a request for all topics."""
    assert ("no-cards",) == forbidden_by([CARDS, NO_DELETES], ApiKey.FETCH, "intruder", topics)


@pytest.mark.parametrize(
    ("api_key", "subject", "topics"),
    [
        (ApiKey.PRODUCE, "intruder", ["cards"]),
        (ApiKey.FETCH, "alice", ["cards"]),
        (ApiKey.FETCH, "intruder", ["Cards", "orders"]),
        (ApiKey.FETCH, "intruder", []),
        (ApiKey.FETCH, None, ["cards"]),
    ],
    ids=["api", "principal", "case-sensitive", "no-topic", "nobody"],
)
def test_a_difference_in_any_part_does_not_match(
    api_key: ApiKey, subject: str | None, topics: list[str]
) -> None:
    """All parts that a rule names must match."""
    assert () == forbidden_by([CARDS], api_key, subject, topics)


def test_parts_left_out_match_everything() -> None:
    """A rule with APIs alone is about everybody and everything, nobody's name included."""
    assert ("no-deletes",) == forbidden_by([NO_DELETES], ApiKey.DELETE_TOPICS, None, ["orders"])


def test_all_matching_rules_are_named_in_their_order() -> None:
    """Evidence names every rule that spoke."""
    again = ForbidRule(id="again", apis=frozenset({ApiKey.FETCH}), topics=("cards",))

    assert ("no-cards", "again") == forbidden_by(
        [CARDS, again], ApiKey.FETCH, "temp-7", iter(["cards"])
    )
