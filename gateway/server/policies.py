"""The policy in force: loaded at the start and at each change, kept as evidence, or else kept out.

A bundle is swapped in whole or not at all. One that cannot be used leaves the old one in force; at
the start, when there is no old one, everything is denied until a good one comes.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from gateway.config.bundle_load import SUFFIXES, BundleError
from gateway.config.policy_load import FailedTrialsError, load_policy
from gateway.evidence.bundles import keep_bundle
from gateway.evidence.event import Event, EventKind
from gateway.masking.errors import MaskError
from gateway.masking.rules import Plans
from gateway.policy.api_class import ApiClass
from gateway.policy.current import CurrentPolicy
from gateway.policy.engine import Policy
from gateway.policy.rule import Default
from gateway.server.log import LogEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.typing import FilteringBoundLogger

    from gateway.config.bundle_load import LoadedBundle
    from gateway.config.model import Config
    from gateway.session.signals import Instant

NOTHING_ALLOWED = Policy([], [Default(denied=frozenset({ApiClass.DATA, ApiClass.ADMIN}))])
RULE_IDS_MAX = 1_000
"""Rule ids named in one event."""


class Policies:
    """Loads the configured policy; `record` appends an event to the journal."""

    def __init__(
        self,
        config: Config,
        log: FilteringBoundLogger,
        record: Callable[[Event], None],
        plans: Plans | None = None,
    ) -> None:
        self.current = CurrentPolicy(NOTHING_ALLOWED)
        self._config = config
        self._log = log
        self._record = record
        self._plans = plans or Plans()
        self._loaded: tuple[object, ...] = ()
        self._looked: tuple[object, ...] = ()

    def load(self, now: Instant) -> None:
        """Load the policy and put it in force, or say why it stays out."""
        self._loaded = self._looked = self._look()
        try:
            loaded = load_policy(self._config)
            self._plans.check(loaded.policy.rules)
            if loaded.policy.digest is not None:
                self._keep(loaded)
        except (BundleError, FailedTrialsError, MaskError, OSError) as error:
            self._log.error(LogEvent.POLICY_REFUSED, reason=str(error))
            self._tell(now, self.current.policy, {"refused": str(error)})
            return
        previous = self.current.policy
        self.current.policy = loaded.policy
        if loaded.policy.digest is None:
            return
        self._log.info(LogEvent.POLICY_LOADED, **_facts(loaded.policy, previous))
        self._tell(now, loaded.policy, _facts(loaded.policy, previous))

    def load_if_changed(self, now: Instant) -> None:
        """Load the policy again when a file of it is another one; to be called about each second.

        A folder that is still being written is looked at again when it has come to rest.
        """
        if self._config.policy is None:
            return
        before, self._looked = self._looked, self._look()
        if self._looked != self._loaded and self._looked == before:
            self.load(now)

    def _keep(self, loaded: LoadedBundle) -> None:
        keep_bundle(self._config.archive, self._config.origin(), loaded.bundle.content)

    def _look(self) -> tuple[object, ...]:
        """Return what changes when a file does."""
        folder = self._config.policy
        found: list[object] = []
        if folder is not None:
            with contextlib.suppress(OSError):
                for path in sorted(folder.rglob("*")):
                    if path.suffix in SUFFIXES:
                        status = path.stat()
                        found.append((path, status.st_mtime_ns, status.st_size, status.st_ino))
        return tuple(found)

    def _tell(self, now: Instant, policy: Policy, detail: dict[str, object]) -> None:
        self._record(
            Event(
                kind=EventKind.POLICY_LOADED,
                wall_ns=now.wall_ns,
                monotonic_ns=now.monotonic_ns,
                rule_ids=tuple(rule.id for rule in policy.rules[:RULE_IDS_MAX]),
                bundle_digest=policy.digest,
                detail=msgspec.json.encode(detail).decode(),
            )
        )


def _facts(policy: Policy, previous: Policy) -> dict[str, object]:
    assert policy.digest is not None, "a policy without a bundle is not told of"
    before = None if previous.digest is None else previous.digest.hex()
    return {
        "digest": policy.digest.hex(),
        "previous": before,
        "rule_count": len(policy.rules),
    }
