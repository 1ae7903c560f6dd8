"""Putting one object under a lock, and reading back that it is there and locked."""

from __future__ import annotations

import base64
import hashlib
import io
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.evidence.bucket.client import BucketError, telling
from gateway.evidence.errors import ArchiveError
from gateway.sealer.upload.memory import Put

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef, PutObjectRequestTypeDef

    from gateway.sealer.upload.options import UploadOptions
    from gateway.sealer.upload.plan import Item

# What `If-None-Match: *` is answered where an object is there; the second while one is being put.
_IS_THERE: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
# The number is what an answer without a body comes to.
_IS_NOT_THERE: Final = frozenset({"NoSuchKey", "404"})
# Storage keeps dates to the second or to the millisecond.
_DATE_PRECISION: Final = timedelta(seconds=2)


class ConflictError(ArchiveError):
    """The bucket holds another object where a file that never changes belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    sha256: bytes
    byte_count: int

    @property
    def checksum(self) -> str:
        """The digest as the storage takes it."""
        return base64.b64encode(self.sha256).decode()


def put(client: S3Client, options: UploadOptions, item: Item, content: bytes | Path) -> Put:
    """Put a file of the archive, locked, and return the version that was read back.

    What never changes is put once: where it is already, that version is checked. Raises
    ConflictError when something else is there, BucketError when the bucket refuses, cannot be
    reached, or does not keep what it was given, and OSError when the file cannot be read.
    """
    with _open(content) as body:
        read = _read(body)
        body.seek(0)
        until = datetime.now(UTC) + timedelta(days=options.retention_days)
        request = _request(options, item, read, until)
        request["Body"] = body
        try:
            version = _send(client, options, item, request)
        except BucketError as error:
            if error.code not in _IS_THERE or item.is_changing:
                raise
            there = _check_there(client, options, item, read)
            if there is not None:
                return there
            # Deleted, and some servers then still say that it is there: another version is no harm.
            del request["IfNoneMatch"]
            body.seek(0)
            version = _send(client, options, item, request)
    if version is None:
        raise _not_kept(options, item, "it keeps no versions: turn on versioning and Object Lock")
    head = _head(client, options, item, version)
    return _checked(options, item, read, head, until)


def _send(
    client: S3Client, options: UploadOptions, item: Item, request: PutObjectRequestTypeDef
) -> str | None:
    with telling(options.location, item.path):
        return client.put_object(**request).get("VersionId")


def _open(content: bytes | Path) -> io.BufferedReader | io.BytesIO:
    return content.open("rb") if isinstance(content, Path) else io.BytesIO(content)


def _read(body: io.BufferedReader | io.BytesIO) -> _Content:
    digest = hashlib.file_digest(body, "sha256")
    return _Content(sha256=digest.digest(), byte_count=body.seek(0, os.SEEK_END))


def _request(
    options: UploadOptions, item: Item, read: _Content, until: datetime
) -> PutObjectRequestTypeDef:
    request: PutObjectRequestTypeDef = {
        "Bucket": options.location.bucket,
        "Key": options.location.key(item.path),
        "ContentLength": read.byte_count,
        "ContentType": "application/octet-stream",
        # The storage refuses what does not have this digest when it arrives.
        "ChecksumAlgorithm": "SHA256",
        "ChecksumSHA256": read.checksum,
        "ObjectLockMode": options.mode,
        "ObjectLockRetainUntilDate": until,
    }
    if options.legal_hold:
        request["ObjectLockLegalHoldStatus"] = "ON"
    if not item.is_changing:
        request["IfNoneMatch"] = "*"
    return request


def _head(
    client: S3Client, options: UploadOptions, item: Item, version: str | None
) -> HeadObjectOutputTypeDef:
    key = options.location.key(item.path)
    with telling(options.location, item.path):
        if version is None:
            return client.head_object(
                Bucket=options.location.bucket, Key=key, ChecksumMode="ENABLED"
            )
        return client.head_object(
            Bucket=options.location.bucket, Key=key, VersionId=version, ChecksumMode="ENABLED"
        )


def _check_there(
    client: S3Client, options: UploadOptions, item: Item, read: _Content
) -> Put | None:
    """Return the version that is there already: one that an upload left which was cut short."""
    try:
        head = _head(client, options, item, None)
    except BucketError as error:
        if error.code in _IS_NOT_THERE:
            return None
        raise
    if (head.get("ChecksumSHA256"), head["ContentLength"]) != (read.checksum, read.byte_count):
        raise ConflictError(
            f"{options.location}/{item.path} is in the bucket with other content: find out who put "
            "it there; the local archive has the file as it was recorded"
        )
    return _checked(options, item, read, head, None)


def _checked(
    options: UploadOptions,
    item: Item,
    read: _Content,
    head: HeadObjectOutputTypeDef,
    until: datetime | None,
) -> Put:
    if (head.get("ChecksumSHA256"), head["ContentLength"]) != (read.checksum, read.byte_count):
        raise _not_kept(options, item, "it has other content than it was given")
    kept_until = head.get("ObjectLockRetainUntilDate")
    if head.get("ObjectLockMode") not in (options.mode, "COMPLIANCE") or kept_until is None:
        raise _not_kept(options, item, f"it is not locked in the mode {options.mode}")
    if until is not None and kept_until < until - _DATE_PRECISION:
        raise _not_kept(options, item, f"it is locked until {kept_until.isoformat()} only")
    if options.legal_hold and head.get("ObjectLockLegalHoldStatus") != "ON":
        raise _not_kept(options, item, "it has no legal hold")
    return Put(
        path=item.path,
        version=head.get("VersionId", ""),
        sha256=read.sha256.hex(),
        byte_count=read.byte_count,
        until=kept_until.isoformat(),
    )


def _not_kept(options: UploadOptions, item: Item, what: str) -> BucketError:
    return BucketError(
        f"{options.location}/{item.path} was put, but {what}; "
        "run `streamwitness doctor --worm` on the bucket",
        "NotKept",
    )
