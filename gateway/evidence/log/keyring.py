"""Which keys were in force when: every change of key in a log, in the order of its leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.evidence.errors import ProofError
from gateway.evidence.log.certificates import Certificate, check_change
from gateway.evidence.log.keys import verify_note

if TYPE_CHECKING:
    from gateway.evidence.log.certificates import KeyChange
    from gateway.evidence.log.checkpoint import Checkpoint
    from gateway.evidence.log.keys import PublicKey
    from gateway.evidence.log.note import Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Reign:
    """The keys that sign trees of more than `after` leaves, up to the next reign's `after`."""

    after: int
    certificate: Certificate
    is_by_old_key: bool

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """All of them sign every checkpoint."""
        return self.certificate.keys


class KeyRing:
    """Follows the changes of key of one log, all certified by one root key."""

    def __init__(self, root: PublicKey) -> None:
        self.root = root
        self.reigns: list[Reign] = []

    def follow(self, index: int, change: KeyChange) -> None:
        """Take in the change that stands in leaf `index`; raises ProofError when it is not right.

        A wrong change is not taken in: the keys before it stay in force.
        """
        checked = check_change(change, self.root)
        statement = checked.statement
        newest = self.reigns[-1] if self.reigns else None
        if statement.index != index:
            raise ProofError(f"the change of key was made for leaf {statement.index}, not {index}")
        if newest is not None and newest.certificate.log != statement.log:
            raise ProofError(f"the change of key is for the log {statement.log}")
        if statement.old != (newest and newest.keys[0]):
            raise ProofError("the change of key does not hand over from the key that was in force")
        assert newest is None or newest.after < index, "leaves come in their order"
        self.reigns.append(
            Reign(after=index, certificate=checked.certificate, is_by_old_key=checked.is_by_old_key)
        )

    def reign(self, size: int) -> Reign | None:
        """Return which keys sign a tree of this size, None when none does."""
        return next((each for each in reversed(self.reigns) if each.after < size), None)

    def check(self, note: Note, checkpoint: Checkpoint) -> None:
        """Raise ProofError unless all keys that are in force for its size signed a checkpoint."""
        reign = self.reign(checkpoint.size)
        if reign is None:
            raise ProofError(f"no key may sign a tree of {checkpoint.size} leaves")
        if reign.certificate.log != checkpoint.log:
            raise ProofError(f"it is of the log {checkpoint.log}, the keys are of another")
        signed = verify_note(note, reign.keys)
        missing = [key.vkey for key in reign.keys if key not in signed]
        if missing:
            raise ProofError(f"it is not signed by {missing[0]}, which signs trees of this size")
