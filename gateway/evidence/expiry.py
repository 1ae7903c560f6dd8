"""Removing sealed segments whose time is over; a tombstone is durable before each of them goes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.archive import check_archive, origins, segment_paths, segments_directory
from gateway.evidence.damage import Damage, Flaw
from gateway.evidence.decode import decode
from gateway.evidence.errors import UNREADABLE_JSON, ArchiveError
from gateway.evidence.files import sync_directory
from gateway.evidence.log.folder import LogFolder, log_directory
from gateway.evidence.log.keys import verify_note
from gateway.evidence.log.merkle import leaf_hash
from gateway.evidence.log.published import Published
from gateway.evidence.log.signing import load_signer, sign_note
from gateway.evidence.outline import read_outline
from gateway.evidence.segment import is_partial
from gateway.evidence.tombstones import Tombstone, tombstone_path, tombstone_text
from gateway.evidence.walk import SegmentWalk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.evidence.log.published import Leaves
    from gateway.evidence.log.signing import Signer
    from gateway.evidence.outline import SegmentOutline

HOLD: Final = "legal-hold.json"
_NANOSECONDS: Final = 1_000_000_000


class Hold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why nothing of an archive may be removed, since when, and who said so."""

    held_at: str
    held_by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Who removes what was sealed before a moment, and why; `key` signs for it."""

    before: datetime
    key: Path
    by: str
    reason: str


def expire(archive: Path, removal: Removal) -> Iterator[Tombstone]:
    """Remove each origin's oldest segments that were sealed before, and yield their tombstones.

    Whatever stands behind a segment that is younger, damaged or not yet covered by the log stays,
    and so does the newest of an origin: its recorder carries on from there. Raises ArchiveError
    when the archive is held, the key is not the one that signs an origin's log, or that log is
    damaged, at the end when a segment is, and OSError.
    """
    check_archive(archive)
    _refuse_held(archive)
    damaged: list[Path] = []
    for origin in origins(archive):
        due = _due(archive, origin, removal.before, damaged)
        if not due:
            continue
        signer, leaves = _log(archive, origin, removal.key)
        for outline in due:
            if outline.closing.header.block >= len(leaves.hashes):
                break  # Not covered by a checkpoint yet.
            if not _is_as_signed(outline, leaves):
                damaged.append(outline.path)  # Evidence of whatever happened to it.
                break
            _refuse_held(archive)
            yield _remove(archive, outline, removal, signer)
    if damaged:
        raise ArchiveError(
            f"{', '.join(map(str, damaged))}: not what the log says was recorded, so neither this "
            "nor what follows is removed; verify the archive"
        )


def hold_archive(archive: Path, *, by: str, reason: str) -> None:
    """Let nothing of an archive be removed from now on; raises ArchiveError and OSError.

    It does not take the place of another hold, whose reason nobody would then know.
    """
    check_archive(archive)
    before = read_hold(archive)
    if before is not None:
        raise ArchiveError(f"{_told(archive, before)}; lift that first, and say both reasons")
    held_at = datetime.now(UTC).isoformat(timespec="seconds")
    content = msgspec.json.encode(Hold(held_at=held_at, held_by=by, reason=reason)) + b"\n"
    LogFolder(archive).write([(HOLD, content)])


def lift_hold(archive: Path) -> None:
    """Let the archive's segments expire again; raises ArchiveError when it is not held."""
    if read_hold(archive) is None:
        raise ArchiveError(f"{archive} is not held")
    (archive / HOLD).unlink()
    sync_directory(archive)


def read_hold(archive: Path) -> Hold | None:
    """Return the hold on an archive; raises ArchiveError when it cannot be read."""
    try:
        return msgspec.json.decode((archive / HOLD).read_bytes(), type=Hold)
    except FileNotFoundError:
        return None
    except (OSError, *UNREADABLE_JSON) as error:
        # Whatever it says, somebody wanted the archive to be kept.
        raise ArchiveError(f"{archive / HOLD} cannot be read: {error}") from error


def _refuse_held(archive: Path) -> None:
    hold = read_hold(archive)
    if hold is not None:
        raise ArchiveError(
            f"{_told(archive, hold)}; nothing is removed before `streamwitness hold --lift`"
        )


def _told(archive: Path, hold: Hold) -> str:
    return f"{archive} is held since {hold.held_at} by {hold.held_by}: {hold.reason}"


def _due(archive: Path, origin: str, before: datetime, damaged: list[Path]) -> list[SegmentOutline]:
    """Return the segments that are old enough, up to one that is not, or is damaged."""
    due: list[SegmentOutline] = []
    for path in segment_paths(segments_directory(archive, origin))[:-1]:
        outline = read_outline(path)
        if outline is None:
            damaged += [] if is_partial(path.name) else [path]
            break
        age = outline.closing.header.sealed_wall_ns / _NANOSECONDS
        if datetime.fromtimestamp(age, UTC) >= before:
            break
        due.append(outline)
    return due


def _log(archive: Path, origin: str, key: Path) -> tuple[Signer, Leaves]:
    """Return who signs for an origin, and the leaves that its newest checkpoint covers."""
    folder = LogFolder(log_directory(archive, origin))
    newest = folder.newest()
    if newest is None:
        raise ArchiveError(f"{origin} has no signed log: nothing would tell what was removed")
    note, checkpoint = newest
    signer = load_signer(key, checkpoint.log)
    if not verify_note(note, [signer.public]):
        raise ArchiveError(f"{key} is not the key that signs the log {checkpoint.log}")
    leaves = Published(folder).leaves(checkpoint)
    if leaves is None:
        raise ArchiveError(f"the log of {origin} is damaged, and nothing is removed: verify it")
    return signer, leaves


def _is_as_signed(outline: SegmentOutline, leaves: Leaves) -> bool:
    """Tell whether a segment is sound, and holds just the headers that the log says it did."""
    signed = leaves.hashes[outline.opening.header.block : outline.closing.header.block + 1]
    found: list[bytes] = []
    with outline.path.open("rb") as file:
        for stored in SegmentWalk(file, origin=outline.origin, segment=outline.segment):
            if isinstance(stored, Damage) or isinstance(decode(stored), Flaw):
                return False
            found.append(leaf_hash(stored.encoded.line))
    return found == list(signed)


def _remove(archive: Path, outline: SegmentOutline, removal: Removal, signer: Signer) -> Tombstone:
    opening, closing = outline.opening.header, outline.closing.header
    with outline.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    tombstone = Tombstone(
        origin=outline.origin,
        first_block=opening.block,
        last_block=closing.block,
        first_sequence=closing.first_sequence,
        last_sequence=closing.last_sequence,
        segment=outline.segment,
        segment_sha256=digest,
        byte_count=outline.path.stat().st_size,
        removed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        removed_by=removal.by,
        reason=removal.reason,
    )
    directory = archive / outline.origin
    path = tombstone_path(directory, tombstone.first_sequence)
    note = sign_note(tombstone_text(tombstone), [signer])
    LogFolder(directory).write([(path.relative_to(directory).as_posix(), note.encode())])
    outline.path.unlink()
    sync_directory(outline.path.parent)
    return tombstone


def days_ago(days: int) -> datetime:
    """Return the moment that many days ago."""
    return datetime.now(UTC) - timedelta(days=days)
