"""The policy of a configuration is its bundle and its forbid rules together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.config.model import Config, ForbidRule
from gateway.config.policy_load import FORBID_FILE, FailedTrialsError, load_policy
from tests.gateway.config.bundles import NO_CARDS, write_bundle
from tests.gateway.server.peers import config_for

if TYPE_CHECKING:
    from pathlib import Path

FORBID = (ForbidRule(id="f", apis=("DELETE_TOPICS",)),)


def _config(folder: Path, **keys: object) -> Config:
    return config_for(folder, upstream=[1]).model_copy(update=keys)


def test_without_a_policy_everything_is_allowed(tmp_path: Path) -> None:
    """And there is no digest to name."""
    loaded = load_policy(_config(tmp_path))

    assert ((), (), None) == (loaded.policy.rules, loaded.policy.defaults, loaded.policy.digest)


def test_forbid_rules_alone_are_a_bundle(tmp_path: Path) -> None:
    """Their digest stands in the evidence of what they refused; nothing else changes."""
    loaded = load_policy(_config(tmp_path, forbid=FORBID))

    assert (["f"], ()) == ([rule.id for rule in loaded.policy.rules], loaded.policy.defaults)
    assert [FORBID_FILE] == list(loaded.bundle.files)
    assert b'[{"id": "f", "apis": ["DELETE_TOPICS"]}]' == loaded.bundle.files[FORBID_FILE]
    assert loaded.bundle.digest == loaded.policy.digest


def test_forbid_rules_stand_beside_those_of_a_bundle(tmp_path: Path) -> None:
    """Under one digest."""
    folder = write_bundle(tmp_path / "policy", a=NO_CARDS)
    loaded = load_policy(_config(tmp_path, forbid=FORBID, policy=folder))
    alone = load_policy(_config(tmp_path, policy=folder))

    assert ["f", "no-cards"] == [rule.id for rule in loaded.policy.rules]
    assert {"a.yaml", FORBID_FILE} == set(loaded.bundle.files)
    assert loaded.policy.digest not in (None, alone.policy.digest)
    assert alone.bundle.digest == alone.policy.digest


def test_a_bundle_must_do_what_its_cases_say(tmp_path: Path) -> None:
    """A wrong rule is found before it is in force."""
    case = "cases: [{name: open, request: {api: FETCH, topics: [cards]}, expect: allow}]"
    folder = write_bundle(tmp_path / "policy", a=NO_CARDS, tests__c=case)

    with pytest.raises(FailedTrialsError, match="cases fail: open"):
        load_policy(_config(tmp_path, policy=folder))
