"""Checking an origin's headers against its log: signed by whom, covered how far, what is gone.

The tree that the newest checkpoint signs is found first, from whatever files still tell it. Then
every header that stands in a segment is compared with its leaf, and every file of the log with what
the tree says it must hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.errors import ProofError
from gateway.evidence.header_check import HeaderCheck
from gateway.evidence.log.folder import CHECKPOINT, ROOT, LogFolder, log_directory
from gateway.evidence.log.keyring import KeyRing
from gateway.evidence.log.keys import verify_note
from gateway.evidence.log.merkle import leaf_hash
from gateway.evidence.log.published import Leaves, Published
from gateway.evidence.log.trust import check_lineage, check_witnessed, cosigned_at, read_kept
from gateway.evidence.places import Places
from gateway.evidence.timestamps import Timestamp, Timestamps

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.log.checkpoint import Checkpoint
    from gateway.evidence.log.keyring import Reign
    from gateway.evidence.log.keys import PublicKey
    from gateway.evidence.log.note import Note
    from gateway.evidence.log.trust import Trust


@dataclass(slots=True, kw_only=True)
class LogVerification:
    """What an origin's log shows."""

    log: str | None = None
    """The name of the log; None when the origin has none."""
    root_vkey: str | None = None
    is_root_given: bool = False
    """Whether the verifier was told the root key, instead of finding it in the archive."""
    size: int = 0
    """The headers that the newest good checkpoint covers."""
    root_hash: str | None = None
    covered_sequence: int | None = None
    """The last event that it covers."""
    uncovered_events: int = 0
    reigns: tuple[Reign, ...] = ()
    """Which keys signed it, one after the other."""
    cosigned: dict[str, int] = field(default_factory=dict)
    """When each trusted witness cosigned, in Unix seconds."""
    timestamps: list[Timestamp] = field(default_factory=list)
    """What the trusted authority shows, in the order of sizes."""
    unchecked_timestamps: int = 0
    """How many there are, where no authority is trusted."""

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """The Ed25519 keys that signed it, one after the other."""
        return tuple(reign.keys[0] for reign in self.reigns)


def check_log(archive: Path, origin: str, trust: Trust) -> tuple[LogVerification, list[Damage]]:
    """Return what the log of an origin shows, and what is wrong with it or with the headers."""
    check = _Check(archive, origin, trust)
    check.run()
    return check.found, check.damages


