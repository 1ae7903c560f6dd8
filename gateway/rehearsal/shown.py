"""Rules as lines for a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.policy.api_class import ApiClass
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.policy.engine import Policy
    from gateway.policy.rule import Default, Rule
    from gateway.policy.selection import Names


def shown_rules(policy: Policy) -> Iterator[str]:
    """Yield a line for each rule, then one for each default."""
    yield from map(_rule, policy.rules)
    yield from map(_default, policy.defaults)


def _rule(rule: Rule) -> str:
    selection = rule.selection
    apis = selection.apis
    named = "all APIs" if apis is None else ", ".join(sorted(ApiKey(key).name for key in apis))
    parts = [
        f"{part}: {_names(names)}"
        for part in ("listeners", "client_ids", "topics", "consumer_groups", "transactional_ids")
        if (names := getattr(selection, part)) is not None
    ]
    looks = [part for part in ("principals", "peers", "numbers") if getattr(selection, part)]
    looks += ["times"] if selection.windows else []
    parts += [f"looks at {', '.join(looks)}"] if looks else []
    parts += [f"when {selection.condition.text}"] if selection.condition is not None else []
    return "; ".join([f"{rule.effect} {rule.id}: {named}", *parts])


def _default(default: Default) -> str:
    where = "all listeners" if default.listeners is None else _names(default.listeners)
    verdicts = [
        f"{'deny' if default.denies(each) else 'allow'} {each}"
        for each in (ApiClass.DATA, ApiClass.ADMIN)
    ]
    return f"default on {where}: {', '.join(verdicts)}"


def _names(names: Names) -> str:
    included = "all" if names.included is None else ", ".join(names.included.texts)
    return (
        included
        if names.excluded is None
        else f"{included} except {', '.join(names.excluded.texts)}"
    )
