"""Proofs for the blocks of a part: each in the log, without the segments that were left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.evidence.block import BlockKind
from gateway.evidence.errors import EvidenceError
from gateway.evidence.leaves import stored_headers
from gateway.evidence.log.folder import LogFolder, log_directory
from gateway.evidence.log.proof import SUFFIX, decode_proof, prove_inclusion
from gateway.evidence.log.tiles import TileNodes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def write_proofs(archive: Path, origin: str, segments: Sequence[Path], directory: Path) -> int:
    """Write a proof and its entry for each block of events that the log covers; count them.

    What cannot be proved, because the log is damaged, is left to verification to tell.
    """
    folder = LogFolder(log_directory(archive, origin))
    count = 0
    try:
        newest = folder.newest()
        if newest is None:
            return 0
        note, checkpoint = newest
        nodes = TileNodes(checkpoint.size, folder.read)
        directory.mkdir(parents=True)
        for stored in (each for path in segments for each in stored_headers(path)):
            header = stored.header
            if header.kind is BlockKind.BLOCK and header.block < checkpoint.size:
                proof = prove_inclusion(header.block, note, nodes).encode()
                decode_proof(proof).check(stored.encoded.line)
                name = f"{header.first_sequence:020d}"
                (directory / f"{name}{SUFFIX}").write_bytes(proof)
                (directory / f"{name}.entry").write_bytes(stored.encoded.line)
                count += 1
    except (EvidenceError, OSError):
        return count
    return count
