"""A local copy of an archive in object storage, to be read and verified like any archive.

Only what is missing is fetched. Whoever may write to the bucket can hide a locked version behind a
newer one or behind a deletion, but cannot remove it; so of a file that never changes the oldest
version is taken, and of the few that do (`is_changing`) the newest.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.bucket.client import open_client, telling
from gateway.evidence.bucket.versions import list_versions
from gateway.evidence.errors import UNREADABLE_JSON, ArchiveError, DamagedError, ProofError
from gateway.evidence.log.checkpoint import decode_checkpoint
from gateway.evidence.log.folder import CHECKPOINT, PARTIAL, ROOT
from gateway.evidence.log.note import decode_note
from gateway.evidence.log.tiles import edge_paths
from gateway.evidence.sums import KEY_FILE, LIST, decode_sums

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from types_boto3_s3 import S3Client

    from gateway.evidence.bucket.location import Location
    from gateway.evidence.bucket.versions import Version, Versions

_CHUNK_BYTES: Final = 1024 * 1024
_SAFE_PATH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
_OPEN_SEGMENT: Final = ".partial"
_FETCHED: Final = "fetched.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A local copy, and what somebody did to the bucket that does not show in it."""

    folder: Path
    hidden: tuple[str, ...]
    """Files that were deleted in the bucket, and are there all the same."""
    overwritten: tuple[str, ...]
    """Files that never change and have newer versions, which were not taken."""
    foreign: tuple[str, ...]
    """Keys that no gateway writes, and that cannot be files beside those it does."""


def is_changing(path: str) -> bool:
    """Tell whether a file of an archive is written again as it grows."""
    return path.endswith(
        (f"/log/{CHECKPOINT}", f"/log/{ROOT}", f"/{LIST}", f"/{KEY_FILE}", _OPEN_SEGMENT)
    )


def is_partial_tile(path: str) -> bool:
    """Tell whether a file is a tile that is not filled yet: of many only the last are needed."""
    return f"{PARTIAL}/" in path


def edges_of(checkpoint: bytes) -> Iterator[str]:
    """Yield the partial tiles that a checkpoint needs, by their paths in the log's folder."""
    with contextlib.suppress(ProofError):  # Verification tells.
        yield from edge_paths(decode_checkpoint(decode_note(checkpoint).text).size)


def listed_of(listing: bytes) -> dict[str, str]:
    """Return what a signed list of files names; its signature, two lines, is not looked at."""
    try:
        return decode_sums(listing.decode("ascii").split("\n", 2)[2])
    except (DamagedError, UnicodeDecodeError, IndexError):
        return {}  # Verification tells.


def mirror(location: Location, cache: Path) -> Mirror:
    """Bring the archive, as the bucket holds it now, into a folder below `cache`.

    Raises ArchiveError when there is none, the bucket cannot be read, or the disk is full.
    """
    name = hashlib.sha256(repr(location).encode()).hexdigest()[:16]
    place = cache / "buckets" / name
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open_client(location) as client:
            return _Mirroring(client, location, place).run()
    except OSError as error:
        raise ArchiveError(f"{location} cannot be copied to {place}: {error}") from error


