"""An archive as the workbench sees it: opened, checked, and loaded as tables.

Each *segment* is turned once into Parquet files (files, conversion) in a *cache* (cache) outside
the archive, and found there again by the hash of its bytes. `load` (loading) checks how segments
follow each other and hands all of it as frames to the tables.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.evidence.archive import MARKER, check_archive
from gateway.evidence.bucket.location import is_location
from gateway.evidence.errors import ArchiveError
from gateway.evidence.place import local_archive, user_cache
from workbench.archive.cache import Cache, temporary_directory
from workbench.archive.keys import key_ring
from workbench.archive.loading import OnProgress, ignore, load
from workbench.archive.status import Status, status_of
from workbench.tables.admin import admin
from workbench.tables.commits import commits
from workbench.tables.delivered import delivered
from workbench.tables.exchanges import exchanges
from workbench.tables.gaps import gaps
from workbench.tables.produced import produced
from workbench.tables.reads import reads
from workbench.tables.records import records
from workbench.tables.sessions import sessions

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from gateway.evidence.place import LocalArchive
    from workbench.archive.cache import Entry


class Archive:
    """The nine tables of an archive, as it was when it was opened or last refreshed."""

    def __init__(
        self, bring: Callable[[], LocalArchive], cache: Cache, on_progress: OnProgress = ignore
    ) -> None:
        self._bring = bring
        self._cache = cache
        self._on_progress = on_progress
        self.refresh()

    def refresh(self) -> Archive:
        """Load what was recorded since; frames taken before stay as they are."""
        local = self._bring()
        check(local.folder)
        self.path = local.folder
        self.notes = local.notes
        self._loaded = load(self.path, self._cache, self._on_progress)
        self._frames = self._loaded.frames
        return self

    @property
    def status(self) -> Status:
        """How much the archive holds, of which time, and what is wrong with it."""
        return status_of(self.path, self._loaded)

    @property
    def segments(self) -> tuple[Entry, ...]:
        """The segments, with the hash of each as it was loaded."""
        return tuple(segment.entry for segment in self._loaded.segments)

    def __repr__(self) -> str:
        return str(self.status)

    def _repr_html_(self) -> str:
        return self.status.to_html()

    @property
    def sessions(self) -> pl.LazyFrame:
        """One row per client connection."""
        return sessions(self._frames)

    @property
    def exchanges(self) -> pl.LazyFrame:
        """One row per request."""
        return exchanges(self._frames)

    @property
    def produced(self) -> pl.LazyFrame:
        """One row per topic-partition of a Produce request."""
        return produced(self._frames)

    @property
    def delivered(self) -> pl.LazyFrame:
        """One row per topic-partition whose records one answer brought to a client."""
        return delivered(self._frames)

    @property
    def records(self) -> pl.LazyFrame:
        """One row per record of a recorded batch."""
        return records(self._frames)

    @property
    def reads(self) -> pl.LazyFrame:
        """One row per record delivered to one client once."""
        return reads(self._frames)

    @property
    def commits(self) -> pl.LazyFrame:
        """One row per offset committed for a group."""
        return commits(self._frames)

    @property
    def admin(self) -> pl.LazyFrame:
        """One row per administrative, group or transaction request."""
        return admin(self._frames)

    @property
    def gaps(self) -> pl.LazyFrame:
        """One row per thing that is damaged, missing, undecodable or unknown."""
        return gaps(self._frames)


def open_archive(
    path: str | Path,
    *,
    cache: str | Path | None = None,
    is_temporary: bool = False,
    keys: str | Path | None = None,
    identity: str | Path | None = None,
    on_progress: OnProgress = ignore,
) -> Archive:
    """Open an archive, sealed or still being written; nothing in it is ever changed.

    It is a folder, or `s3://BUCKET/PREFIX`: then it is copied into the cache first, and its `notes`
    say what was deleted or put over in the bucket.

    What it is turned into is kept in `cache`, by default the folder `streamwitness` among the
    user's caches, readable by that user alone; with `is_temporary` in a folder that goes when the
    process ends. `on_progress` is given how many segments are done, and how many there are. Damage
    never raises: it is rows of `gaps`. Raises ArchiveError when the path is no archive at all.

    What is encrypted is opened with `keys`, the key folder, and `identity`, the file with a
    recipient's private key; it is then kept in clear only in a `cache` that is named, and else in
    a folder that goes. Raises ArchiveError when they do not fit.

    >>> import polars as pl
    >>> import workbench as wb
    >>> archive = wb.open(wb.sample.path())
    >>> archive.status.is_whole
    True
    >>> archive.reads.filter(pl.col("topic") == "payments").collect().height > 0
    True
    """
    ring = key_ring(keys, identity)
    passing = temporary_directory() / "cache"
    if is_temporary:
        cache = passing
    directory = user_cache() if cache is None else Path(cache)
    # A copy of a bucket is as encrypted as the bucket.
    bring = partial(local_archive, path, directory)
    if not is_location(str(path)):
        check(Path(path))  # Before a cache is made for it.
    converted = passing if ring.files and cache is None else directory
    return Archive(bring, Cache(converted, ring), on_progress)


def check(archive: Path) -> None:
    """Raise ArchiveError, with what to do instead, when the path is no archive."""
    try:
        check_archive(archive)
    except ArchiveError as error:
        nearest = next((parent for parent in archive.parents if (parent / MARKER).is_file()), None)
        remedy = (
            f"open {nearest}, of which it is a part"
            if nearest
            else "open the folder that the gateway's configuration names as `archive`"
        )
        raise ArchiveError(f"{error}; {remedy}") from error
