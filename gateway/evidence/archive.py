"""The archive: a folder with one folder per origin, read as a stream of blocks and damage.

ARCHIVE/archive.json                                     marks the folder and its format
ARCHIVE/<origin>/segments/<first sequence>.arrow.zst     sealed
ARCHIVE/<origin>/segments/<first sequence>.arrow.zst.partial   being written
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.errors import ArchiveError
from gateway.evidence.files import check_name, make_directory, sync_directory
from gateway.evidence.outline import SegmentOutline, read_outline
from gateway.evidence.reader import Block, SegmentReader
from gateway.evidence.segment import PARTIAL_SUFFIX, SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ARCHIVE_FORMAT: Final = 1
MARKER: Final = "archive.json"
_SEGMENT_NAME: Final = re.compile(r"[0-9]{20}\.arrow\.zst(\.partial)?")


class ArchiveMarker(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `archive.json`."""

    streamwitness_archive: int


def create_archive(archive: Path, origin: str) -> Path:
    """Make sure that the archive and the origin's folder exist; return the folder of its segments.

    Raises ArchiveError when the folder is an archive of another format, or holds something else.
    """
    check_name(origin, what="origin")
    make_directory(archive)
    marker = archive / MARKER
    if not marker.exists():
        if any(archive.iterdir()):
            raise ArchiveError(f"{archive} is not empty and has no {MARKER}: choose another folder")
        _write_marker(marker)
    problem = _marker_problem(marker)
    if problem is not None:
        raise ArchiveError(problem)
    segments = segments_directory(archive, origin)
    make_directory(segments)
    return segments


def segments_directory(archive: Path, origin: str) -> Path:
    """Return the folder that holds the origin's segments."""
    return archive / origin / "segments"


def segment_paths(segments: Path) -> list[Path]:
    """Return the segment files of one origin in the order of their sequence numbers."""
    return sorted(path for path in segments.iterdir() if _SEGMENT_NAME.fullmatch(path.name))


def origins(archive: Path) -> list[str]:
    """Return the names of the origins that the archive holds segments of."""
    return sorted(path.name for path in archive.iterdir() if (path / "segments").is_dir())


def scan(archive: Path) -> Iterator[Block | Damage]:
    """Yield every block of the archive, origin after origin, and every damage where it was met.

    Damage never raises. Raises ArchiveError when the path is no archive at all. An archive that is
    being written can be read: it ends where its last block ended when its file was opened.
    """
    for found in scan_segments(archive, is_known=_nothing_is_known):
        if not isinstance(found, SegmentOutline):
            yield found


def scan_segments(
    archive: Path, *, is_known: Callable[[SegmentOutline], bool]
) -> Iterator[SegmentOutline | Block | Damage]:
    """Scan the archive, but read only the segments that the caller has not converted already.

    Each sealed segment starts with its outline. When `is_known` says that the caller has its
    contents under `SegmentOutline.digest`, none of its blocks are read or yielded, yet its place in
    its origin's history is checked. A segment without outline (being written, or damaged) is always
    read. File under a digest only what came without any damage that names the same segment.
    """
    if not archive.is_dir() or not ((archive / MARKER).exists() or origins(archive)):
        raise ArchiveError(
            f"{archive} is no archive: it has neither {MARKER} nor a folder with segments"
        )
    problem = _marker_problem(archive / MARKER)
    if problem is not None:
        yield _about_file(DamageKind.MARKER, problem, "", MARKER)
    for origin in origins(archive):
        yield from _scan_origin(archive, origin, is_known)


def _scan_origin(
    archive: Path, origin: str, is_known: Callable[[SegmentOutline], bool]
) -> Iterator[SegmentOutline | Block | Damage]:
    segments = segments_directory(archive, origin)
    reader = SegmentReader()
    paths = segment_paths(segments)
    for path in sorted(set(segments.iterdir()) - set(paths)):
        message = f"{path.name} is no segment"
        yield _about_file(DamageKind.UNEXPECTED_FILE, message, origin, path.name)
    for path in paths:
        present = _present(path)
        outline = read_outline(present)
        if outline is not None:
            yield outline
        if outline is not None and is_known(outline):
            yield from reader.skip(outline)
        else:
            yield from reader.read(present)
        if present.name.endswith(PARTIAL_SUFFIX) and path != paths[-1]:
            message = "a later segment exists, but this one was never sealed"
            yield _about_file(DamageKind.TRUNCATED, message, origin, path.name)


def _nothing_is_known(_outline: SegmentOutline) -> bool:
    return False


def _present(path: Path) -> Path:
    """Return the path, or the sealed name if the segment was sealed since the folder was listed."""
    sealed = path.with_name(path.name.removesuffix(PARTIAL_SUFFIX) + SUFFIX)
    return sealed if path.name.endswith(PARTIAL_SUFFIX) and sealed.exists() else path


def _write_marker(marker: Path) -> None:
    temporary = marker.with_suffix(".tmp")
    content = msgspec.json.encode(ArchiveMarker(streamwitness_archive=ARCHIVE_FORMAT))
    with temporary.open("wb") as file:
        file.write(content + b"\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(marker)
    sync_directory(marker.parent)


def _marker_problem(marker: Path) -> str | None:
    try:
        read = msgspec.json.decode(marker.read_bytes(), type=ArchiveMarker)
    except (OSError, msgspec.MsgspecError) as error:
        return f"{marker.name} cannot be read: {error}"
    if read.streamwitness_archive != ARCHIVE_FORMAT:
        return (
            f"the archive has format {read.streamwitness_archive}, this version reads "
            f"{ARCHIVE_FORMAT}: use a newer version"
        )
    return None


def _about_file(kind: DamageKind, message: str, origin: str, name: str) -> Damage:
    return Damage(kind=kind, message=message, origin=origin, segment=name, byte_offset=0)
