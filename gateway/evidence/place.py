"""Where an archive is: a folder, or a bucket that is copied into a folder first."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from gateway.evidence.bucket.location import is_location, parse_location
from gateway.evidence.errors import ArchiveError


@dataclass(frozen=True, slots=True)
class LocalArchive:
    """The folder in which an archive can be read, and what is to be known of where it came from."""

    folder: Path
    notes: tuple[str, ...] = ()


def local_archive(place: str | Path, cache: Path) -> LocalArchive:
    """Return the folder of an archive; one at `s3://BUCKET/PREFIX` is brought to `cache` first.

    Only what is new is fetched. Raises ArchiveError when that cannot be done; whether a folder is
    an archive is not looked at.
    """
    if not is_location(str(place)):
        return LocalArchive(Path(place))
    location = parse_location(str(place))
    try:
        from gateway.evidence.bucket.mirror import mirror  # noqa: PLC0415 - its library is an extra
    except ModuleNotFoundError as error:
        raise ArchiveError(
            f"{place} is in object storage, for which {error.name} is missing: "
            "pip install 'streamwitness[s3]'"
        ) from error
    found = mirror(location, cache)
    notes = [f"{path} was deleted in the bucket; its version was taken" for path in found.hidden]
    notes += [
        f"{path} was put over in the bucket; its first version was taken"
        for path in found.overwritten
    ]
    notes += [
        f"{path!r} was put into the bucket by no gateway, and not taken: find out who did it"
        for path in found.foreign
    ]
    return LocalArchive(found.folder, tuple(notes))


def user_cache() -> Path:
    """Return the folder of the user's caches that is ours."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "streamwitness"
