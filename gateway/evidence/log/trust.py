"""Whom a verifier trusts, and what a checkpoint must show for that; every miss is a ProofError."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.errors import ProofError
from gateway.evidence.log.checkpoint import Checkpoint, decode_checkpoint
from gateway.evidence.log.folder import checkpoint_path
from gateway.evidence.log.keys import verify_note
from gateway.evidence.log.note import decode_note

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from gateway.evidence.log.keys import PublicKey
    from gateway.evidence.log.note import Note
    from gateway.evidence.log.published import Leaves


class TellsTime(Protocol):
    """A timestamp authority that an auditor trusts; `gateway.evidence.log.authority` has it."""

    def check(self, reply: bytes, content: bytes, /) -> int:
        """Return by when the content existed, in nanoseconds since 1970 UTC; raises ProofError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom a verifier trusts; without a root key it is the one that lies in the archive."""

    root: PublicKey | None = None
    witnesses: tuple[PublicKey, ...] = ()
    """Each of them must have cosigned the newest checkpoint."""
    witnessed: tuple[Note, ...] = ()
    """Checkpoints that were kept elsewhere, cosigned by one of the witnesses."""
    authority: TellsTime | None = None
    """Every origin's log must have a timestamp, and each must be good."""
    now_ns: int = field(default_factory=time.time_ns)


def cosigned_at(note: Note, witness: PublicKey) -> int:
    """Return when the witness cosigned, in Unix seconds."""
    cosigned = _cosigned(note, [witness])
    if witness in cosigned:
        return cosigned[witness]
    if witness in verify_note(note, [witness]):
        raise ProofError(f"{witness.name} signed it as its recorder, and not as a witness")
    raise ProofError(f"the witness {witness.name} has not cosigned it")


def _cosigned(note: Note, witnesses: Collection[PublicKey]) -> dict[PublicKey, int]:
    """Return who cosigned, and when.

    With a recorder's key for a witness's, its holder would vouch for themselves: such a key has its
    log's name, and an Ed25519 one states no time.
    """
    log = decode_checkpoint(note.text).log
    signed = verify_note(note, witnesses)
    return {key: time_s for key, time_s in signed.items() if time_s and key.name != log}


def check_lineage(leaves: Leaves, checkpoint: Checkpoint) -> None:
    """Check that a log is one that a checkpoint was made of, then or later."""
    if checkpoint.size > len(leaves.hashes):
        count = len(leaves.hashes)
        raise ProofError(f"the log had {checkpoint.size} headers and now has {count}")
    if leaves.root(checkpoint.size) != checkpoint.root:
        raise ProofError(f"its first {checkpoint.size} headers are not those of this log")


def read_kept(path: str, content: bytes) -> tuple[Note, Checkpoint]:
    """Return the checkpoint in a file that is called by its size."""
    note = decode_note(content)
    checkpoint = decode_checkpoint(note.text)
    if path != checkpoint_path(checkpoint.size):
        raise ProofError("it is not called by its size")
    return note, checkpoint


def check_witnessed(note: Note, trust: Trust, leaves: Leaves, log: str) -> None:
    """Check a log against a checkpoint that was kept elsewhere; one of another log says nothing."""
    checkpoint = decode_checkpoint(note.text)
    if checkpoint.log != log:
        return
    if not _cosigned(note, trust.witnesses):
        raise ProofError(
            "no witness that you trust has cosigned the one that you gave: give its key as well"
        )
    check_lineage(leaves, checkpoint)


def unseen_logs(trust: Trust, logs: Collection[str | None]) -> Iterator[Damage]:
    """Yield that a log is not among these though a checkpoint of it was kept elsewhere."""
    for note in trust.witnessed:
        try:
            log = decode_checkpoint(note.text).log
        except ProofError:
            continue  # Every origin's check has told.
        if log not in logs:
            message = f"no origin has the log {log}, of which you gave a checkpoint: it is gone"
            yield Damage(
                kind=DamageKind.WITNESS, message=message, origin="", segment="", byte_offset=0
            )
