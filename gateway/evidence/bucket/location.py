"""Where an archive lies in object storage: `s3://BUCKET/PREFIX`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gateway.evidence.errors import ArchiveError

SCHEME: Final = "s3://"
# Not part of the archive: what `doctor --worm` leaves there until its retention is over.
DOCTOR: Final = ".doctor"
# Amazon S3 User Guide, "General purpose bucket naming rules".
BUCKET_PATTERN: Final = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
# Characters that are safe in every tool, signature and console; segments neither empty nor dots.
PREFIX_PATTERN: Final = r"^([A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)?$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A prefix of a bucket; without endpoint and region those of the environment hold."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None

    def key(self, path: str) -> str:
        """Return the key of one of the archive's files."""
        return f"{self.prefix}/{path}" if self.prefix else path

    def path(self, key: str) -> str:
        """Return the path within the archive that a listed key stands for."""
        return key[len(self.prefix) + 1 :] if self.prefix else key

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.prefix}".rstrip("/")


def is_location(text: str) -> bool:
    """Tell whether a text names object storage rather than a folder."""
    return text.startswith(SCHEME)


def parse_location(
    text: str, *, endpoint: str | None = None, region: str | None = None
) -> Location:
    """Return the location that an `s3://` address names; raises ArchiveError."""
    bucket, _, prefix = text.removeprefix(SCHEME).partition("/")
    prefix = prefix.rstrip("/")
    is_good = re.fullmatch(BUCKET_PATTERN, bucket) and re.fullmatch(PREFIX_PATTERN, prefix)
    if not is_location(text) or not is_good:
        raise ArchiveError(
            f"{text!r} names no place in object storage: write {SCHEME}BUCKET/PREFIX, "
            "with letters, digits, '.', '_' and '-' in the prefix"
        )
    return Location(bucket=bucket, prefix=prefix, endpoint=endpoint, region=region)
