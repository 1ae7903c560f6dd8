"""What the tests of uploads share: a sealed archive, and how it is uploaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.evidence.bucket.client import open_client
from gateway.sealer.sealing import recover
from gateway.sealer.upload.options import UploaderOptions, UploadOptions
from gateway.sealer.upload.uploader import Uploader
from tests.gateway.sealer.journals import ORIGIN, event, options, record

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.bucket.location import Location


def seal(folder: Path, *, next_sequence: int = 0, events: int = 2) -> None:
    """Record some events and have them sealed, as the next run of a gateway would."""
    writer = record(folder, next_sequence=next_sequence)
    for _ in range(events):
        writer.append([event()])
    writer.close()
    recover(options(folder))


def upload_options(location: Location, *, retention_days: int = 2) -> UploadOptions:
    """Say where to and for how long."""
    return UploadOptions(location=location, retention_days=retention_days, interval_seconds=0.1)


def uploader_options(folder: Path, location: Location) -> UploaderOptions:
    """Say what is uploaded, and where to."""
    return UploaderOptions(
        archive=folder / "archive",
        origin=ORIGIN,
        memory=folder / "journal",
        upload=upload_options(location),
    )


def upload(folder: Path, location: Location) -> int:
    """Go round once with a new uploader, and return how many files it put."""
    with open_client(location) as client:
        return Uploader(client, uploader_options(folder, location)).round()


def keys(location: Location) -> dict[str, int]:
    """Count the versions of everything in the bucket."""
    with open_client(location) as client:
        listed = client.list_object_versions(Bucket=location.bucket)["Versions"]
    paths = [location.path(each["Key"]) for each in listed]
    return {path: paths.count(path) for path in paths}


def files(archive: Path) -> set[str]:
    """Name all files of an archive that belong to its evidence, but for partial tiles."""
    found = {path.relative_to(archive).as_posix() for path in archive.rglob("*") if path.is_file()}
    return {path for path in found if not path.endswith(".lock") and ".p/" not in path}
