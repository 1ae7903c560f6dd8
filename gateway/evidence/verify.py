"""Verifying an archive: reading all of it, and saying what was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from gateway.evidence.ahead import decoding_threads
from gateway.evidence.archive import (
    check_archive,
    origins,
    scan_origin,
    segment_paths,
    segments_directory,
)
from gateway.evidence.block import least, most
from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.log.trust import Trust, unseen_logs
from gateway.evidence.log_check import LogVerification, check_log
from gateway.evidence.reader import Block, SegmentReader
from gateway.evidence.selection import selection_damages
from gateway.evidence.sums_check import check_sums
from gateway.evidence.tombstones_check import check_tombstones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Executor
    from pathlib import Path

    from gateway.evidence.stored import StoredHeader

REMEDIES: Final[Mapping[DamageKind, str]] = {
    DamageKind.MARKER: "Find out who touched the file; the segments do not depend on it.",
    DamageKind.UNREADABLE: "Copy the medium before anything else; check permissions and disk.",
    DamageKind.UNEXPECTED_FILE: "Keep it, find out who put it there, and look at it elsewhere.",
    DamageKind.HEADER: "Keep this copy and compare the segment with another one.",
    DamageKind.FRAME: "Keep this copy and take the block from another one; its hash tells which.",
    DamageKind.ROWS: "The writer was at fault or was not ours: do not rely on this block.",
    DamageKind.CHAIN: "Compare with another copy of the archive to see which one was altered.",
    DamageKind.NAME: "The file was renamed or moved: find out by whom, and keep it as it is.",
    DamageKind.SEQUENCE_GAP: "Look for the missing segment in other copies and in the journal.",
    DamageKind.SEQUENCE_OVERLAP: "Two histories exist: find out which one the gateway wrote.",
    DamageKind.MISSING_BEGINNING: "Look for the oldest segments where older evidence is kept.",
    DamageKind.TRUNCATED: "Look for the whole segment in other copies of the archive.",
    DamageKind.SEEK_TABLE: "The blocks are unharmed: compare the end of the file with a copy.",
    DamageKind.TRAILING_BYTES: "Keep them apart: they are no evidence of the gateway's.",
    DamageKind.LOG_FILE: "Take the file from a copy: what was signed tells which one is right.",
    DamageKind.CHECKPOINT: "Do not rely on what only this checkpoint covers; look for copies.",
    DamageKind.KEY: "Ask the holder of the root key which keys were certified, and when.",
    DamageKind.LEAF: "This header was forged or exchanged: take the segment from another copy.",
    DamageKind.MISSING: "Look for the segment in other copies; until then it is a gap.",
    DamageKind.WITNESS: "Ask the witness for its newest checkpoint of this log and compare.",
    DamageKind.LISTED: "Take the file from a copy: its hash in the list tells which is right.",
    DamageKind.TIMESTAMP: "Do not rely on this time; take the timestamp from another copy.",
    DamageKind.OPEN_TAIL: "Nothing, while the gateway runs; after a crash, start it once more.",
    DamageKind.UNSIGNED: "Compare the chain head with one that was noted elsewhere.",
    DamageKind.UNLISTED: "Nothing: the log covers the events; a list comes with the next segment.",
    DamageKind.UNCOVERED: "Nothing, while the gateway runs: a checkpoint comes every few seconds.",
    DamageKind.UNFINISHED_FILE: "Nothing: what it was to replace still stands.",
    DamageKind.SILENCE: "Find out why the recorder stopped; traffic could not pass it meanwhile.",
    DamageKind.CLOCK: "Order events by their sequence numbers, not by time.",
    DamageKind.KEY_LOST: "Ask the holder of the root key why the old key could not sign.",
    DamageKind.TOMBSTONE: "Ask who removed the segment and by what right; look for it in copies.",
    DamageKind.EXPIRED: "Nothing, if the reason is a good one; copies in other places may last.",
    DamageKind.NOT_SELECTED: "Ask whoever made the selection for it, if it matters.",
}


class Verdict(StrEnum):
    """What verification comes to."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    SELECTION = "selection"
    """What is there is whole, and parts were left out, as the archive itself says."""