class _Check:
    def __init__(self, archive: Path, origin: str, trust: Trust) -> None:
        self.found = LogVerification()
        self.damages: list[Damage] = []
        self._origin = origin
        self._trust = trust
        self._folder = LogFolder(log_directory(archive, origin))
        self._published = Published(self._folder)
        self._places = Places(archive, origin, self._published)
        self._timestamps = Timestamps(self._folder, self._published)
        self._ring: KeyRing | None = None

    def run(self) -> None:
        if not self._places.claim_log() and not self._published.paths:
            self._unsigned()
            return
        self._ring = self._open_ring()
        newest = self._newest()
        if newest is None:
            return
        note, checkpoint = newest
        self.found.log, self.found.size = checkpoint.log, checkpoint.size
        leaves = self._published.leaves(checkpoint) or self._leaves_of_headers(checkpoint)
        if leaves is None:
            message = f"neither tiles nor headers lead to the root of its {checkpoint.size} leaves"
            self._about_file(DamageKind.CHECKPOINT, CHECKPOINT, message)
            self.found.size = 0
            return
        self._compare_headers(leaves)
        for flaw in self._published.flaws(leaves):
            kind = DamageKind.UNFINISHED_FILE if flaw.is_information else DamageKind.LOG_FILE
            self._about_file(kind, flaw.path, flaw.message)
        self._check_signatures(note, checkpoint)
        self._check_kept(leaves)
        self._check_witnessed(leaves, checkpoint)
        self._check_timestamps(leaves)
        self.found.root_hash = checkpoint.root.hex()

    # What is there.

    def _unsigned(self) -> None:
        message = "the origin has no log: nothing is signed, and hashes alone prove little"
        is_fault = self._trust.root is not None or bool(self._trust.witnesses)
        kind = DamageKind.CHECKPOINT if is_fault else DamageKind.UNSIGNED
        self._about_file(kind, CHECKPOINT, message)

    def _open_ring(self) -> KeyRing | None:
        given = self._trust.root
        try:
            own: PublicKey | None = self._folder.root_key()
        except (ProofError, OSError) as error:
            self._about_file(DamageKind.LOG_FILE, ROOT, f"the root key cannot be read: {error}")
            own = None
        if given is not None and own is not None and own != given:
            message = f"the archive names the root key {own.vkey}, not the one that you trust"
            self._about_file(DamageKind.KEY, ROOT, message)
        root = given or own
        self.found.is_root_given = given is not None
        self.found.root_vkey = None if root is None else root.vkey
        return None if root is None else KeyRing(root)

    def _newest(self) -> tuple[Note, Checkpoint] | None:
        try:
            newest = self._folder.newest()
        except (ProofError, OSError) as error:
            self._about_file(DamageKind.CHECKPOINT, CHECKPOINT, f"it cannot be read: {error}")
            return None
        if newest is None:
            self._about_file(DamageKind.CHECKPOINT, CHECKPOINT, "the newest checkpoint is missing")
        return newest

    def _leaves_of_headers(self, checkpoint: Checkpoint) -> Leaves | None:
        """Return the leaves as the headers tell them, if they lead to the root."""
        hashes = [
            leaf_hash(place.stored.encoded.line)
            for place in self._places.stored()
            if place.stored.header.block < checkpoint.size
        ]
        if len(hashes) != checkpoint.size:
            return None
        leaves = Leaves(hashes)
        return leaves if leaves.root(checkpoint.size) == checkpoint.root else None

    def _compare_headers(self, leaves: Leaves) -> None:
        check = HeaderCheck(self._origin, leaves, self._ring, self._timestamps)
        check.run(self._places, self._trust.now_ns)
        self.damages += check.damages
        self.found.covered_sequence = check.covered_sequence
        self.found.uncovered_events = check.uncovered_events

    # The signatures.

    def _check_signatures(self, note: Note, checkpoint: Checkpoint) -> None:
        if self._ring is None:
            return
        self.found.reigns = tuple(self._ring.reigns)
        try:
            self._ring.check(note, checkpoint)
        except ProofError as error:
            self._about_file(DamageKind.CHECKPOINT, CHECKPOINT, f"it is not good: {error}")
        for witness in self._trust.witnesses:
            try:
                self.found.cosigned[witness.name] = self._cosigned_at(note, witness)
            except ProofError as error:
                self._about_file(DamageKind.WITNESS, CHECKPOINT, f"it is not witnessed: {error}")

    def _cosigned_at(self, note: Note, witness: PublicKey) -> int:
        """Return when a witness cosigned the newest checkpoint, here or in one kept elsewhere.

        When recording has ended, a cosignature cannot be added any more.
        """
        for kept in self._trust.witnessed:
            if kept.text == note.text and any(verify_note(kept, [witness]).values()):
                return cosigned_at(kept, witness)
        return cosigned_at(note, witness)

    def _check_kept(self, leaves: Leaves) -> None:
        for path in self._published.kept_checkpoints():
            try:
                note, checkpoint = read_kept(path, self._folder.read(path))
                check_lineage(leaves, checkpoint)
                if self._ring is not None:
                    self._ring.check(note, checkpoint)
            except (ProofError, OSError) as error:
                self._about_file(DamageKind.CHECKPOINT, path, f"it is not good: {error}")

    def _check_witnessed(self, leaves: Leaves, newest: Checkpoint) -> None:
        for note in self._trust.witnessed:
            try:
                check_witnessed(note, self._trust, leaves, newest.log)
            except ProofError as error:
                message = f"the archive contradicts what was witnessed: {error}"
                self._about_file(DamageKind.WITNESS, CHECKPOINT, message)

    def _check_timestamps(self, leaves: Leaves) -> None:
        authority = self._trust.authority
        for found in self._timestamps.check(leaves, self._ring, authority):
            if isinstance(found, Timestamp):
                self.found.timestamps.append(found)
            else:
                self._about_file(found.kind, found.path, found.message)
        if authority is None:
            self.found.unchecked_timestamps = len(self._timestamps.sizes)

    # What is said.

    def _about_file(self, kind: DamageKind, path: str, message: str) -> None:
        self.damages.append(
            Damage(
                kind=kind,
                message=message,
                origin=self._origin,
                segment=f"log/{path}",
                byte_offset=0,
            )
        )
