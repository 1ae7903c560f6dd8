"""The storage's own library, and its errors in our words."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gateway.evidence.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_s3 import S3Client

    from gateway.evidence.bucket.location import Location

_CONNECT_SECONDS: Final = 10
_READ_SECONDS: Final = 60
_ATTEMPTS: Final = 3


class BucketError(ArchiveError):
    """The bucket refused a request, or could not be asked; `code` is the storage's own word."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def open_client(location: Location, *, attempts: int = _ATTEMPTS) -> Iterator[S3Client]:
    """Yield a client whose credentials come from where the library always looks for them.

    That is: the environment, the files in ~/.aws, or the machine's own role.
    """
    with telling(location):
        # A session of its own: the library's common one keeps credentials that were changed since.
        client: S3Client = Session().client(
            "s3",
            endpoint_url=location.endpoint,
            region_name=location.region,
            config=Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": attempts},
                # Servers that are not Amazon's have no DNS name for each bucket.
                s3={"addressing_style": "path"} if location.endpoint else None,
            ),
        )
    try:
        yield client
    finally:
        client.close()


@contextmanager
def telling(location: Location, path: str = "") -> Iterator[None]:
    """Turn the library's errors into BucketError with the place that they are about."""
    place = f"{location}/{path}" if path else str(location)
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        raise BucketError(f"{place}: {error}", code) from error
    except (BotoCoreError, ValueError) as error:
        # A ValueError is an endpoint that is no address.
        raise BucketError(f"{place}: {error}", type(error).__name__) from error
