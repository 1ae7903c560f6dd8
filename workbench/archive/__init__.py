"""An archive as the workbench sees it: opened, checked, and loaded as tables.

Each *segment* is turned once into Parquet files (files, conversion) in a *cache* (cache) outside
the archive, and found there again by the hash of its bytes. `load` (loading) checks how segments
follow each other and hands all of it as frames to the tables.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.archive.cache import Cache, default_cache
from workbench.archive.loading import load
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
    import polars as pl

    from workbench.tables.frames import Frames


class Archive:
    """The nine tables of an archive, as it was when it was opened or last refreshed."""

    def __init__(self, path: Path, cache: Cache) -> None:
        self.path = path
        self._cache = cache
        self._loaded = load(path, cache)

    def refresh(self) -> Archive:
        """Load what was recorded since; frames taken before stay as they are."""
        self._loaded = load(self.path, self._cache)
        self.__dict__.pop("_frames", None)
        return self

    @cached_property
    def _frames(self) -> Frames:
        return self._loaded.frames

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


def open_archive(path: str | Path, *, cache: str | Path | None = None) -> Archive:
    """Open an archive; nothing in it is ever written."""
    return Archive(Path(path), Cache(default_cache() if cache is None else Path(cache)))
