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

from gateway.evidence.ahead import decoding_threads
from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.errors import UNREADABLE_JSON, ArchiveError
from gateway.evidence.files import check_name, make_directory, special_files, sync_directory
from gateway.evidence.log.folder import log_directory
from gateway.evidence.outline import SegmentOutline, read_outline
from gateway.evidence.reader import Block, SegmentReader
from gateway.evidence.selection import selection_damages
from gateway.evidence.tombstones import absent_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ARCHIVE_FORMAT: Final = 1
MARKER: Final = "archive.json"
LOCK: Final = "sealer.lock"
# A writer renames once a second at most; this many changes in a row are no writer's.
LISTINGS_MAX: Final = 100
_SEGMENT_NAME: Final = re.compile(r"[0-9]{20}\.arrow\.zst(\.partial)?")


class ArchiveMarker(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `archive.json`."""

    streamwitness_archive: int


def _nothing_is_known(_outline: SegmentOutline) -> bool:
    return False


def create_archive(archive: Path, origin: str) -> Path:
    """Make sure that the archive and the origin's folder exist; return the folder of its segments.

    Raises ArchiveError when the folder is an archive of another format, or holds something else.
    """
    check_name(origin, what="origin")
    make_directory(archive)
    marker = archive / MARKER
    if not marker.exists():
        others = [path for path in archive.iterdir() if not path.name.startswith(MARKER)]
        # Looked at again: another origin's writer may have made it an archive just now.
        if others and not marker.exists():
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
    return [path for path in _listing(segments) if _SEGMENT_NAME.fullmatch(path.name)]


def first_sequence_of(segment: Path) -> int:
    """Return the sequence number that a segment starts with by its name."""
    return int(segment.name.partition(".")[0])


def origins(archive: Path) -> list[str]:
    """Return the names of the origins that were written into the archive."""
    return [
        path.name
        for path in _listing(archive)
        # What stays when somebody takes the segments away, which is to be noticed.
        if segments_directory(archive, path.name).is_dir()
        or (path / LOCK).is_file()
        or log_directory(archive, path.name).is_dir()
    ]


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
    with decoding_threads() as threads:
        problem = check_archive(archive)
        if problem is not None:
            yield problem
        yield from selection_damages(archive)
        for origin in origins(archive):
            reader = SegmentReader(origin, threads)
            yield from scan_origin(archive, origin, reader, is_known=is_known)


def check_archive(archive: Path) -> Damage | None:
    """Return what is wrong with the mark of an archive; raises ArchiveError for what is none."""
    try:
        is_archive = (archive / MARKER).exists() or bool(origins(archive))
    except OSError as error:
        raise ArchiveError(f"{archive} cannot be read as an archive: {error}") from error
    if not is_archive:
        raise ArchiveError(
            f"{archive} is no archive: it has neither {MARKER} nor a folder with segments"
        )
    special = next(special_files(archive), None)
    if special is not None:
        raise ArchiveError(
            f"{special} is a pipe, a socket or a device, or leads to one, which no archive holds: "
            "find out who put it there, and move it away; reading it might never end"
        )
    problem = _marker_problem(archive / MARKER)
    return None if problem is None else _about_file(DamageKind.MARKER, problem, "", MARKER)


def scan_origin(
    archive: Path,
    origin: str,
    reader: SegmentReader,
    *,
    is_known: Callable[[SegmentOutline], bool] = _nothing_is_known,
) -> Iterator[SegmentOutline | Block | Damage]:
    """Scan what one origin recorded, oldest first."""
    segments = segments_directory(archive, origin)
    try:
        listing = _listing(segments)
    except OSError as error:
        message = f"the folder cannot be read: {error}"
        yield _about_file(DamageKind.UNREADABLE, message, origin, "")
        return
    paths = [path for path in listing if _SEGMENT_NAME.fullmatch(path.name)]
    for path in sorted(set(listing).difference(paths)):
        message = f"{path.name} is no segment"
        yield _about_file(DamageKind.UNEXPECTED_FILE, message, origin, path.name)
    left_out = absent_of(archive, origin)
    for path in paths:
        while left_out and left_out[0].last_sequence < first_sequence_of(path):
            yield from reader.leave_out(left_out.pop(0))
        outline = read_outline(path)
        if outline is not None:
            yield outline
        if outline is not None and is_known(outline):
            yield from reader.skip(outline)
        else:
            yield from reader.read(path, is_newest=path == paths[-1])
    for run in left_out:
        yield from reader.leave_out(run)


def _listing(directory: Path) -> list[Path]:
    """Return what is in the directory, sorted, as it was at one moment.

    While a file is renamed, reading its directory may show it under both names or under none.
    """
    listing = sorted(directory.iterdir())
    for _ in range(LISTINGS_MAX):
        listing, before = sorted(directory.iterdir()), listing
        if listing == before:
            break
    return listing


def _write_marker(marker: Path) -> None:
    temporary = marker.with_name(f"{marker.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(_marker(ARCHIVE_FORMAT))
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(marker)
    sync_directory(marker.parent)


def _marker(format_: int) -> bytes:
    return msgspec.json.encode(ArchiveMarker(streamwitness_archive=format_)) + b"\n"


def _marker_problem(marker: Path) -> str | None:
    try:
        content = marker.read_bytes()
        found = msgspec.json.decode(content, type=ArchiveMarker).streamwitness_archive
    except (OSError, *UNREADABLE_JSON) as error:
        return f"{marker.name} cannot be read: {error}"
    if found != ARCHIVE_FORMAT:
        return (
            f"the archive has format {found}, this version reads {ARCHIVE_FORMAT}: "
            "use a newer version"
        )
    return None if content == _marker(found) else f"{marker.name} is not as it was written"


def _about_file(kind: DamageKind, message: str, origin: str, name: str) -> Damage:
    return Damage(kind=kind, message=message, origin=origin, segment=name, byte_offset=0)
