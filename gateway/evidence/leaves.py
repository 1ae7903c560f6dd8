"""The leaves of a log as the segments hold them: the line of each header, block after block."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from gateway.evidence.archive import segment_paths
from gateway.evidence.block import BlockHeader
from gateway.evidence.damage import Damage
from gateway.evidence.errors import UNREADABLE_JSON, ArchiveError, DamagedError
from gateway.evidence.log.tiles import LOST_ENTRY
from gateway.evidence.segment import Chain
from gateway.evidence.stored import SegmentFile
from gateway.evidence.walk import SegmentWalk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.evidence.log.writer import LogWriter
    from gateway.evidence.stored import StoredHeader


def stored_headers(path: Path) -> Iterator[StoredHeader]:
    """Yield the sound headers of a segment in the order of the file; raises OSError."""
    with path.open("rb") as opened:
        file = SegmentFile(opened)
        try:
            # Each header and each frame has an entry; behind them stand the table and its end.
            positions = file.seek_table().boundaries[:-1:2]
            headers = [file.header(position) for position in positions]
        except DamagedError:
            walk = SegmentWalk(opened, origin="", segment=path.name)
            headers = [item for item in walk if not isinstance(item, Damage)]
    yield from headers


def carry_on(log: LogWriter, segments: Path, chain: Chain) -> Chain:
    """Bring the log up to the headers in the segments; return what the next segment carries on.

    That is the chain as the segments tell it, unless headers are gone that the log covers: then it
    goes on behind them, and every reader sees what is missing. Raises ArchiveError and OSError.
    """
    if not log.is_loaded:
        log.rebuild(_lines(segments, 0))
    for line in _lines(segments, log.size):
        log.append(line)
    if log.size > chain.block:
        return _chain_behind(log)
    log.lose(chain.block)
    return chain


def newest_keys(segments: Path) -> tuple[str, ...]:
    """Return the keys that the newest segment names which names any."""
    for path in reversed(segment_paths(segments)):
        try:
            with path.open("rb") as file:
                keys = SegmentFile(file).header(0).header.keys
        except DamagedError:
            continue
        if keys:
            return keys
    return ()


def _lines(segments: Path, first_block: int) -> Iterator[bytes]:
    """Yield the line of every header from that block on, and for lost ones what stands for them."""
    expected = first_block
    for path in _from_block(segments, first_block):
        for stored in stored_headers(path):
            while expected < stored.header.block:
                yield LOST_ENTRY % expected
                expected += 1
            if expected == stored.header.block:
                yield stored.encoded.line
                expected += 1


def _from_block(segments: Path, block: int) -> list[Path]:
    """Return the segments in which headers from that block on may stand."""
    paths = segment_paths(segments)
    for index in range(len(paths) - 1, -1, -1):
        try:
            with paths[index].open("rb") as file:
                if SegmentFile(file).header(0).header.block <= block:
                    return paths[index:]
        except DamagedError:
            continue
    return paths


def _chain_behind(log: LogWriter) -> Chain:
    line = log.last_entry()
    try:
        header = msgspec.json.decode(line, type=BlockHeader)
    except UNREADABLE_JSON as error:
        raise ArchiveError(
            f"the log is {log.size} headers long, more than the segments hold, and its last one "
            "cannot be read: keep the archive as it is, and record under another instance"
        ) from error
    return Chain(
        segment=header.segment + 1,
        block=log.size,
        previous_sha256=hashlib.sha256(line).hexdigest(),
        sequence=header.last_sequence + 1,
    )
