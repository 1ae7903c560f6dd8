"""Proofs that an entry is in a log, to be checked offline, as C2SP tlog-proof writes them."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.evidence.errors import ProofError
from gateway.evidence.log.checkpoint import Checkpoint, decode_checkpoint
from gateway.evidence.log.merkle import (
    HASH_BYTES,
    PATH_LENGTH_MAX,
    inclusion_path,
    leaf_hash,
    root_of_inclusion,
)
from gateway.evidence.log.note import Note, decode_base64, decode_note

if TYPE_CHECKING:
    from gateway.evidence.log.merkle import NodeAt

SUFFIX: Final = ".tlog-proof"
_FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """The place of an entry, the path from it to the root, and the checkpoint with that root."""

    index: int
    path: tuple[bytes, ...]
    note: Note

    def encode(self) -> bytes:
        """Return the proof as it is stored."""
        lines = [_FIRST_LINE, f"index {self.index}"]
        lines += [base64.b64encode(each).decode() for each in self.path]
        return "\n".join([*lines, "", ""]).encode() + self.note.encode()

    def check(self, entry: bytes) -> Checkpoint:
        """Return the checkpoint whose root the entry leads to; raises ProofError if none.

        Who signed the checkpoint is not looked at.
        """
        checkpoint = decode_checkpoint(self.note.text)
        leaf = leaf_hash(entry)
        if root_of_inclusion(self.index, checkpoint.size, leaf, self.path) != checkpoint.root:
            raise ProofError(f"the entry is not number {self.index} of the log {checkpoint.log}")
        return checkpoint


def prove_inclusion(index: int, note: Note, node_at: NodeAt) -> InclusionProof:
    """Return the proof that entry `index` is in the tree of a checkpoint; raises ProofError."""
    size = decode_checkpoint(note.text).size
    if not 0 <= index < size:
        raise ProofError(f"the checkpoint covers entries 0 to {size - 1}, not {index}")
    return InclusionProof(index, tuple(inclusion_path(index, size, node_at)), note)


def decode_proof(content: bytes) -> InclusionProof:
    """Return the proof in these bytes; raises ProofError."""
    head, separator, note = content.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise ProofError("the proof has lines that are not ASCII") from error
    if first != _FIRST_LINE or not separator:
        raise ProofError(f"this is no proof: it does not start with {_FIRST_LINE}")
    if lines and lines[0].startswith("extra "):
        decode_base64(lines.pop(0).removeprefix("extra "))
    match = re.fullmatch(r"index (0|[1-9][0-9]{0,18})", lines.pop(0)) if lines else None
    if match is None or len(lines) > PATH_LENGTH_MAX:
        raise ProofError("the proof does not say which entry it is about, or is too long")
    path = tuple(map(decode_base64, lines))
    if any(len(each) != HASH_BYTES for each in path):
        raise ProofError("a line of the proof is no SHA-256")
    return InclusionProof(int(match[1]), path, decode_note(note))
