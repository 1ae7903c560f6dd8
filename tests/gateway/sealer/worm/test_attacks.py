"""Each attack wins where nothing holds: otherwise its failure would show nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.bucket.client import BucketError, open_client
from gateway.sealer.worm import attacks as module
from gateway.sealer.worm.attacks import (
    ON_A_HOLD,
    ON_AN_OBJECT,
    ON_COMPLIANCE,
    ON_THE_BUCKET,
    Attack,
    put_with_wrong_digest,
    suspend_versioning,
)
from gateway.sealer.worm.target import Targets
from tests.buckets.servers import add_account, credentials, forbid, new_bucket
from tests.gateway.sealer.upload.uploads import upload_options

if TYPE_CHECKING:
    from gateway.evidence.bucket.location import Location


@pytest.mark.parametrize(
    "attack", [*ON_AN_OBJECT[1:], *ON_A_HOLD], ids=lambda attack: str(attack.act.__name__)
)
def test_an_attack_wins_against_governance_where_it_may(weak_storage: str, attack: Attack) -> None:
    """With the permission to go around it, on a server that grants everything."""
    location = new_bucket(weak_storage)
    options = msgspec.structs.replace(
        upload_options(location),
        mode="GOVERNANCE",
        # A hold keeps what GOVERNANCE does not.
        legal_hold=attack in ON_A_HOLD,
    )
    with open_client(location) as client:
        target = Targets(client, options).new("a")
        attack.act(target)

        assert target.damage() is not None


def test_a_downgrade_wins_where_compliance_is_only_a_word(weak_storage: str) -> None:
    """The attack that makes GOVERNANCE of it."""
    location = new_bucket(weak_storage)
    with open_client(location) as client:
        target = Targets(client, upload_options(location)).new("a")
        ON_COMPLIANCE[0].act(target)

        assert "it is locked in the mode GOVERNANCE, not COMPLIANCE" == target.damage()


def test_a_plain_deletion_wins_where_there_is_no_lock(bucket: Location) -> None:
    """The simplest of all."""
    with open_client(bucket) as client:
        target = Targets(client, upload_options(bucket)).new("a")
        unlocked = client.put_object(Bucket=bucket.bucket, Key=bucket.key("b"), Body=b"")
        changed = replace(target, key=bucket.key("b"), version=unlocked["VersionId"])
        ON_AN_OBJECT[0].act(changed)

        assert "cannot be read any more" in str(changed.damage())


def test_the_bucket_itself_holds(bucket: Location) -> None:
    """None of the attacks on its settings and conditions has an effect."""
    with open_client(bucket) as client:
        targets = Targets(client, upload_options(bucket))

        assert [None] * len(ON_THE_BUCKET) == [act(targets) for _, act in ON_THE_BUCKET]


def test_a_bucket_that_does_not_hold_is_told_and_mended(weak_storage: str) -> None:
    """What was suspended is turned on again."""
    location = new_bucket(weak_storage)
    with open_client(location) as client:
        targets = Targets(client, upload_options(location))
        found = [suspend_versioning(targets), put_with_wrong_digest(targets)]
        status = client.get_bucket_versioning(Bucket=location.bucket)["Status"]

    assert [
        "versioning was Suspended; it was turned on again",
        "an object with a wrong digest was taken",
    ] == found
    assert "Enabled" == status


def test_a_condition_that_cannot_be_tried_is_no_success_of_the_bucket(
    storage: str, bucket: Location
) -> None:
    """A refusal for another reason says nothing of the condition."""
    add_account(storage, "reader")
    forbid(bucket, "reader", "s3:PutObject")
    with (
        credentials("reader"),
        open_client(bucket) as client,
        pytest.raises(BucketError, match="AccessDenied"),
    ):
        module.overwrite_despite_condition(Targets(client, upload_options(bucket)))
