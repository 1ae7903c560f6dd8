"""A case becomes a request of the engine's."""

from __future__ import annotations

import pytest

from gateway.config.bundle_model import Case
from gateway.config.trials_made import trial_of
from gateway.policy.decision import DecisionKind
from gateway.policy.request import host_of
from gateway.policy.window import Moment
from gateway.wire.api_keys import ApiKey


def test_a_case_is_a_whole_request() -> None:
    """With all that rules can look at."""
    case = Case.model_validate_json(
        """{"name": "c", "expect": "deny", "rules": ["r"], "request": {
        "api": "FETCH", "api_version": 12, "listener": "l", "issuer": "i", "subject": "s",
        "groups": ["g"], "client_id": "c", "peer": "10.0.0.1", "topics": ["t"],
        "consumer_groups": ["cg"], "transactional_ids": ["ti"], "numbers": {"bytes": 7},
        "time": {"weekday": "tuesday", "at": "13:30"}}}"""
    )
    trial = trial_of(case)
    request = trial.request

    assert ("c", DecisionKind.DENY, frozenset({"r"})) == (
        trial.name,
        trial.expected,
        trial.rule_ids,
    )
    assert (ApiKey.FETCH, 12, "l", "c") == (
        request.api_key,
        request.api_version,
        request.listener,
        request.client_id,
    )
    assert request.principal is not None
    assert ("i", "s", ("g",)) == (
        request.principal.issuer,
        request.principal.subject,
        request.principal.groups,
    )
    assert "10.0.0.1" == host_of(request.peer)
    assert (frozenset({"t"}), frozenset({"cg"}), frozenset({"ti"})) == (
        request.topics,
        request.consumer_groups,
        request.transactional_ids,
    )
    assert {"bytes": 7} == request.numbers
    assert Moment(1, 13 * 60 + 30) == Moment.of(request.wall_ns)


@pytest.mark.parametrize(("topics", "expected"), [('"any"', None), ("[]", frozenset())])
def test_a_request_may_be_about_any_topic(topics: str, expected: frozenset[str] | None) -> None:
    """Which is another thing than about none."""
    text = f'{{"name": "c", "expect": "deny", "request": {{"api": "FETCH", "topics": {topics}}}}}'
    trial = trial_of(Case.model_validate_json(text))

    assert expected == trial.request.topics
    assert trial.rule_ids is None
