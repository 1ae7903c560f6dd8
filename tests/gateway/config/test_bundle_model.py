"""What a rule may say is checked when it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.config.bundle_load import BundleError, load_bundle
from gateway.policy.mask_rule import MaskMethod
from tests.gateway.config.bundles import write_bundle

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("apis: [FETSH]", "no API is called 'FETSH'"),
        ("apis: [SASL_HANDSHAKE]", "SASL_HANDSHAKE cannot be in a rule"),
        ("apis: [CREATE_DELEGATION_TOKEN]", "CREATE_DELEGATION_TOKEN cannot be in a rule"),
        ("topics: ['regex:(']", "is no regular expression of RE2"),
        ("topics: []", "at least 1 item"),
        ("peers: [10.0.0.1/8]", "has host bits set"),
        ("peers: [nowhere]", "does not appear to be an IPv4 or IPv6 network"),
        ("when: request.byts > 1", "undeclared reference to 'request.byts'"),
        ("numbers: {byte: {above: 1}}", "no number is called 'byte'"),
        ("numbers: {bytes: {above: -1}}", "greater than or equal to 0"),
        ("times: [{from: '8:00'}]", "should match pattern"),
        ("times: [{weekdays: [sun]}]", "Input should be 'monday'"),
        ("fields: [{path: $.a, method: redact}]", "a rule has them if its effect is mask"),
        ("approval: {reviewers: 1}", "a rule has it if its effect is hold"),
        ("apis: [LIST_GROUPS], topics: [a]", "LIST_GROUPS names no topics"),
        ("apis: [FETCH], consumer_groups: [a]", "FETCH names no consumer_groups"),
        ("apis: [FETCH], transactional_ids: [a]", "FETCH names no transactional_ids"),
    ],
)
def test_a_rule_that_could_not_hold_is_refused(tmp_path: Path, rule: str, expected: str) -> None:
    """Its author would think that it does."""
    with pytest.raises(BundleError) as refused:
        load_bundle(write_bundle(tmp_path, a=f"rules: [{{id: r, effect: deny, {rule}}}]"))

    assert expected in str(refused.value)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("effect: mask, apis: [FETCH]", "a rule has them if its effect is mask"),
        ("effect: mask, fields: [{method: redact}]", "a mask is about records"),
        ("effect: mask, apis: [JOIN_GROUP], fields: [{method: redact}]", "a mask is about records"),
        ("effect: hold, apis: [FETCH]", "a rule has it if its effect is hold"),
        ("effect: hold, approval: {}", "a hold names its apis"),
        ("effect: hold, apis: [METADATA], approval: {}", "clients cannot wait"),
        ("effect: hold, apis: [FETCH], approval: {wait_seconds: 26}", "less than or equal to 25"),
        ("effect: mask, apis: [FETCH], fields: [{method: hide}]", "Input should be 'redact'"),
    ],
)
def test_an_effect_has_what_it_needs(tmp_path: Path, rule: str, expected: str) -> None:
    """And nothing that another effect needs."""
    with pytest.raises(BundleError) as refused:
        load_bundle(write_bundle(tmp_path, a=f"rules: [{{id: r, {rule}}}]"))

    assert expected in str(refused.value)


@pytest.mark.parametrize("written", ["null", "'null'"])
def test_a_bare_null_is_the_method_of_that_name(tmp_path: Path, written: str) -> None:
    """YAML reads it as nothing."""
    text = f"rules: [{{id: r, effect: mask, apis: [FETCH], fields: [{{method: {written}}}]}}]"
    (rule,) = load_bundle(write_bundle(tmp_path, a=text)).policy.rules

    assert rule.mask is not None
    assert [MaskMethod.NULL] == [field.method for field in rule.mask.fields]
