"""Carrying on an origin's history: where it stands, and what becomes of an unsealed segment.

A crash leaves at most one partial segment, whose end may be torn. Its sound blocks stay as they
are, for a reader may have seen them; the segment is closed behind them. A torn end is cut off when
the journal still has its events. When it has not, the file is kept byte for byte under its sealed
name, where every reader reports the damage: evidence is never tidied away.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from gateway.evidence.archive import first_sequence_of, segment_paths
from gateway.evidence.block import BlockKind, CloseReason, Totals
from gateway.evidence.damage import Damage
from gateway.evidence.files import rename_anew, sync_directory
from gateway.evidence.segment import (
    PARTIAL_SUFFIX,
    Chain,
    SealOptions,
    SegmentState,
    SegmentWriter,
    is_partial,
)
from gateway.evidence.walk import SegmentWalk

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.stored import StoredBlock


def resume(
    segments: Path, origin: str, options: SealOptions, *, kept_from: int | None = None
) -> Chain:
    """Seal what a crash left unsealed and return what the next segment carries on from.

    `kept_from` is the first sequence number that the journal still holds, None for none.
    """
    chain = Chain()
    paths = segment_paths(segments)
    for path in reversed(paths):
        if not is_partial(path.name):
            found = _look(path, origin)
            if found.following is not None:
                chain = found.following
                break
    for path in paths:
        if is_partial(path.name):
            chain = _finish(path, chain, options, kept_from=kept_from, origin=origin)
    # Where nothing in the newest file is sound, its name still tells what was in it at least.
    sequences = [first_sequence_of(path) + 1 for path in segment_paths(segments)]
    return msgspec.structs.replace(chain, sequence=max([chain.sequence, *sequences]))


@dataclass(slots=True)
class _Found:
    """What stands in a segment file."""

    state: SegmentState
    """The sound headers and frames from the beginning on."""
    following: Chain | None = None
    """What follows the last sound header, wherever that stands; None when there is none."""
    has_events: bool = False
    is_broken: bool = False
    is_sound_behind: bool = False
    """Whether something sound stands behind something broken."""


def _look(path: Path, origin: str) -> _Found:
    found = _Found(SegmentState(origin=origin, segment_id="", chain=Chain(), totals=Totals(0)))
    with path.open("rb") as file:
        _forget_cached(file)
        for item in SegmentWalk(file, origin=origin, segment=path.name):
            if isinstance(item, Damage):
                found.is_broken |= not item.is_information
            elif item.frame_error is not None:
                found.is_broken = True
            else:
                _take(found, item)
    return found


def _take(found: _Found, stored: StoredBlock) -> None:
    header = stored.header
    found.following = Chain(
        segment=header.segment + 1,
        block=header.block + 1,
        previous_sha256=stored.digest,
        sequence=header.last_sequence + 1,
    )
    found.has_events |= header.kind is BlockKind.BLOCK
    if found.is_broken:
        found.is_sound_behind = True
        return
    found.state.segment_id = header.segment_id
    found.state.add(header, stored.encoded, stored.frame)


def _forget_cached(file: BinaryIO) -> None:
    """Make the next read come from the disk where the system allows.

    After a failed fsync Linux keeps the lost pages in memory as if they were clean, so what a
    restarted program reads may not be on the disk (Rebello et al., USENIX ATC 2020).
    """
    os.fsync(file.fileno())
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _finish(
    path: Path, chain: Chain, options: SealOptions, *, kept_from: int | None, origin: str
) -> Chain:
    found = _look(path, origin)
    state = found.state
    is_torn = path.stat().st_size > state.stored_bytes and not state.is_closed
    sequence = state.chain.sequence if state.entries else chain.sequence
    is_kept = kept_from is not None and kept_from <= sequence
    if found.is_sound_behind or (is_torn and not is_kept):
        return _keep_as_found(path, found.following or chain, has_events=found.has_events)
    if state.totals.event_count == 0:
        # No reader has seen an event in it.
        path.unlink()
        sync_directory(path.parent)
        return chain
    fd = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.ftruncate(fd, state.stored_bytes)
    writer = SegmentWriter(path, fd, state, options)
    writer.close(CloseReason.RECOVERY)
    return writer.chain


def _keep_as_found(path: Path, chain: Chain, *, has_events: bool) -> Chain:
    """Give the file a name that no segment will want, and leave its bytes alone."""
    if has_events:
        rename_anew(path, path.with_suffix(""))
    else:
        stem = path.name.removesuffix(PARTIAL_SUFFIX)
        names = (path.with_name(f"{stem}.damaged-{number}") for number in count(1))
        rename_anew(path, next(name for name in names if not name.exists()))
    return chain
