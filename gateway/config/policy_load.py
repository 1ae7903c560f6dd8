"""The policy of a configuration: its bundle and its `forbid` rules as one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gateway.config.bundle_load import LoadedBundle, load_bundle
from gateway.config.forbidden import forbid_rules
from gateway.config.trials_made import trial_of
from gateway.policy.bundle import Bundle
from gateway.policy.engine import Policy

if TYPE_CHECKING:
    from gateway.config.model import Config

FORBID_FILE = "forbid.json"
"""The name under which `forbid` rules stand in a bundle; no file of a folder has that ending."""


class FailedTrialsError(Exception):
    """A bundle does not do what its own cases say."""


def load_policy(config: Config) -> LoadedBundle:
    """Load what a configuration says may be done, and try it on the bundle's own cases.

    Raises BundleError, or FailedTrialsError with the names of the cases that fail. Without a
    `policy`, everything is allowed but for the `forbid` rules.
    """
    forbidden = forbid_rules(config)
    if config.policy is None:
        loaded = LoadedBundle(policy=Policy(forbidden), bundle=Bundle({}))
    else:
        loaded = load_bundle(config.policy, forbidden)
    failed = [case.name for case in loaded.cases if not trial_of(case).passes(loaded.policy)]
    if failed:
        raise FailedTrialsError(f"cases fail: {', '.join(failed)}")
    return _with_forbidden(config, loaded)


def _with_forbidden(config: Config, loaded: LoadedBundle) -> LoadedBundle:
    """Put the `forbid` section into the bundle, so that its digest is about those rules, too."""
    if not config.forbid:
        return loaded
    written = json.dumps([rule.model_dump(exclude_none=True) for rule in config.forbid])
    bundle = Bundle({**loaded.bundle.files, FORBID_FILE: written.encode()})
    policy = Policy(loaded.policy.rules, loaded.policy.defaults, digest=bundle.digest)
    return LoadedBundle(policy=policy, bundle=bundle, cases=loaded.cases)
