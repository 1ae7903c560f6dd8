"""Attacks on a bucket, judged by what can be read back."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.bucket.client import BucketError, open_client
from gateway.sealer.worm.doctor import Finding, Outcome, attack_bucket
from tests.buckets.servers import add_account, credentials, forbid, new_bucket
from tests.gateway.sealer.upload.uploads import keys, upload_options

if TYPE_CHECKING:
    from gateway.evidence.bucket.location import Location
    from gateway.sealer.upload.options import UploadOptions


def _attack(options: UploadOptions) -> dict[str, Finding]:
    return {each.attack: each for each in attack_bucket(options)}


def _won(found: dict[str, Finding]) -> set[str]:
    return {each.attack for each in found.values() if each.outcome is Outcome.BROKEN}


def test_a_bucket_that_holds_withstands_every_attack(bucket: Location) -> None:
    """Nothing but objects of the doctor's own is put there, and settings stay as they were."""
    found = _attack(upload_options(bucket))
    with open_client(bucket) as client:
        status = client.get_bucket_versioning(Bucket=bucket.bucket)["Status"]

    assert Counter({Outcome.HELD: 13}) == Counter(each.outcome for each in found.values())
    assert all(path.startswith(".doctor/") for path in keys(bucket))
    assert "Enabled" == status


def test_a_bucket_that_does_not_hold_is_found_out(weak_storage: str) -> None:
    """Also where its server says that it did what it did not, or the other way round."""
    location = new_bucket(weak_storage)
    found = _attack(upload_options(location))

    assert {"shorten the retention", "clear the retention"} < _won(found)
    assert "taken, without effect" in found["delete a version in a batch"].detail


def test_a_setting_that_was_changed_is_put_back(weak_storage: str) -> None:
    """A doctor leaves nobody worse than before."""
    location = new_bucket(weak_storage)
    found = _attack(upload_options(location))
    with open_client(location) as client:
        status = client.get_bucket_versioning(Bucket=location.bucket)["Status"]

    assert ("versioning was Suspended; it was turned on again", "Enabled") == (
        found["suspend versioning"].detail,
        status,
    )


def test_governance_is_gone_around_by_those_who_may(bucket: Location) -> None:
    """The owner of a bucket may."""
    options = msgspec.structs.replace(upload_options(bucket), mode="GOVERNANCE")

    assert {"delete a version around GOVERNANCE", "shorten the retention"} < _won(_attack(options))


def test_a_hold_is_attacked_where_it_is_relied_upon(storage: str, bucket: Location) -> None:
    """Whoever may set it may lift it, so it holds only against those who may not."""
    options = msgspec.structs.replace(upload_options(bucket), legal_hold=True)

    assert {"lift the legal hold"} == _won(_attack(options))
    assert "lift the legal hold" not in _attack(upload_options(bucket))


def test_a_bucket_without_object_lock_is_not_attacked_further(storage: str) -> None:
    """There is nothing that could hold."""
    (found,) = attack_bucket(upload_options(new_bucket(storage, is_locked=False)))

    assert (Outcome.BROKEN, "put an object under a lock") == (found.outcome, found.attack)


def test_what_cannot_be_asked_counts_as_unknown(storage: str, bucket: Location) -> None:
    """An account that may not look at the bucket's settings cannot say that they hold."""
    add_account(storage, "blind")
    forbid(bucket, "blind", "s3:GetBucketVersioning")
    with credentials("blind"):
        found = _attack(upload_options(bucket))

    assert {"suspend versioning"} == {
        each.attack for each in found.values() if each.outcome is Outcome.UNKNOWN
    }


def test_an_object_that_cannot_be_read_back_counts_as_unknown_or_worse(
    storage: str, bucket: Location
) -> None:
    """Never as held."""
    add_account(storage, "writer")
    forbid(bucket, "writer", "s3:GetObjectVersion")
    with credentials("writer"):
        found = _attack(upload_options(bucket))

    assert Outcome.HELD is not found["put an object under a lock"].outcome


@pytest.mark.parametrize(
    "change", [{"bucket": "nobodys-bucket"}, {"endpoint": "http://127.0.0.1:1"}]
)
def test_no_bucket_is_an_error(bucket: Location, change: dict[str, str]) -> None:
    """Not a finding."""
    with pytest.raises(BucketError):
        _attack(upload_options(replace(bucket, **change)))
