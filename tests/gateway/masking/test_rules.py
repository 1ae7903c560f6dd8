"""Mask rules become plans, or are refused with what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.masking.counts import Counts
from gateway.masking.errors import MaskError
from gateway.masking.keys import Key
from gateway.masking.plan import Undecodable
from gateway.masking.rules import PLANS_MAX, Plans
from gateway.policy.decision import DecisionKind
from gateway.policy.mask_rule import (
    MaskField,
    MaskFormat,
    MaskMethod,
    MaskRule,
    OnUndecodable,
    RecordPart,
)
from gateway.wire.api_keys import ApiKey
from tests.gateway.policy.policies import rule

KEYS = {"customers": (Key("customers", 1, bytes(32)), Key("customers", 2, bytes(32)))}
REDACT = MaskField(method=MaskMethod.REDACT, path="$.a")


def _rule(
    *fields: MaskField,
    rule_id: str = "r",
    taken_for: MaskFormat = MaskFormat.AUTO,
    way: OnUndecodable | None = None,
) -> MaskRule:
    return MaskRule(
        id=rule_id, apis=frozenset(), fields=fields, format=taken_for, on_undecodable=way
    )


def test_every_method_is_known() -> None:
    """Each replaces its own field; pseudonyms are made with the newest key."""
    fields = (
        REDACT,
        MaskField(method=MaskMethod.NULL, path="$.b"),
        MaskField(method=MaskMethod.PARTIAL, path="$.c", keep_first=1, keep_last=2),
        MaskField(method=MaskMethod.PSEUDONYM, path="$.d", key="customers"),
    )
    plan = Plans(KEYS).plan((_rule(*fields),), ApiKey.FETCH)

    assert plan.value is not None
    masked = plan.value.mask(b'{"a":1,"b":2,"c":"1234567","d":"x"}', Counts())
    assert b'{"a":0,"b":null,"c":"1****67","d":"p2-7l3laurjshuddu6mpa72xyj3"}' == masked


def test_parts_without_a_path_are_texts() -> None:
    """A header or a key is rarely JSON; a value is, unless the rule says text."""
    fields = (
        MaskField(method=MaskMethod.REDACT, part=RecordPart.HEADER, name="h"),
        MaskField(method=MaskMethod.REDACT, part=RecordPart.KEY, allow_key=True),
        MaskField(method=MaskMethod.REDACT),
    )
    plan = Plans().plan((_rule(*fields),), ApiKey.FETCH)
    as_text = Plans().plan((_rule(fields[2], taken_for=MaskFormat.TEXT),), ApiKey.FETCH)

    assert plan.value is not None
    assert plan.key is not None
    assert as_text.value is not None
    assert b"[redacted]" == plan.headers[b"h"].mask(b"x", Counts())
    assert b"[redacted]" == plan.key.mask(b"customer-1", Counts())
    assert b'"[redacted]"' == plan.value.mask(b'"x"', Counts())
    assert b"[redacted]" == as_text.value.mask(b"x", Counts())


@pytest.mark.parametrize(
    ("expected", "api_key", "ways"),
    [
        (Undecodable.REDACT_WHOLE, ApiKey.FETCH, [None]),
        (Undecodable.REDACT_WHOLE, ApiKey.SHARE_FETCH, [None]),
        (Undecodable.BLOCK, ApiKey.PRODUCE, [None]),
        (Undecodable.PASS_RECORDED, ApiKey.PRODUCE, [OnUndecodable.PASS_RECORDED]),
        (Undecodable.REDACT_WHOLE, ApiKey.FETCH, [OnUndecodable.PASS_RECORDED, None]),
        (Undecodable.BLOCK, ApiKey.FETCH, [OnUndecodable.BLOCK, OnUndecodable.REDACT_WHOLE]),
    ],
)
def test_what_cannot_be_read_goes_by_direction_and_rule(
    expected: Undecodable, api_key: ApiKey, ways: list[OnUndecodable | None]
) -> None:
    """A producer is told, a reader gets nothing in clear; of several rules the strictest holds."""
    rules = tuple(_rule(REDACT, way=way) for way in ways)

    assert expected is Plans().plan(rules, api_key).on_undecodable


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (_rule(MaskField(method=MaskMethod.PSEUDONYM, path="$.a", key="k")), "no key is called"),
        (_rule(MaskField(method=MaskMethod.PSEUDONYM, path="$.a")), "no key is called"),
        (_rule(MaskField(method=MaskMethod.TOKEN, path="$.a")), "use pseudonym"),
        (_rule(MaskField(method=MaskMethod.REDACT, tag="PII")), "schema registry"),
        (_rule(REDACT, taken_for=MaskFormat.AVRO), "schema registry"),
        (_rule(MaskField(method=MaskMethod.REDACT, part=RecordPart.KEY)), "allow_key: true"),
        (_rule(MaskField(method=MaskMethod.REDACT, part=RecordPart.HEADER)), "by its `name`"),
        (_rule(MaskField(method=MaskMethod.REDACT, name="h")), "by its `name`"),
        (_rule(MaskField(method=MaskMethod.REDACT, path="a")), "does not begin"),
    ],
)
def test_what_cannot_be_done_is_refused(written: MaskRule, message: str) -> None:
    """A rule that masks nothing would look like one that does."""
    with pytest.raises(MaskError, match=message):
        Plans(KEYS).plan((written,), ApiKey.FETCH)


def test_plans_are_compiled_once_and_not_kept_for_ever() -> None:
    """A reload of the policy brings other rules, again and again."""
    plans = Plans()
    first = plans.plan((_rule(REDACT),), ApiKey.FETCH)

    assert first is plans.plan((_rule(REDACT),), ApiKey.FETCH)
    for number in range(PLANS_MAX):
        plans.plan((_rule(REDACT, rule_id=f"r{number}"),), ApiKey.FETCH)
    assert first is not plans.plan((_rule(REDACT),), ApiKey.FETCH)


def test_a_policy_is_looked_through_when_it_is_loaded() -> None:
    """Every mask in it, for every API that it is about; rules that mask nothing are no matter."""
    good, bad = rule("m", DecisionKind.MASK), rule("n", DecisionKind.MASK)
    assert bad.mask is not None
    broken = replace(bad, mask=replace(bad.mask, fields=(MaskField(method=MaskMethod.TOKEN),)))
    Plans().check([good, rule("d")])

    with pytest.raises(MaskError, match="use pseudonym"):
        Plans().check([good, broken])
