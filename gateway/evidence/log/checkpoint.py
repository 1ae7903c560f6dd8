"""Checkpoints: how large a log is and the root of its tree, as C2SP tlog-checkpoint writes it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

from gateway.evidence.errors import ProofError
from gateway.evidence.log.merkle import HASH_BYTES
from gateway.evidence.log.note import check_key_name, decode_base64

SIZE_MAX: Final = 2**63 - 1
_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log's tree; `log` names the log, on the line that the format calls origin."""

    log: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.log}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def decode_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint in a note's text; raises ProofError.

    Extension lines are refused: ours never have any, and nobody audits them.
    """
    lines = text.removesuffix("\n").split("\n")
    if len(lines) != _LINES or not text.endswith("\n"):
        raise ProofError("a checkpoint has three lines: the log's name, its size and its root")
    log, size, root = lines
    check_key_name(log)
    if not (size.isascii() and size.isdecimal()) or str(int(size[:20])) != size:
        raise ProofError("the size in the checkpoint is no number as it should be written")
    if int(size) > SIZE_MAX:
        raise ProofError("the size in the checkpoint is beyond 63 bits")
    hash_ = decode_base64(root)
    if len(hash_) != HASH_BYTES:
        raise ProofError("the root in the checkpoint is no SHA-256")
    return Checkpoint(log, int(size), hash_)
