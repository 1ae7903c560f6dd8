"""What a bucket holds of an archive: every version of every object, hidden or not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.evidence.bucket.client import telling
from gateway.evidence.bucket.location import DOCTOR

if TYPE_CHECKING:
    from datetime import datetime

    from types_boto3_s3 import S3Client

    from gateway.evidence.bucket.location import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an object, which nobody can change; what can come is a newer one."""

    path: str
    """The file of the archive that it is."""
    id: str
    byte_count: int
    modified: datetime
    tag: str
    """The storage's tag of the content: a name for it in a cache, no proof of it."""


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of one file, oldest first, and whether the newest thing said of it is: gone."""

    all: tuple[Version, ...]
    is_hidden: bool


def list_versions(client: S3Client, location: Location) -> dict[str, Versions]:
    """Return the versions of each file below the prefix by its path, sorted; raises BucketError.

    A deleted object is there all the same: deleting only puts a marker before its versions.
    """
    found: defaultdict[str, list[Version]] = defaultdict(list)
    hidden: set[str] = set()
    with telling(location):
        pages = client.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=location.bucket, Prefix=location.key("")):
            for each in page.get("Versions", ()):
                path = location.path(each["Key"])
                if each["Key"].endswith("/") and not each["Size"]:
                    continue  # What consoles and file browsers put to show a folder.
                found[path].append(
                    Version(
                        path=path,
                        id=each["VersionId"],
                        byte_count=each["Size"],
                        modified=each["LastModified"],
                        tag=each["ETag"].strip('"'),
                    )
                )
            for marker in page.get("DeleteMarkers", ()):
                if marker["IsLatest"]:
                    hidden.add(location.path(marker["Key"]))
    return {
        # The storage lists the newest first; times alone do not order what came within a second.
        path: Versions(tuple(reversed(found[path])), path in hidden)
        for path in sorted(found)
        if not path.startswith(f"{DOCTOR}/")
    }
