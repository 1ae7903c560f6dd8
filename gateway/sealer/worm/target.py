"""An object that is put to be attacked, and what is left of it afterwards."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from gateway.evidence.bucket.client import BucketError, telling
from gateway.evidence.bucket.location import DOCTOR
from gateway.sealer.upload.plan import Item
from gateway.sealer.upload.putting import put

if TYPE_CHECKING:
    from typing import Any

    from types_boto3_s3 import S3Client

    from gateway.evidence.bucket.location import Location
    from gateway.sealer.upload.options import UploadOptions

CONTENT: Final = b"put here by streamwitness doctor --worm, to be attacked by it"
# The shortest that every storage takes: objects that nobody can delete lie there that long.
RETENTION_DAYS: Final = 1
_DATE_PRECISION: Final = timedelta(seconds=2)
_GONE: Final = frozenset({"NoSuchVersion", "NoSuchKey", "404", "403", "AccessDenied"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One version of an object, locked as evidence is."""

    client: S3Client
    location: Location
    key: str
    version: str
    mode: str
    until: datetime
    has_hold: bool

    def damage(self) -> str | None:
        """Tell what is not any more as it was put, as the bucket now shows it; None for nothing.

        Raises BucketError when it cannot be told.
        """
        try:
            with telling(self.location, self.key):
                answer = self.client.get_object(
                    Bucket=self.location.bucket, Key=self.key, VersionId=self.version
                )
                with answer["Body"] as body:
                    content = body.read()
        except BucketError as error:
            if error.code in _GONE:
                return f"the version cannot be read any more ({error.code})"
            raise
        if content != CONTENT:
            return "the version has other content"
        mode, until = self._lock()
        if mode != self.mode or until is None:
            return f"it is locked in the mode {mode}, not {self.mode}"
        if until < self.until - _DATE_PRECISION:
            return f"it is locked until {until.isoformat()}, not {self.until.isoformat()}"
        return "the legal hold is gone" if self.has_hold and not self._is_held() else None

    def _lock(self) -> tuple[str | None, datetime | None]:
        with telling(self.location, self.key):
            told: dict[str, Any] = {
                **self.client.head_object(
                    Bucket=self.location.bucket, Key=self.key, VersionId=self.version
                )
            }
        if "ObjectLockMode" in told:
            return told["ObjectLockMode"], told.get("ObjectLockRetainUntilDate")
        # Some servers leave it out of what they tell of a version that is not the newest.
        try:
            with telling(self.location, self.key):
                found = self.client.get_object_retention(
                    Bucket=self.location.bucket, Key=self.key, VersionId=self.version
                )
        except BucketError:
            return None, None
        return found["Retention"].get("Mode"), found["Retention"].get("RetainUntilDate")

    def _is_held(self) -> bool:
        try:
            with telling(self.location, self.key):
                found = self.client.get_object_legal_hold(
                    Bucket=self.location.bucket, Key=self.key, VersionId=self.version
                )
        except BucketError:
            return False
        return found["LegalHold"].get("Status") == "ON"


@dataclass(frozen=True, slots=True)
class Targets:
    """Puts targets, each with a key of its own below the archive's prefix."""

    client: S3Client
    options: UploadOptions
    run: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def location(self) -> Location:
        """Where they are put."""
        return self.options.location

    def path(self, name: str) -> str:
        """Return where below the prefix an object of this run lies."""
        return f"{DOCTOR}/{self.run}/{name}"

    def new(self, name: str) -> Target:
        """Put a target as evidence is put; raises BucketError when it is not kept or locked."""
        path = self.path(name)
        made = put(self.client, self.options, Item(path, CONTENT), CONTENT)
        return Target(
            client=self.client,
            location=self.location,
            key=self.location.key(path),
            version=made.version,
            mode=self.options.mode,
            until=datetime.fromisoformat(made.until).astimezone(UTC),
            has_hold=self.options.legal_hold,
        )
