"""Proving that an archive's log holds an event: a file that shows it without the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.evidence.archive import segment_paths, segments_directory
from gateway.evidence.block import BlockKind
from gateway.evidence.errors import ArchiveError, DamagedError
from gateway.evidence.leaves import stored_headers
from gateway.evidence.log.folder import LogFolder, log_directory
from gateway.evidence.log.proof import InclusionProof, decode_proof, prove_inclusion
from gateway.evidence.log.tiles import TileNodes

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.stored import StoredHeader


def prove_event(archive: Path, origin: str, sequence: int) -> tuple[InclusionProof, bytes]:
    """Return the proof for the block that holds an event, and the entry that it is about.

    The entry is the line of the block's header, which holds the SHA-256 of the block's frame. The
    proof was checked. Raises EvidenceError where there is none to give, and OSError.
    """
    stored = _header_of(archive, origin, sequence)
    folder = LogFolder(log_directory(archive, origin))
    newest = folder.newest()
    if newest is None:
        raise ArchiveError(f"{origin} has no signed log: nothing can be proved")
    note, checkpoint = newest
    try:
        proof = prove_inclusion(stored.header.block, note, TileNodes(checkpoint.size, folder.read))
    except DamagedError as error:
        raise ArchiveError(f"the log of {origin} is damaged, verify it: {error}") from error
    entry = stored.encoded.line
    decode_proof(proof.encode()).check(entry)
    return proof, entry


def _header_of(archive: Path, origin: str, sequence: int) -> StoredHeader:
    directory = segments_directory(archive, origin)
    if not directory.is_dir():
        raise ArchiveError(f"{archive} has no origin {origin}")
    for path in segment_paths(directory):
        for stored in stored_headers(path):
            header = stored.header
            is_block = header.kind is BlockKind.BLOCK
            if is_block and header.first_sequence <= sequence <= header.last_sequence:
                return stored
    raise ArchiveError(f"no block of {origin} holds event {sequence}")
