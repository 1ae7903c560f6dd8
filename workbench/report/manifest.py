"""The manifest: what a report rests on, so that anybody can check that it is the same."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from hashlib import file_digest
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import msgspec
import polars as pl

from gateway.evidence.archive import origins, segment_paths, segments_directory
from gateway.evidence.verify import Verification, verify
from workbench.tables.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workbench.report.notebook import Template
    from workbench.tables import Tables

_LIBRARIES: Final = (
    "streamwitness",
    "polars",
    "pyarrow",
    "altair",
    "vl-convert-python",
    "nbclient",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment file of the archive."""

    origin: str
    name: str
    byte_count: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where one origin's chain of hashes ends."""

    origin: str
    event_count: int
    last_sequence: int | None
    head_sha256: str | None
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that the content of a report depends on."""

    notebook: str
    notebook_sha256: str
    parameters: dict[str, str]
    soundness: str
    """The verdict on the archive: whole or damaged."""
    faults: tuple[str, ...]
    heads: tuple[Head, ...]
    segments: tuple[Segment, ...]
    row_counts: dict[str, int]
    versions: dict[str, str]

    def to_json(self) -> str:
        """Write it for machines; no text in it can end a script element."""
        return msgspec.json.format(msgspec.json.encode(self)).decode().replace("<", "\\u003c")


def make_manifest(
    archive: Path, tables: Tables, template: Template, parameters: Mapping[str, object]
) -> Manifest:
    """Verify the archive and hash everything."""
    verification = verify(archive)
    return Manifest(
        notebook=template.name,
        notebook_sha256=template.sha256,
        parameters={name: repr(value) for name, value in sorted(parameters.items())},
        soundness=str(verification.verdict),
        faults=tuple(damage.message for damage in verification.faults),
        heads=_heads(verification),
        segments=tuple(_segments(archive)),
        row_counts={table.name: _count(tables, table.name) for table in TABLES},
        versions={"python": platform.python_version()}
        | {library: version(library) for library in _LIBRARIES},
    )


def _heads(verification: Verification) -> tuple[Head, ...]:
    return tuple(
        Head(
            origin=origin.origin,
            event_count=origin.events,
            last_sequence=origin.last_sequence,
            head_sha256=None if origin.head is None else origin.head.digest,
            is_open=origin.is_open,
        )
        for origin in verification.origins
    )


def _segments(archive: Path) -> list[Segment]:
    found = []
    for origin in origins(archive):
        for path in segment_paths(segments_directory(archive, origin)):
            with path.open("rb") as file:
                digest = file_digest(file, "sha256").hexdigest()
                found.append(
                    Segment(origin=origin, name=path.name, byte_count=file.tell(), sha256=digest)
                )
    return found


def _count(tables: Tables, name: str) -> int:
    frame: pl.LazyFrame = getattr(tables, name)
    return int(frame.select(pl.len()).collect().item())
