"""Writing the tables of an archive as Parquet files, with a manifest of what was written."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import msgspec
import polars as pl

from workbench.archive.cache import Stored, hash_file
from workbench.tables.schemas import SCHEMA_VERSION, TABLES

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from workbench.archive import Archive

MANIFEST: Final = "manifest.json"


class ExportError(Exception):
    """The folder cannot take the tables; the message says what to do."""


class TableFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file that was written."""

    table: str
    file: str
    row_count: int
    stored: Stored


class SegmentFile(msgspec.Struct, frozen=True, kw_only=True):
    """One segment that the tables were made from."""

    origin: str
    segment: str
    stored: Stored


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The content of manifest.json."""

    schema_version: int
    fault_count: int
    """Rows of gaps that are faults, whether or not that table was written."""
    information_count: int
    tables: tuple[TableFile, ...]
    segments: tuple[SegmentFile, ...]


def export(archive: Archive, directory: Path, names: Collection[str] = ()) -> Manifest:
    """Write the tables named, all of them by default, one file each.

    The folder must be new, empty, or hold an earlier export, which is replaced. The manifest comes
    last, so a folder without one is unfinished. Raises ExportError.
    """
    wanted = [table.name for table in TABLES if not names or table.name in names]
    _prepare(directory)
    files = tuple(_write(archive, directory, name) for name in wanted)
    is_information = archive.gaps.select("is_information").collect()["is_information"]
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        fault_count=int((~is_information).sum()),
        information_count=int(is_information.sum()),
        tables=files,
        segments=tuple(
            SegmentFile(origin=entry.origin, segment=entry.segment, stored=entry.stored)
            for entry in archive.segments
        ),
    )
    content = msgspec.json.format(msgspec.json.encode(manifest)) + b"\n"
    temporary = _temporary(directory / MANIFEST)
    temporary.write_bytes(content)
    temporary.rename(directory / MANIFEST)
    return manifest


def _prepare(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_taken = any(directory.iterdir()) and not (directory / MANIFEST).exists()
    except OSError as error:
        raise ExportError(f"{directory} cannot be used: {error}") from error
    if is_taken:
        raise ExportError(f"{directory} holds something else: choose a new or an empty folder")
    (directory / MANIFEST).unlink(missing_ok=True)
    for table in TABLES:
        (directory / f"{table.name}.parquet").unlink(missing_ok=True)


def _write(archive: Archive, directory: Path, name: str) -> TableFile:
    path = directory / f"{name}.parquet"
    temporary = _temporary(path)
    frame: pl.LazyFrame = getattr(archive, name)
    frame.sink_parquet(temporary)
    temporary.rename(path)
    row_count = int(pl.scan_parquet(path).select(pl.len()).collect().item())
    return TableFile(table=name, file=path.name, row_count=row_count, stored=hash_file(path))


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}")
