"""Trials of the engine, made of the cases in a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.config.rules_made import minute_of
from gateway.identity.principal import Principal
from gateway.policy.decision import DecisionKind
from gateway.policy.request import AccessRequest
from gateway.policy.trial import Trial
from gateway.policy.window import DAYS, MINUTES_PER_DAY
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from gateway.config.bundle_model import Case, CaseRequest, CaseTime

_MINUTE_NS = 60_000_000_000
# A Monday.
_FIRST_DAY = 4


def trial_of(case: Case) -> Trial:
    """Make a trial."""
    return Trial(
        name=case.name,
        request=_request(case.request),
        expected=DecisionKind(case.expect),
        rule_ids=None if case.rules is None else frozenset(case.rules),
    )


def _request(written: CaseRequest) -> AccessRequest:
    topics = written.topics
    return AccessRequest(
        api_key=ApiKey[written.api],
        api_version=written.api_version,
        listener=written.listener,
        principal=Principal(issuer=written.issuer, subject=written.subject, groups=written.groups),
        client_id=written.client_id,
        peer=f"{written.peer}:0",
        topics=None if topics == "any" else frozenset(topics),
        consumer_groups=frozenset(written.consumer_groups),
        transactional_ids=frozenset(written.transactional_ids),
        numbers=written.numbers,
        wall_ns=_wall_ns(written.time),
    )


def _wall_ns(time: CaseTime) -> int:
    day = _FIRST_DAY + DAYS.index(time.weekday)
    return (day * MINUTES_PER_DAY + minute_of(time.at)) * _MINUTE_NS
