"""Mask rules of a policy, made plans; each combination of rules is compiled once."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from gateway.masking.errors import MaskError
from gateway.masking.methods import Method, Null, Partial, Pseudonym, Redact
from gateway.masking.plan import Mask, Plan, Undecodable, compile_plan
from gateway.policy.mask_rule import MaskFormat, MaskMethod, OnUndecodable, RecordPart
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway.masking.keys import Key
    from gateway.policy.mask_rule import MaskField, MaskRule
    from gateway.policy.rule import Rule

PLANS_MAX: Final = 1_024
"""Combinations of rules that are remembered; what is forgotten is only compiled again."""

FORMATS: Final = frozenset({MaskFormat.AUTO, MaskFormat.JSON, MaskFormat.TEXT})

_WAYS: Final = {
    OnUndecodable.BLOCK: Undecodable.BLOCK,
    OnUndecodable.REDACT_WHOLE: Undecodable.REDACT_WHOLE,
    OnUndecodable.PASS_RECORDED: Undecodable.PASS_RECORDED,
}


class Plans:
    """The plans of a gateway, which knows these keys by name."""

    __slots__ = ("_keys", "_plans")

    def __init__(self, keys: Mapping[str, tuple[Key, ...]] = MappingProxyType({})) -> None:
        self._keys = keys
        self._plans: dict[tuple[bool, tuple[MaskRule, ...]], Plan] = {}

    def plan(self, rules: tuple[MaskRule, ...], api_key: int) -> Plan:
        """Give the plan of all rules on one topic; raises MaskError for what cannot be done."""
        is_produced = api_key == ApiKey.PRODUCE
        found = self._plans.get((is_produced, rules))
        if found is None:
            found = self._compile(rules, is_produced=is_produced)
            if len(self._plans) >= PLANS_MAX:
                self._plans.clear()
            self._plans[is_produced, rules] = found
        return found

    def check(self, rules: Iterable[Rule]) -> None:
        """See to it that every mask of a policy can be carried out; raises MaskError."""
        for rule in rules:
            if rule.mask is not None:
                for api_key in rule.mask.apis:
                    self.plan((rule.mask,), api_key)

    def _compile(self, rules: tuple[MaskRule, ...], *, is_produced: bool) -> Plan:
        # What is stored wrongly stays so: its producer is told. A reader can go on behind it.
        default = Undecodable.BLOCK if is_produced else Undecodable.REDACT_WHOLE
        ways = [
            default if rule.on_undecodable is None else _WAYS[rule.on_undecodable] for rule in rules
        ]
        masks = [self._mask(rule, field) for rule in rules for field in rule.fields]
        return compile_plan(masks, ways)

    def _mask(self, rule: MaskRule, field: MaskField) -> Mask:
        if field.tag is not None or rule.format not in FORMATS:
            raise MaskError(f"rule {rule.id}: formats and tags of a schema registry are not read")
        if field.part is RecordPart.KEY and not field.allow_key:
            raise MaskError(
                f"rule {rule.id}: another key means another partition, and compaction goes by it: "
                "say `allow_key: true` where that is meant"
            )
        if (field.part is RecordPart.HEADER) != (field.name is not None):
            raise MaskError(f"rule {rule.id}: a header is masked by its `name`, and nothing else")
        # Keys and headers are plain texts unless a path leads into them.
        is_whole = field.path is None and field.part is not RecordPart.VALUE
        is_text = is_whole or (field.part is RecordPart.VALUE and rule.format is MaskFormat.TEXT)
        return Mask(
            method=self._method(rule, field),
            part=field.part.value,
            path=field.path or "$",
            header=field.name,
            is_text=is_text,
        )

    def _method(self, rule: MaskRule, field: MaskField) -> Method:
        match field.method:
            case MaskMethod.REDACT:
                return Redact()
            case MaskMethod.NULL:
                return Null()
            case MaskMethod.PARTIAL:
                return Partial(field.keep_first, field.keep_last)
            case MaskMethod.PSEUDONYM:
                keys = self._keys.get(field.key or "")
                if keys is None:
                    raise MaskError(
                        f"rule {rule.id}: no key is called {field.key!r}: add it to `masking.keys`"
                    )
                return Pseudonym(keys[-1])
            case MaskMethod.TOKEN:
                raise MaskError(f"rule {rule.id}: tokens are not made: use pseudonym")
