"""Every key of a written rule becomes its part of the engine's rule."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.config.bundle_load import load_bundle
from gateway.policy.decision import DecisionKind
from gateway.policy.hold_rule import Grant, GrantKind, HoldRule
from gateway.policy.mask_rule import (
    MaskField,
    MaskFormat,
    MaskMethod,
    MaskRule,
    OnUndecodable,
    RecordPart,
)
from gateway.policy.patterns import Patterns
from gateway.policy.selection import Names
from gateway.wire.api_keys import ApiKey
from tests.gateway.config.bundles import write_bundle
from tests.gateway.policy.policies import FETCH

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.policy.engine import Policy


def _policy(folder: Path, rule: str) -> Policy:
    return load_bundle(write_bundle(folder, a=f"rules: [{{id: r, {rule}}}]")).policy


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("apis: [FETCH]", True),
        ("apis: [PRODUCE]", False),
        ("listeners: [clients]", True),
        ("listeners: [other]", False),
        ("principals: {subjects: [alice], groups: [analysts]}", True),
        ("principals: {issuers: [other]}", False),
        ("principals: {groups: ['*'], except: {subjects: [alice]}}", False),
        ("client_ids: [app-*]", True),
        ("peers: [10.0.0.0/24]", True),
        ("peers: [10.0.1.0/24]", False),
        ("topics: [orders]", True),
        ("topics: ['*'], except: {topics: [orders]}", False),
        ("except: {topics: [cards]}", True),
        ("consumer_groups: [g]", False),
        ("numbers: {max_bytes: {above: 10}}", True),
        ("numbers: {max_bytes: {below: 10}}", False),
        ("times: [{weekdays: [thursday]}]", True),
        ("times: [{from: '00:01'}]", False),
        ("times: [{to: '00:01'}]", True),
        ("when: request.max_bytes == 50", True),
    ],
)
def test_parts_mean_what_they_say(tmp_path: Path, rule: str, *, expected: bool) -> None:
    """Each alone, at the epoch: a Thursday, at midnight."""
    request = replace(FETCH, numbers={"max_bytes": 50})

    assert expected is _policy(tmp_path, f"effect: deny, {rule}").decide(request).is_denial


def test_a_mask_is_made_with_all_its_fields(tmp_path: Path) -> None:
    """As the masking package takes it."""
    (rule,) = _policy(
        tmp_path,
        "effect: mask, apis: [FETCH, PRODUCE], topics: [pay*], except: {topics: [payroll]}, "
        "format: json, on_undecodable: block, fields: ["
        "{path: $.card, method: partial, keep_last: 4, keep_first: 2}, "
        "{tag: PII, method: pseudonym, key: customers}, "
        "{part: header, name: x-email, method: token, key: v}, "
        "{part: key, method: redact, allow_key: true}]",
    ).rules

    assert rule.mask == MaskRule(
        id="r",
        apis=frozenset({int(ApiKey.FETCH), int(ApiKey.PRODUCE)}),
        topics=Names(included=Patterns(("pay*",)), excluded=Patterns(("payroll",))),
        format=MaskFormat.JSON,
        on_undecodable=OnUndecodable.BLOCK,
        fields=(
            MaskField(method=MaskMethod.PARTIAL, path="$.card", keep_last=4, keep_first=2),
            MaskField(method=MaskMethod.PSEUDONYM, tag="PII", key="customers"),
            MaskField(method=MaskMethod.TOKEN, part=RecordPart.HEADER, name="x-email", key="v"),
            MaskField(method=MaskMethod.REDACT, part=RecordPart.KEY, allow_key=True),
        ),
    )


def test_a_mask_without_topics_is_about_all(tmp_path: Path) -> None:
    """Nothing is left out by leaving it out."""
    (rule,) = _policy(tmp_path, "effect: mask, apis: [FETCH], fields: [{method: redact}]").rules

    assert rule.mask is not None
    assert rule.mask.speaks_of(ApiKey.FETCH, "orders")


def test_a_hold_is_made_with_its_grant(tmp_path: Path) -> None:
    """As approvals take it."""
    grant = "{kind: time_box, minutes: 60, records_max: 5, bytes_max: 6}"
    (rule,) = _policy(
        tmp_path,
        "effect: hold, apis: [FETCH], "
        f"approval: {{reviewers: 2, groups: [security], wait_seconds: 7, grant: {grant}}}",
    ).rules

    assert DecisionKind.HOLD is rule.effect
    assert rule.hold == HoldRule(
        id="r",
        reviewers=2,
        groups=("security",),
        wait_seconds=7,
        grant=Grant(kind=GrantKind.TIME_BOX, minutes=60, records_max=5, bytes_max=6),
    )
