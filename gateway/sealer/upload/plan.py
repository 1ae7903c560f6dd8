"""What of an archive is to be in the bucket, in the order in which it is put there.

The checkpoint and the signed list of files are read first and put last: whoever finds them in the
bucket finds there what they are about.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.evidence.archive import MARKER
from gateway.evidence.bucket.mirror import edges_of, is_changing, is_partial_tile, listed_of
from gateway.evidence.errors import ArchiveError
from gateway.evidence.log.folder import CHECKPOINT, PARTIAL, UNFINISHED, LogFolder, log_directory
from gateway.evidence.log.merkle import HASH_BYTES
from gateway.evidence.log.tiles import ENTRIES, decode_bundle, encode_bundle
from gateway.evidence.sums import LIST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHECKPOINT = f"log/{CHECKPOINT}"


class MovingError(ArchiveError):
    """The archive changed while it was looked at: look again."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file of the archive, by its path within it, and its content or where that is."""

    path: str
    content: Path | bytes

    @property
    def is_changing(self) -> bool:
        """Whether it is put again whenever it has changed."""
        return is_changing(self.path)


def plan(archive: Path, origin: str) -> Iterator[Item]:
    """Yield what is to be in the bucket now.

    Raises MovingError when the archive changed meanwhile, and FileNotFoundError when a file went (a
    segment was sealed).
    """
    directory = archive / origin
    checkpoint, listing = _read(directory / _CHECKPOINT), _read(directory / LIST)
    listed = {} if listing is None else listed_of(listing)
    is_final = _CHECKPOINT in listed
    if is_final and listed[_CHECKPOINT] != hashlib.sha256(checkpoint or b"").hexdigest():
        raise MovingError(f"{directory} changed: a new checkpoint stands beside an old list")
    edges = set() if checkpoint is None else {f"log/{edge}" for edge in edges_of(checkpoint)}
    yield Item(MARKER, archive / MARKER)
    for path in sorted(each for each in directory.rglob("*") if each.is_file()):
        within = path.relative_to(directory).as_posix()
        is_needed = not is_partial_tile(within) or within in listed
        if is_needed and within not in edges and not _is_apart(within):
            yield Item(f"{origin}/{within}", path)
    log = LogFolder(log_directory(archive, origin))
    for edge in sorted(edges):
        yield Item(f"{origin}/{edge}", _read_edge(log, edge.removeprefix("log/")))
    # A list that names the checkpoint comes after it, any other before.
    last = [(_CHECKPOINT, checkpoint), (LIST, listing)]
    for within, content in last if is_final else reversed(last):
        if content is not None:
            yield Item(f"{origin}/{within}", content)


def _is_apart(within: str) -> bool:
    """Tell whether a file is planned last, or is none of the archive's."""
    return within in {_CHECKPOINT, LIST} or within.endswith((".lock", UNFINISHED))


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _read_edge(log: LogFolder, path: str) -> bytes:
    """Return a partial tile, cut from the whole one when the log has grown over it."""
    try:
        return log.read(path)
    except FileNotFoundError:
        whole, _, width = path.partition(f"{PARTIAL}/")
        content = log.read(whole)
        if f"/{ENTRIES}/" in path:
            return encode_bundle(decode_bundle(content)[: int(width)])
        return content[: int(width) * HASH_BYTES]
