"""What is asked, and what a decision is bound to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.approval.asked import Asked, GrantKind, Person, Terms

TERMS = Terms(rule_id="bulk", reviewers=2, reviewer_groups=("security",))
ASKED = Asked(
    asker=Person(issuer="https://id", subject="anna"),
    terms=TERMS,
    api="FETCH",
    topics=("customers", "orders"),
    parameters={"offset": 7, "records": b"batch"},
)
TIME_BOX = replace(ASKED, terms=replace(TERMS, kind=GrantKind.TIME_BOX))

CHANGES: dict[str, object] = {
    "asker": Person(issuer="https://id", subject="ben"),
    "api": "PRODUCE",
    "topics": ("customers",),
    "terms": replace(TERMS, reviewers=1),
}


def test_a_retry_is_the_same_request() -> None:
    """Neither the order of topics nor the connection counts."""
    retry = replace(ASKED, topics=("orders", "customers"), session="2", peer="[::1]:2")

    assert ASKED.digest == retry.digest


@pytest.mark.parametrize("field", CHANGES)
@pytest.mark.parametrize("asked", [ASKED, TIME_BOX], ids=["single", "time_box"])
def test_a_changed_request_is_another(asked: Asked, field: str) -> None:
    """Who asks, what for, about what and under which terms: all of it is bound."""
    assert asked.digest != replace(asked, **{field: CHANGES[field]}).digest  # type: ignore[arg-type] # one field each


@pytest.mark.parametrize("parameters", [{"offset": 8, "records": b"batch"}, {"offset": 7}])
def test_a_single_use_is_bound_to_the_parameters(parameters: dict[str, object]) -> None:
    """Approved is this request with these records."""
    assert ASKED.digest != replace(ASKED, parameters=parameters).digest


def test_a_time_box_is_for_requests_that_differ() -> None:
    """A consumer goes on from offset to offset."""
    assert TIME_BOX.digest == replace(TIME_BOX, parameters={"offset": 8}).digest


def test_any_topic_is_not_no_topic() -> None:
    """None stands for all topics."""
    assert replace(ASKED, topics=None).digest != replace(ASKED, topics=()).digest


def test_somebody_must_agree() -> None:
    """Terms without a reviewer would be no approval."""
    with pytest.raises(ValueError, match="rule bulk: at least one reviewer"):
        replace(TERMS, reviewers=0)
