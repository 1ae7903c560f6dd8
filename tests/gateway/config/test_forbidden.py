"""The `forbid` section becomes rules that deny."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.config.forbidden import forbid_rules
from gateway.config.model import ForbidRule
from gateway.policy.decision import DecisionKind
from gateway.policy.engine import Policy
from gateway.policy.request import AccessRequest
from gateway.wire.api_keys import ApiKey
from tests.gateway.server.peers import config_for

if TYPE_CHECKING:
    from pathlib import Path


def test_each_entry_denies_what_it_names(tmp_path: Path) -> None:
    """In the order of the file."""
    entries = (
        ForbidRule(id="a", apis=("DELETE_TOPICS",), topics=("pay*",)),
        ForbidRule(id="b", apis=("DELETE_TOPICS", "FETCH")),
    )
    config = config_for(tmp_path, upstream=[1]).model_copy(update={"forbid": entries})
    rules = forbid_rules(config)
    request = AccessRequest(api_key=ApiKey.DELETE_TOPICS, topics=frozenset({"payments"}))

    assert [("a", DecisionKind.DENY), ("b", DecisionKind.DENY)] == [
        (rule.id, rule.effect) for rule in rules
    ]
    assert ("a", "b") == Policy(rules).decide(request).rule_ids
