"""The attacks. Each does with a target, or with its bucket, what must not be possible.

An attack only acts: whether it won is read back from the bucket afterwards. It raises BucketError
when the bucket refuses, which is what it should do.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from gateway.evidence.bucket.client import BucketError, telling
from gateway.sealer.worm.target import CONTENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from gateway.sealer.worm.target import Target, Targets

    Act: TypeAlias = Callable[[Target], object]

_SHORT: Final = timedelta(minutes=1)
_OTHER: Final = b"put over it by streamwitness doctor --worm"


@dataclass(frozen=True, slots=True)
class Attack:
    """One thing that somebody would do to get rid of evidence, or to put other in its place."""

    name: str
    act: Act


def delete_version(target: Target) -> None:
    """Delete the version itself, not only hide it."""
    target.client.delete_object(
        Bucket=target.location.bucket, Key=target.key, VersionId=target.version
    )


def delete_with_bypass(target: Target) -> None:
    """Delete the version with the permission that goes around GOVERNANCE."""
    target.client.delete_object(
        Bucket=target.location.bucket,
        Key=target.key,
        VersionId=target.version,
        BypassGovernanceRetention=True,
    )


def delete_in_a_batch(target: Target) -> None:
    """Delete the version by the call for many, which servers implement apart."""
    target.client.delete_objects(
        Bucket=target.location.bucket,
        Delete={"Objects": [{"Key": target.key, "VersionId": target.version}]},
        BypassGovernanceRetention=True,
    )


def put_over(target: Target) -> None:
    """Put another object under the same key, and delete the version behind it."""
    target.client.put_object(
        Bucket=target.location.bucket, Key=target.key, Body=_OTHER, ChecksumAlgorithm="SHA256"
    )
    delete_with_bypass(target)


def hide(target: Target) -> None:
    """Delete the object without naming the version, and delete the version behind the marker."""
    target.client.delete_object(Bucket=target.location.bucket, Key=target.key)
    delete_with_bypass(target)


def shorten(target: Target) -> None:
    """Let the lock end earlier."""
    target.client.put_object_retention(
        Bucket=target.location.bucket,
        Key=target.key,
        VersionId=target.version,
        Retention={
            "Mode": "COMPLIANCE" if target.mode == "COMPLIANCE" else "GOVERNANCE",
            "RetainUntilDate": datetime.now(UTC) + _SHORT,
        },
        BypassGovernanceRetention=True,
    )


def clear(target: Target) -> None:
    """Take the lock away."""
    target.client.put_object_retention(
        Bucket=target.location.bucket,
        Key=target.key,
        VersionId=target.version,
        Retention={},
        BypassGovernanceRetention=True,
    )


def downgrade(target: Target) -> None:
    """Turn COMPLIANCE, which nobody can lift, into GOVERNANCE, which a permission lifts."""
    target.client.put_object_retention(
        Bucket=target.location.bucket,
        Key=target.key,
        VersionId=target.version,
        Retention={"Mode": "GOVERNANCE", "RetainUntilDate": target.until},
        BypassGovernanceRetention=True,
    )


def lift_hold(target: Target) -> None:
    """Take the legal hold away."""
    target.client.put_object_legal_hold(
        Bucket=target.location.bucket,
        Key=target.key,
        VersionId=target.version,
        LegalHold={"Status": "OFF"},
    )


ON_AN_OBJECT: Final = (
    Attack("delete a version", delete_version),
    Attack("delete a version around GOVERNANCE", delete_with_bypass),
    Attack("delete a version in a batch", delete_in_a_batch),
    Attack("put another object over it, then delete it", put_over),
    Attack("hide it behind a delete marker, then delete it", hide),
    Attack("shorten the retention", shorten),
    Attack("clear the retention", clear),
)
ON_COMPLIANCE: Final = (Attack("downgrade COMPLIANCE to GOVERNANCE", downgrade),)
ON_A_HOLD: Final = (Attack("lift the legal hold", lift_hold),)


def overwrite_despite_condition(targets: Targets) -> str | None:
    """Put an object where one is, on the condition that none is; say so if that was taken."""
    target = targets.new("condition")
    try:
        with telling(target.location, target.key):
            target.client.put_object(
                Bucket=target.location.bucket,
                Key=target.key,
                Body=_OTHER,
                ChecksumAlgorithm="SHA256",
                IfNoneMatch="*",
            )
    except BucketError as error:
        if error.code in {"PreconditionFailed", "ConditionalRequestConflict"}:
            return None
        raise
    return "the condition If-None-Match was ignored"


def put_with_wrong_digest(targets: Targets) -> str | None:
    """Put an object with the digest of another; say so if that was taken."""
    wrong = base64.b64encode(bytes(32)).decode()
    path = targets.path("digest")
    try:
        with telling(targets.location, path):
            targets.client.put_object(
                Bucket=targets.location.bucket,
                Key=targets.location.key(path),
                Body=CONTENT,
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=wrong,
            )
    except BucketError:
        return None
    return "an object with a wrong digest was taken"


def suspend_versioning(targets: Targets) -> str | None:
    """Suspend versioning, so that what is put next replaces; undo that and say so if it worked."""
    bucket = targets.location.bucket
    try:
        with telling(targets.location):
            targets.client.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
            )
    except BucketError:
        pass  # What counts is what is so now.
    with telling(targets.location):
        status: str | None = targets.client.get_bucket_versioning(Bucket=bucket).get("Status")
        if status == "Enabled":
            return None
        targets.client.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
        )
    return f"versioning was {status or 'off'}; it was turned on again"


def remove_lock(targets: Targets) -> str | None:
    """Turn the bucket's Object Lock off; undo that and say so if it worked."""
    bucket = targets.location.bucket
    with telling(targets.location):
        before = targets.client.get_object_lock_configuration(Bucket=bucket)
    try:
        with telling(targets.location):
            targets.client.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={})
    except BucketError:
        pass  # The same.
    try:
        with telling(targets.location):
            now = targets.client.get_object_lock_configuration(Bucket=bucket)
    except BucketError as error:
        return f"the bucket has no Object Lock any more ({error.code})"
    wanted = before["ObjectLockConfiguration"]
    if now["ObjectLockConfiguration"] == wanted:
        return None
    with telling(targets.location):
        targets.client.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=wanted)
    is_on = now["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled"
    return None if is_on else "Object Lock was off; it was turned on again"


ON_THE_BUCKET: Final = (
    ("put over it on the condition that nothing is there", overwrite_despite_condition),
    ("put an object with a wrong digest", put_with_wrong_digest),
    ("suspend versioning", suspend_versioning),
    ("remove the bucket's Object Lock", remove_lock),
)
