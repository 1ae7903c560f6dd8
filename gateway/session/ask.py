"""What people are asked about a request that a rule holds, and what its client is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.apis.access import numbers
from gateway.apis.asked import parameters
from gateway.apis.error_codes import ErrorCode
from gateway.apis.refusal import retriable_error
from gateway.apis.touches import touched
from gateway.approval.asked import Asked, GrantKind, Person, Terms
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from gateway.apis.recording import Recording
    from gateway.apis.topics import TopicDirectory
    from gateway.policy.hold_rule import HoldRule
    from gateway.session.pipeline import Exchange
    from gateway.session.stamp import Stamp
    from gateway.wire.readers import Body

MINUTES = 60
"""How long an approval can be used where its rule does not say."""

_MOVES_RECORDS = frozenset(
    {ApiKey.PRODUCE, ApiKey.FETCH, ApiKey.SHARE_FETCH, ApiKey.SHARE_ACKNOWLEDGE}
)


def terms_of(rule: HoldRule) -> Terms:
    """Give the terms of a rule."""
    grant = rule.grant
    return Terms(
        rule_id=rule.id,
        reviewers=rule.reviewers,
        reviewer_groups=rule.groups,
        wait_seconds=rule.wait_seconds,
        kind=GrantKind(grant.kind.value),
        minutes=grant.minutes or MINUTES,
        records_max=grant.records_max,
        bytes_max=grant.bytes_max,
    )


def waiting_error(api_key: int) -> ErrorCode:
    """Give the error after which a client comes again, or its user is told what it waits for.

    Who moves records tries again by itself. Who administers would do so many times a second, or
    not at all: there the message counts, and POLICY_VIOLATION shows it.
    """
    error = retriable_error(api_key)
    assert error is not None, "a rule holds what can be refused"
    if error is ErrorCode.KAFKA_STORAGE_ERROR and api_key not in _MOVES_RECORDS:
        return ErrorCode.POLICY_VIOLATION
    return error


def ask_about(
    exchange: Exchange, body: Body, recording: Recording, stamp: Stamp, topics: TopicDirectory
) -> Asked:
    """Say what people are asked about a request that a rule holds."""
    api_key, rule = exchange.header.api_key, exchange.decision.hold
    assert rule is not None, "what is held is held by a rule"
    assert stamp.principal is not None, "who is not known asks for nothing"
    names = touched(api_key, body, topics).names
    sent = numbers(api_key, body) if api_key == ApiKey.PRODUCE else None
    return Asked(
        asker=Person(issuer=stamp.principal.issuer, subject=stamp.principal.subject),
        groups=stamp.principal.groups,
        terms=terms_of(rule),
        api=ApiKey(api_key).name,
        topics=None if names is None else tuple(sorted(names)),
        parameters=parameters(api_key, body),
        client_id=exchange.header.client_id,
        peer=stamp.peer,
        listener=stamp.listener,
        shown=recording.asked,
        sent=None if sent is None else (sent["records"], sent["bytes"]),
    )
