"""Running the attacks, one after the other, and judging by what is left."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from gateway.evidence.bucket.client import BucketError, open_client, telling
from gateway.sealer.worm.attacks import ON_A_HOLD, ON_AN_OBJECT, ON_COMPLIANCE, ON_THE_BUCKET
from gateway.sealer.worm.target import RETENTION_DAYS, Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.sealer.upload.options import UploadOptions
    from gateway.sealer.worm.attacks import Attack
    from gateway.sealer.worm.target import Target


class Outcome(StrEnum):
    """How an attack ended."""

    HELD = "held"
    """What was attacked is as it was."""
    BROKEN = "broken"
    """The attack won."""
    UNKNOWN = "unknown"
    """The bucket could not be asked, so nothing is known, which counts as broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One attack and how it ended."""

    attack: str
    outcome: Outcome
    detail: str


def attack_bucket(options: UploadOptions) -> Iterator[Finding]:
    """Attack the bucket that evidence goes to, and yield how each attack ended.

    Only objects of its own are attacked, below `.doctor` in the archive's prefix; they stay until
    their retention of a day is over, and with a legal hold until somebody lifts that. A setting of
    the bucket that an attack changed is put back.
    Raises BucketError when there is no such bucket or no credentials.
    """
    options = msgspec.structs.replace(options, retention_days=RETENTION_DAYS)
    # What an attack is answered counts, not what a second attempt is.
    with open_client(options.location, attempts=1) as client:
        with telling(options.location):
            client.head_bucket(Bucket=options.location.bucket)
        targets = Targets(client, options)
        yield (first := _judge("put an object under a lock", partial(_put, targets)))
        if first.outcome is not Outcome.HELD:
            return  # There is nothing that could hold.
        attacks = [*ON_AN_OBJECT]
        attacks += ON_COMPLIANCE if options.mode == "COMPLIANCE" else ()
        attacks += ON_A_HOLD if options.legal_hold else ()
        for attack in attacks:
            yield _attack(targets, attack)
        for name, act in ON_THE_BUCKET:
            yield _judge(name, partial(act, targets))


def _put(targets: Targets) -> str | None:
    try:
        return targets.new("first").damage()
    except BucketError as error:
        return str(error)


def _judge(name: str, act: Callable[[], str | None]) -> Finding:
    try:
        damage = act()
    except BucketError as error:
        return Finding(attack=name, outcome=Outcome.UNKNOWN, detail=str(error))
    outcome = Outcome.HELD if damage is None else Outcome.BROKEN
    return Finding(attack=name, outcome=outcome, detail=damage or "refused")


def _attack(targets: Targets, attack: Attack) -> Finding:
    try:
        target = targets.new(attack.act.__name__)
        answer = _act(attack, target)
        damage = target.damage()
    except BucketError as error:
        return Finding(attack=attack.name, outcome=Outcome.UNKNOWN, detail=str(error))
    if damage is None:
        return Finding(attack=attack.name, outcome=Outcome.HELD, detail=answer)
    return Finding(attack=attack.name, outcome=Outcome.BROKEN, detail=damage)


def _act(attack: Attack, target: Target) -> str:
    try:
        with telling(target.location):
            attack.act(target)
    except BucketError as error:
        return f"refused ({error.code})"
    return "taken, without effect on the version"
