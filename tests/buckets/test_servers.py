"""Which of the servers for tests keep what they lock: known, and noticed when it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.sealer.upload.options import UploadOptions
from gateway.sealer.worm.doctor import Outcome, attack_bucket
from tests.buckets.servers import credentials, moto, new_bucket, versity

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.bucket.location import Location

# Attacks on a COMPLIANCE lock that win against moto 5.2. Its word on a lock is worth nothing: what
# must hold is tested with the other server.
FALSE_PASSES_OF_MOTO = {
    "shorten the retention",
    "clear the retention",
    "downgrade COMPLIANCE to GOVERNANCE",
    "lift the legal hold",
    "put an object with a wrong digest",
    "suspend versioning",
}
# A legal hold is lifted by whoever may set it, which the owner of the server may.
OWNERS_RIGHT = {"lift the legal hold"}


def _won(location: Location) -> set[str]:
    options = UploadOptions(location=location, retention_days=1, legal_hold=True)
    return {each.attack for each in attack_bucket(options) if each.outcome is not Outcome.HELD}


def test_the_server_whose_locks_hold_loses_to_no_attack(tmp_path: Path) -> None:
    """Not even to its owner's, except for the legal hold."""
    with credentials(), versity(tmp_path) as endpoint:
        assert OWNERS_RIGHT == _won(new_bucket(endpoint))


def test_the_false_passes_of_the_other_are_known(tmp_path: Path) -> None:
    """One more or one less means: read its changelog, and this list, again."""
    with credentials(), moto(tmp_path) as endpoint:
        assert FALSE_PASSES_OF_MOTO == _won(new_bucket(endpoint))
