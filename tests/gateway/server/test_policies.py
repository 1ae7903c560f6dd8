"""A policy is swapped in whole, kept as evidence, and told of; a bad one changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import structlog

from gateway.evidence.event import Event, EventKind
from gateway.policy.request import AccessRequest
from gateway.server.policies import Policies
from gateway.session.signals import Instant
from gateway.wire.api_keys import ApiKey
from tests.gateway.config.bundles import NO_CARDS, write_bundle
from tests.gateway.server.peers import config_for

if TYPE_CHECKING:
    from pathlib import Path

NOW = Instant(wall_ns=1, monotonic_ns=2)
FETCH = AccessRequest(api_key=ApiKey.FETCH, topics=frozenset({"cards"}))


class Loading:
    """Policies of a configuration, and what they recorded."""

    def __init__(self, folder: Path, *, has_policy: bool = True) -> None:
        self.folder = folder / "policy"
        policy = self.folder if has_policy else None
        config = config_for(folder, upstream=[1]).model_copy(update={"policy": policy})
        self.bundles = config.archive / config.origin() / "bundles"
        self.events: list[Event] = []
        self.policies = Policies(config, structlog.get_logger(), self.events.append)

    def denies(self) -> bool:
        """Whether the policy in force denies a fetch of cards."""
        return self.policies.current.policy.decide(FETCH).is_denial

    def look(self, times: int = 2) -> None:
        """Let seconds pass."""
        for _ in range(times):
            self.policies.load_if_changed(NOW)


def test_before_anything_is_loaded_everything_is_denied(tmp_path: Path) -> None:
    """And as long as nothing can be."""
    loading = Loading(tmp_path)
    assert loading.denies()
    loading.policies.load(NOW)

    assert loading.denies()
    (event,) = loading.events
    assert (EventKind.POLICY_LOADED, None) == (event.kind, event.bundle_digest)
    assert "has no file of rules" in json.loads(event.detail or "")["refused"]


def test_a_bundle_is_in_force_kept_and_told_of(tmp_path: Path) -> None:
    """The evidence names it by its digest, and holds it under that name."""
    loading = Loading(tmp_path)
    write_bundle(loading.folder, a=NO_CARDS)
    loading.policies.load(NOW)
    digest = loading.policies.current.policy.digest
    assert digest is not None
    (event,) = loading.events
    detail = {"digest": digest.hex(), "previous": None, "rule_count": 1}

    assert loading.denies()
    assert [digest.hex()] == [path.name for path in loading.bundles.iterdir()]
    assert (digest, ("no-cards",)) == (event.bundle_digest, event.rule_ids)
    assert detail == json.loads(event.detail or "")


def test_a_change_is_seen_when_it_has_come_to_rest(tmp_path: Path) -> None:
    """Not in the middle of somebody's writing."""
    loading = Loading(tmp_path)
    write_bundle(loading.folder, a=NO_CARDS)
    loading.policies.load(NOW)
    write_bundle(loading.folder, a="rules: []\n")

    loading.look(times=1)
    assert loading.denies()
    loading.look(times=1)
    assert not loading.denies()
    loading.look()
    first, second = loading.events
    assert first.bundle_digest is not None
    assert first.bundle_digest.hex() == json.loads(second.detail or "")["previous"]


def test_a_bad_change_keeps_the_old_one_and_is_told_once(tmp_path: Path) -> None:
    """Requests go on under the rules that were good."""
    loading = Loading(tmp_path)
    write_bundle(loading.folder, a=NO_CARDS)
    loading.policies.load(NOW)
    write_bundle(loading.folder, a="rules: 7\n")
    loading.look(times=5)

    assert loading.denies()
    assert 2 == len(loading.events)
    assert loading.events[0].bundle_digest == loading.events[1].bundle_digest
    assert "refused" in json.loads(loading.events[1].detail or "")


def test_a_bundle_that_cannot_be_kept_is_not_put_in_force(tmp_path: Path) -> None:
    """What decides must be evidence."""
    loading = Loading(tmp_path)
    write_bundle(loading.folder, a="rules: []\n")
    loading.bundles.parent.mkdir(parents=True)
    loading.bundles.write_text("in the way")
    loading.policies.load(NOW)

    assert loading.denies()


def test_without_a_policy_nothing_is_told(tmp_path: Path) -> None:
    """Everything is allowed, as it always was."""
    loading = Loading(tmp_path, has_policy=False)
    loading.policies.load(NOW)
    loading.look()

    assert not loading.denies()
    assert [] == loading.events
