"""The `forbid` section as rules of a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.policy.forbid import ForbidRule
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from gateway.config.model import Config
    from gateway.policy.rule import Rule


def forbid_rules(config: Config) -> tuple[Rule, ...]:
    """Return a rule that denies for each entry, in their order."""
    return tuple(
        ForbidRule(
            id=entry.id,
            apis=frozenset(ApiKey[name] for name in entry.apis),
            topics=entry.topics,
            principals=entry.principals,
        ).rule
        for entry in config.forbid
    )
