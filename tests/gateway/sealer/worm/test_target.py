"""An object that is attacked, and what is left of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from gateway.evidence.bucket.client import BucketError, open_client
from gateway.sealer.worm.target import Targets
from tests.buckets.servers import new_bucket
from tests.gateway.sealer.upload.uploads import keys, upload_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_s3.type_defs import ObjectLockRetentionTypeDef

    from gateway.evidence.bucket.location import Location


@pytest.fixture
def targets(bucket: Location) -> Iterator[Targets]:
    """Put targets where locks hold, with a legal hold, too."""
    with open_client(bucket) as client:
        yield Targets(client, msgspec.structs.replace(upload_options(bucket), legal_hold=True))


def test_a_target_is_as_it_was_put(targets: Targets) -> None:
    """Until somebody does something to it; and it lies apart from evidence."""
    target = targets.new("a")

    assert target.damage() is None
    assert {targets.path("a"): 1} == keys(targets.location)


def test_targets_of_two_runs_do_not_meet(targets: Targets) -> None:
    """Nobody can delete those of the run before."""
    assert targets.path("a") != Targets(targets.client, targets.options).path("a")


def test_a_hold_that_is_gone_is_damage(targets: Targets) -> None:
    """Whatever the server answered."""
    target = targets.new("a")
    target.client.put_object_legal_hold(
        Bucket=target.location.bucket,
        Key=target.key,
        VersionId=target.version,
        LegalHold={"Status": "OFF"},
    )

    assert "the legal hold is gone" == target.damage()


def test_what_stands_before_a_version_does_it_no_harm(targets: Targets) -> None:
    """Its lock is asked for where the server does not tell it of old versions."""
    target = targets.new("a")
    target.client.put_object(Bucket=target.location.bucket, Key=target.key, Body=b"over it")

    assert target.damage() is None


def test_a_version_that_is_gone_or_is_not_locked_as_before_is_damage(weak_storage: str) -> None:
    """In GOVERNANCE, which a permission goes around."""
    location = new_bucket(weak_storage)
    options = msgspec.structs.replace(upload_options(location), mode="GOVERNANCE")
    with open_client(location) as client:
        shortened, cleared, gone = map(Targets(client, options).new, "abc")
        early = shortened.until - timedelta(hours=20)
        for target, retention in (
            (shortened, {"Mode": "GOVERNANCE", "RetainUntilDate": early}),
            (cleared, {}),
        ):
            client.put_object_retention(
                Bucket=location.bucket,
                Key=target.key,
                VersionId=target.version,
                Retention=cast("ObjectLockRetentionTypeDef", retention),
                BypassGovernanceRetention=True,
            )
        client.delete_object(
            Bucket=location.bucket,
            Key=gone.key,
            VersionId=gone.version,
            BypassGovernanceRetention=True,
        )
        found = [str(target.damage()) for target in (shortened, cleared, gone)]

    assert found[0].startswith(f"it is locked until {early.isoformat()}")
    assert "it is locked in the mode None, not GOVERNANCE" == found[1]
    assert "the version cannot be read any more (NoSuchVersion)" == found[2]


def test_a_target_that_is_not_kept_is_none(storage: str) -> None:
    """Nothing can be learned from attacking it."""
    location = new_bucket(storage, is_locked=False)
    with open_client(location) as client, pytest.raises(BucketError):
        Targets(client, upload_options(location)).new("a")