class _Mirroring:
    def __init__(self, client: S3Client, location: Location, place: Path) -> None:
        self._client = client
        self._location = location
        self._place = place
        self._folder = place / "archive"
        self._fetched = self._load()

    def run(self) -> Mirror:
        listed = list_versions(self._client, self._location)
        if not listed:
            raise ArchiveError(f"{self._location} holds nothing: is the prefix right?")
        foreign = _foreign(listed)
        taken = {path: each for path, each in listed.items() if path not in foreign}
        wanted = {path: _chosen(versions) for path, versions in taken.items()}
        self._drop_others(wanted)
        try:
            for version in wanted.values():
                if not is_partial_tile(version.path):
                    self._fetch(version)
            needed = set(self._partial_tiles(wanted))
            for path in sorted(needed):
                self._fetch(wanted[path])
        finally:
            self._save()
        self._drop_partial_tiles(needed)
        return Mirror(
            folder=self._folder,
            hidden=tuple(path for path, each in taken.items() if each.is_hidden),
            overwritten=tuple(
                path for path, each in taken.items() if len(each.all) > 1 and not is_changing(path)
            ),
            foreign=tuple(foreign),
        )

    def _partial_tiles(self, wanted: Mapping[str, Version]) -> Iterator[str]:
        """Yield the partial tiles that the checkpoints or the lists of files here name."""
        for path in wanted:
            named: Iterable[str] = ()
            if path.endswith(f"/log/{CHECKPOINT}"):
                named = edges_of((self._folder / path).read_bytes())
            elif path.endswith(f"/{LIST}"):
                named = filter(is_partial_tile, listed_of((self._folder / path).read_bytes()))
            folder = path.rpartition("/")[0]
            yield from (tile for each in named if (tile := f"{folder}/{each}") in wanted)

    def _drop_others(self, wanted: Mapping[str, Version]) -> None:
        """Remove what is not to be in the copy, like an open segment that was sealed.

        Nothing else goes, for another process may be reading the copy.
        """
        for path in self._paths():
            sealed = path.removesuffix(_OPEN_SEGMENT)
            if path not in wanted or (sealed != path and sealed in wanted):
                (self._folder / path).unlink(missing_ok=True)

    def _drop_partial_tiles(self, needed: set[str]) -> None:
        """Remove those of earlier checkpoints."""
        for path in self._paths():
            if is_partial_tile(path) and path not in needed:
                (self._folder / path).unlink(missing_ok=True)

    def _paths(self) -> list[str]:
        found = [path for path in self._folder.rglob("*") if path.is_file()]
        return [path.relative_to(self._folder).as_posix() for path in found]

    def _fetch(self, version: Version) -> None:
        path = version.path
        is_sealed = (
            path.endswith(_OPEN_SEGMENT)
            and (self._folder / path.removesuffix(_OPEN_SEGMENT)).exists()
        )
        target = self._folder / path
        is_there = target.is_file() and target.stat().st_size == version.byte_count
        name = _name(version)
        if is_sealed or (is_there and self._fetched.get(path) == name):
            return
        with self._arriving() as arriving:
            with telling(self._location, path), arriving.open("wb") as file:
                answer = self._client.get_object(
                    Bucket=self._location.bucket,
                    Key=self._location.key(path),
                    VersionId=version.id,
                    ChecksumMode="ENABLED",
                )
                with answer["Body"] as body:
                    shutil.copyfileobj(body, file, _CHUNK_BYTES)
            target.parent.mkdir(parents=True, exist_ok=True)
            arriving.rename(target)
        self._fetched[path] = name

    @contextlib.contextmanager
    def _arriving(self) -> Iterator[Path]:
        """Yield a file of this process alone: others may be copying the same bucket."""
        descriptor, name = tempfile.mkstemp(prefix="arriving-", dir=self._place)
        os.close(descriptor)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _load(self) -> dict[str, str]:
        try:
            return msgspec.json.decode((self._place / _FETCHED).read_bytes(), type=dict[str, str])
        except (OSError, *UNREADABLE_JSON):
            return {}

    def _save(self) -> None:
        with self._arriving() as arriving:
            arriving.write_bytes(msgspec.json.encode(self._fetched))
            arriving.rename(self._place / _FETCHED)


def _chosen(versions: Versions) -> Version:
    oldest, newest = versions.all[0], versions.all[-1]
    return newest if is_changing(newest.path) else oldest


def _name(version: Version) -> str:
    """Return what tells a version from all others, also in a bucket without versions.

    There each object has the id "null", whatever is put over it.
    """
    return f"{version.id} {version.tag} {version.modified.isoformat()}"


def _foreign(listed: Mapping[str, Versions]) -> list[str]:
    """Return the keys that cannot be files of an archive; of two in each other's way the later.

    Whoever may put objects there must not be able to keep the rest from being read.
    """
    files: set[str] = set()
    folders: set[str] = set()
    foreign = []
    for path in sorted(listed, key=lambda path: listed[path].all[0].modified):
        above = {parent.as_posix() for parent in PurePosixPath(path).parents}
        if not _SAFE_PATH.fullmatch(path) or path in folders or files & above:
            foreign.append(path)
        else:
            files.add(path)
            folders |= above
    return foreign