@dataclass(slots=True, kw_only=True)
class OriginVerification:
    """What one origin's segments hold that is sound."""

    origin: str
    segments: int = 0
    """The files, sound or not."""
    stored_bytes: int = 0
    """The size of the files."""
    blocks: int = 0
    events: int = 0
    first_sequence: int | None = None
    last_sequence: int | None = None
    first_wall_ns: int | None = None
    last_wall_ns: int | None = None
    head: StoredHeader | None = None
    """The last header, to which the hashes of all before it lead; None when none is sound."""
    left_out_events: int = 0
    """How many events were left out on purpose, as the archive itself says."""
    is_open: bool = False
    """Whether the newest segment is being written, or was when its writer died."""
    log: LogVerification = field(default_factory=LogVerification)

    def add(self, block: Block) -> None:
        """Count a block that is sound."""
        header = block.header
        self.blocks += 1
        self.events += header.event_count
        self.first_sequence = least(self.first_sequence, header.first_sequence)
        self.last_sequence = most(self.last_sequence, header.last_sequence)
        self.first_wall_ns = least(self.first_wall_ns, header.first_wall_ns)
        self.last_wall_ns = most(self.last_wall_ns, header.last_wall_ns)


@dataclass(slots=True, kw_only=True)
class Verification:
    """What an archive holds that is sound, and everything that is wrong with it."""

    origins: list[OriginVerification] = field(default_factory=list)
    damages: list[Damage] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """Whether all of it is as it was written; an open tail is no fault."""
        if self.faults:
            return Verdict.DAMAGED
        is_selection = any(each.kind is DamageKind.NOT_SELECTED for each in self.damages)
        return Verdict.SELECTION if is_selection else Verdict.WHOLE

    @property
    def faults(self) -> list[Damage]:
        """What is wrong."""
        return [damage for damage in self.damages if not damage.is_information]

    @property
    def notices(self) -> list[Damage]:
        """What is to be known and is no fault."""
        return [damage for damage in self.damages if damage.is_information]


def verify(
    archive: Path,
    on_progress: Callable[[int, int], object] = lambda _done, _total: None,
    trust: Trust | None = None,
) -> Verification:
    """Read the whole archive and return what is sound and what is not.

    Signatures are checked against the keys of `trust`. `on_progress` is given the bytes read and
    all bytes to read, from time to time. Damage never raises. Raises ArchiveError when the path is
    no archive at all.
    """
    verification = Verification()
    problem = check_archive(archive)
    if problem is not None:
        verification.damages.append(problem)
    verification.damages += selection_damages(archive)
    verification.origins = [_measure(archive, origin) for origin in origins(archive)]
    total = sum(origin.stored_bytes for origin in verification.origins)
    done = 0
    with decoding_threads() as threads:
        for origin in verification.origins:
            on_progress(done, total)
            for read in _verify_origin(archive, origin, verification.damages, threads):
                on_progress(done + read, total)
            origin.log, damages = check_log(archive, origin.origin, trust or Trust())
            verification.damages += damages
            verification.damages += check_sums(archive, origin.origin, origin.log.keys)
            verification.damages += check_tombstones(
                archive, origin.origin, origin.log.reigns, origin.log.size
            )
            done += origin.stored_bytes
    on_progress(total, total)
    logs = {origin.log.log for origin in verification.origins}
    verification.damages += unseen_logs(trust or Trust(), logs)
    return verification


def _verify_origin(
    archive: Path, origin: OriginVerification, damages: list[Damage], threads: Executor
) -> Iterator[int]:
    """Fill in what the origin's segments hold; yield how much of it has been read."""
    reader = SegmentReader(origin.origin, threads)
    read = 0
    for found in scan_origin(archive, origin.origin, reader):
        if isinstance(found, Block):
            origin.add(found)
            read += found.header.frame_bytes
            yield read
        elif isinstance(found, Damage):
            damages.append(found)
            origin.left_out_events += _left_out(found)
            origin.is_open |= found.kind is DamageKind.OPEN_TAIL
    origin.head = reader.history.head


def _left_out(found: Damage) -> int:
    is_absent = found.kind in {DamageKind.NOT_SELECTED, DamageKind.EXPIRED}
    if not is_absent or found.first_sequence is None:
        return 0
    assert found.last_sequence is not None, "a run has both ends"
    return found.last_sequence - found.first_sequence + 1


def _measure(archive: Path, origin: str) -> OriginVerification:
    found = OriginVerification(origin=origin)
    try:
        for path in segment_paths(segments_directory(archive, origin)):
            found.segments += 1
            found.stored_bytes += path.stat().st_size
    except OSError:
        pass  # Reading it will tell.
    return found
