"""The headers of an origin, each with its place: in a segment or, where that is gone, the log."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from gateway.evidence.archive import first_sequence_of, segment_paths, segments_directory
from gateway.evidence.block import BlockHeader, EncodedHeader
from gateway.evidence.errors import UNREADABLE_JSON, DamagedError
from gateway.evidence.leaves import stored_headers
from gateway.evidence.log.merkle import leaf_hash
from gateway.evidence.stored import StoredHeader
from gateway.evidence.tombstones import absent_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.evidence.log.published import Leaves, Published
    from gateway.evidence.selection import LeftOut


@dataclass(frozen=True, slots=True)
class Place:
    """A header, and the name of the segment that it stands in; empty where that is gone."""

    segment: str
    stored: StoredHeader


class Places:
    """Finds the headers of one origin."""

    def __init__(self, archive: Path, origin: str, published: Published) -> None:
        self._archive = archive
        self._origin = origin
        self._segments = segments_directory(archive, origin)
        self._published = published

    def claim_log(self) -> bool:
        """Tell whether the first header that can be read names a log."""
        for path in self._paths():
            try:
                for stored in stored_headers(path):
                    return stored.header.log is not None
            except OSError:
                continue
        return False

    def stored(self) -> Iterator[Place]:
        """Yield the headers in the segments, in the order of these."""
        for path in self._paths():
            yield from _in_segment(path)

    def known(self, leaves: Leaves) -> Iterator[Place]:
        """Yield the headers in the segments, and those that were left out as the log tells them.

        What the log does not tell of those is not yielded.
        """
        absent = absent_of(self._archive, self._origin)
        for path in self._paths():
            while absent and absent[0].last_sequence < first_sequence_of(path):
                yield from self._in_log(absent.pop(0), leaves)
            yield from _in_segment(path)
        for run in absent:
            yield from self._in_log(run, leaves)

    def in_log(self, index: int, leaves: Leaves) -> StoredHeader | None:
        """Return a header that the signed tree holds, None where no file of the log tells it."""
        try:
            entry = self._published.entry(index, len(leaves.hashes))
            if leaf_hash(entry) != leaves.hashes[index]:
                return None
            header = msgspec.json.decode(entry, type=BlockHeader)
        except (DamagedError, OSError, *UNREADABLE_JSON):
            return None
        encoded = EncodedHeader(entry, sha256(entry).hexdigest(), b"")
        return StoredHeader(header=header, encoded=encoded, position=0)

    def _in_log(self, run: LeftOut, leaves: Leaves) -> Iterator[Place]:
        for index in range(run.first_block, min(run.last_block + 1, len(leaves.hashes))):
            stored = self.in_log(index, leaves)
            if stored is not None:
                yield Place("", stored)

    def _paths(self) -> list[Path]:
        return segment_paths(self._segments) if self._segments.is_dir() else []


def _in_segment(path: Path) -> Iterator[Place]:
    try:
        for stored in stored_headers(path):
            yield Place(path.name, stored)
    except OSError:
        return  # The reader of segments tells.
