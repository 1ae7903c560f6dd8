"""What people are asked about a held request."""

from __future__ import annotations

import pytest

from gateway.apis.error_codes import ErrorCode
from gateway.approval.asked import GrantKind
from gateway.policy.hold_rule import Grant, HoldRule
from gateway.policy.hold_rule import GrantKind as RuleGrantKind
from gateway.session.ask import terms_of, waiting_error
from gateway.session.effects import AskApproval
from gateway.session.signals import ClientBytes
from gateway.wire.api_keys import ApiKey
from tests.gateway.session.conversation import fetch, produce
from tests.gateway.session.held import holding


def _asked(request: bytes) -> AskApproval:
    effect = (holding() >> ClientBytes(request)).take()

    assert isinstance(effect, AskApproval)
    return effect


def test_people_read_who_asks_for_what_under_which_rule() -> None:
    """With the topics by name, and the request as the evidence shows it."""
    asked = _asked(fetch(offset=7)).asked

    assert ("none", "ANONYMOUS", "FETCH", ("orders",)) == (
        asked.asker.issuer,
        asked.asker.subject,
        asked.api,
        asked.topics,
    )
    assert ("bulk", 2, ("security",), "clients") == (
        asked.terms.rule_id,
        asked.terms.reviewers,
        asked.terms.reviewer_groups,
        asked.listener,
    )
    assert asked.sent is None
    assert asked.shown


def test_what_is_produced_is_counted_with_the_request() -> None:
    """Its records are here already; a grant is charged before they go on."""
    sent = _asked(produce()).asked.sent

    assert sent is not None
    assert 3 == sent[0]
    assert sent[1] > 3


def test_a_retry_has_the_same_digest_and_another_request_another() -> None:
    """The decision is found again, and for nothing else."""
    first, retry, other = (
        _asked(fetch(correlation_id=1)).asked.digest,
        _asked(fetch(correlation_id=9, session_epoch=-1, max_wait_ms=7)).asked.digest,
        _asked(fetch(offset=1)).asked.digest,
    )

    assert first == retry
    assert first != other
    assert _asked(produce()).asked.digest != _asked(produce(acks=1)).asked.digest


def test_a_rule_that_names_no_minutes_grants_an_hour() -> None:
    """All else is the rule's own."""
    grant = Grant(kind=RuleGrantKind.TIME_BOX, records_max=5, bytes_max=6)
    terms = terms_of(HoldRule(id="bulk", reviewers=1, wait_seconds=3, grant=grant))

    assert (GrantKind.TIME_BOX, 60, 5, 6, 3) == (
        terms.kind,
        terms.minutes,
        terms.records_max,
        terms.bytes_max,
        terms.wait_seconds,
    )


@pytest.mark.parametrize(
    ("error", "api_key"),
    [
        (ErrorCode.KAFKA_STORAGE_ERROR, ApiKey.FETCH),
        (ErrorCode.KAFKA_STORAGE_ERROR, ApiKey.PRODUCE),
        (ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, ApiKey.JOIN_GROUP),
        (ErrorCode.POLICY_VIOLATION, ApiKey.DELETE_TOPICS),
        (ErrorCode.POLICY_VIOLATION, ApiKey.CREATE_ACLS),
    ],
)
def test_who_waits_is_told_in_the_way_of_its_api(error: ErrorCode, api_key: ApiKey) -> None:
    """Records are tried again by the client, administration by its user."""
    assert error == waiting_error(api_key)
