"""Tombstones: what stands where segments were removed because their time was over.

`ARCHIVE/<origin>/tombstones/<first sequence>.note` is a signed note (C2SP): one line that names the
format, and one of JSON, a `Tombstone`. A segment that is gone and has one has expired; one without
is missing. Whether it is signed is checked with the keys of the log (tombstones_check).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from gateway.evidence.damage import DamageKind
from gateway.evidence.errors import UNREADABLE_JSON, DamagedError, ProofError
from gateway.evidence.log.folder import UNFINISHED
from gateway.evidence.log.note import Note, decode_note
from gateway.evidence.selection import LeftOut, left_out_of

if TYPE_CHECKING:
    from pathlib import Path

TOMBSTONES: Final = "tombstones"
SUFFIX: Final = ".note"
_FORMAT: Final = "streamwitness/tombstone/v1"
_Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Tombstone(LeftOut, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The segment that was removed, and who removed it, when and why."""

    segment: str
    """The name of its file."""
    segment_sha256: _Digest
    byte_count: int
    removed_at: str
    """RFC 3339."""
    removed_by: str
    reason: str

    @property
    def kind(self) -> DamageKind:
        """As what it is told."""
        return DamageKind.EXPIRED

    @property
    def message(self) -> str:
        """What is to be said of it."""
        return (
            f"{self.segment} was removed by {self.removed_by} at {self.removed_at}: {self.reason}; "
            f"it had SHA-256 {self.segment_sha256}"
        )


def tombstone_path(directory: Path, first_sequence: int) -> Path:
    """Return where in an origin's folder the tombstone of a segment stands."""
    return directory / TOMBSTONES / f"{first_sequence:020d}{SUFFIX}"


def tombstone_text(tombstone: Tombstone) -> str:
    """Return the text that is signed."""
    return f"{_FORMAT}\n{msgspec.json.encode(tombstone).decode()}\n"


def read_tombstone(path: Path, origin: str) -> tuple[Note, Tombstone]:
    """Return what stands in a file; the signatures are not looked at.

    Raises DamagedError unless it is the tombstone of a segment of that origin, and OSError.
    """
    try:
        note = decode_note(path.read_bytes())
        first, _, line = note.text.partition("\n")
        tombstone = msgspec.json.decode(line, type=Tombstone)
    except (ProofError, *UNREADABLE_JSON) as error:
        raise DamagedError(f"{path.name} is no tombstone: {error}") from error
    names = (first, tombstone.origin, tombstone.segment)
    expected = f"{tombstone.first_sequence:020d}"
    if names != (_FORMAT, origin, f"{expected}.arrow.zst") or path.stem != expected:
        raise DamagedError(f"{path.name} is the tombstone of something else")
    return note, tombstone


def tombstone_files(archive: Path, origin: str) -> list[Path]:
    """Return the tombstones of an origin, oldest segment first."""
    folder = archive / origin / TOMBSTONES
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    # A crash leaves such a file before its segment goes: nothing was removed for it.
    return [path for path in found if not path.name.endswith(f"{SUFFIX}{UNFINISHED}")]


def absent_of(archive: Path, origin: str) -> list[LeftOut]:
    """Return the runs of segments of an origin that are not there on purpose, in their order.

    A segment that has a tombstone and is there all the same is none: it was about to be removed.
    """
    runs = list(left_out_of(archive, origin))
    for path in tombstone_files(archive, origin):
        try:
            _, tombstone = read_tombstone(path, origin)
        except (DamagedError, OSError):
            continue  # Its check tells; what is not there is missing then.
        if not (archive / origin / "segments" / tombstone.segment).exists():
            runs.append(tombstone)
    return sorted(runs, key=lambda run: run.first_sequence)
