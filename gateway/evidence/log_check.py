"""Checking an origin's headers against its log: signed by whom, covered how far, what is gone.

The tree that the newest checkpoint signs is found first, from whatever files still tell it. Then
every header that stands in a segment is compared with its leaf, and every file of the log with what
the tree says it must hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.archive import first_sequence_of, segment_paths, segments_directory
from gateway.evidence.block import BlockHeader, BlockKind, CloseReason, EncodedHeader
from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.errors import DamagedError, ProofError
from gateway.evidence.leaves import stored_headers
from gateway.evidence.log.folder import CHECKPOINT, ROOT, LogFolder, log_directory
from gateway.evidence.log.keyring import KeyRing
from gateway.evidence.log.merkle import leaf_hash
from gateway.evidence.log.published import Leaves, Published
from gateway.evidence.log.trust import check_lineage, check_witnessed, cosigned_at, read_kept
from gateway.evidence.stored import StoredHeader
from gateway.evidence.timestamps import Timestamp, Timestamps
from gateway.evidence.tombstones import absent_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.evidence.log.checkpoint import Checkpoint
    from gateway.evidence.log.keys import PublicKey
    from gateway.evidence.log.note import Note
    from gateway.evidence.log.trust import Trust
    from gateway.evidence.selection import LeftOut

_NANOSECONDS: Final = 1_000_000_000
# The recorder lets a minute pass at most without an event, and a block waits for a second.
SILENCE_NS: Final = 75 * _NANOSECONDS


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
    keys: tuple[PublicKey, ...] = ()
    """The Ed25519 keys that signed it, one after the other."""
    cosigned: dict[str, int] = field(default_factory=dict)
    """When each trusted witness cosigned, in Unix seconds."""
    timestamps: list[Timestamp] = field(default_factory=list)
    """What the trusted authority shows, in the order of sizes."""
    unchecked_timestamps: int = 0
    """How many there are, where no authority is trusted."""


def check_log(archive: Path, origin: str, trust: Trust) -> tuple[LogVerification, list[Damage]]:
    """Return what the log of an origin shows, and what is wrong with it or with the headers."""
    check = _Check(archive, origin, trust)
    check.run()
    return check.found, check.damages


@dataclass(frozen=True, slots=True)
class _Place:
    segment: str
    stored: StoredHeader


class _Check:
    def __init__(self, archive: Path, origin: str, trust: Trust) -> None:
        self.found = LogVerification()
        self.damages: list[Damage] = []
        self._archive = archive
        self._origin = origin
        self._trust = trust
        self._folder = LogFolder(log_directory(archive, origin))
        self._segments = segments_directory(archive, origin)
        self._published = Published(self._folder)
        self._timestamps = Timestamps(self._folder, self._published)
        self._ring: KeyRing | None = None
        self._leaves: Leaves | None = None
        self._last: _Place | None = None
        self._is_uncovered = False

    def run(self) -> None:
        claims_log = self._claims_log()
        if not claims_log and not self._published.paths:
            self._unsigned()
            return
        self._ring = self._open_ring()
        newest = self._newest()
        if newest is None:
            return
        note, checkpoint = newest
        self.found.log, self.found.size = checkpoint.log, checkpoint.size
        self._leaves = self._published.leaves(checkpoint) or self._leaves_of_headers(checkpoint)
        if self._leaves is None:
            message = f"neither tiles nor headers lead to the root of its {checkpoint.size} leaves"
            self._about_file(DamageKind.CHECKPOINT, CHECKPOINT, message)
            self.found.size = 0
            return
        self._compare_headers(self._leaves, checkpoint)
        for flaw in self._published.flaws(self._leaves):
            kind = DamageKind.UNFINISHED_FILE if flaw.is_information else DamageKind.LOG_FILE
            self._about_file(kind, flaw.path, flaw.message)
        self._check_signatures(note, checkpoint)
        self._check_kept(self._leaves)
        self._check_witnessed(self._leaves, checkpoint)
        self._check_timestamps(self._leaves)
        self.found.root_hash = checkpoint.root.hex()

    # What is there.

    def _claims_log(self) -> bool:
        for path in segment_paths(self._segments) if self._segments.is_dir() else []:
            try:
                for stored in stored_headers(path):
                    return stored.header.log is not None
            except OSError:
                continue
        return False

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
            for place in self._places()
            if place.stored.header.block < checkpoint.size
        ]
        if len(hashes) != checkpoint.size:
            return None
        leaves = Leaves(hashes)
        return leaves if leaves.root(checkpoint.size) == checkpoint.root else None

    def _places(self, leaves: Leaves | None = None) -> Iterator[_Place]:
        """Yield the headers of the segments, with `leaves` also those that were left out."""
        left_out = absent_of(self._archive, self._origin) if leaves is not None else []
        for path in segment_paths(self._segments):
            while left_out and left_out[0].last_sequence < first_sequence_of(path):
                yield from self._places_left_out(left_out.pop(0), leaves)
            try:
                for stored in stored_headers(path):
                    yield _Place(path.name, stored)
            except OSError:
                continue  # The reader of segments tells.
        for run in left_out:
            yield from self._places_left_out(run, leaves)

    def _places_left_out(self, run: LeftOut, leaves: Leaves | None) -> Iterator[_Place]:
        """Yield headers as the log tells them; what it does not tell stays missing."""
        size = 0 if leaves is None else len(leaves.hashes)
        for index in range(run.first_block, min(run.last_block + 1, size)):
            entry = self._entry(index, size)
            if entry is not None:
                header = msgspec.json.decode(entry, type=BlockHeader)
                encoded = EncodedHeader(entry, sha256(entry).hexdigest(), b"")
                stored = StoredHeader(header=header, encoded=encoded, position=0)
                yield _Place("", stored)

    # The headers.

    def _compare_headers(self, leaves: Leaves, checkpoint: Checkpoint) -> None:
        seen = bytearray(checkpoint.size)
        next_missing = 0
        for place in self._places(leaves):
            header = place.stored.header
            if header.block >= checkpoint.size:
                self._uncovered(place)
                continue
            if leaf_hash(place.stored.encoded.line) != leaves.hashes[header.block]:
                message = f"the header is not number {header.block} of the signed log"
                self._about_header(DamageKind.LEAF, place, message)
                continue
            while next_missing < header.block and not seen[next_missing]:
                next_missing = self._missing(next_missing, header.block, seen, checkpoint.size)
            seen[header.block] = 1
            next_missing = max(next_missing, header.block + 1)
            self._take(place)
        if next_missing < checkpoint.size:
            self._missing(next_missing, checkpoint.size, seen, checkpoint.size)
        self._check_end()

    def _take(self, place: _Place) -> None:
        """Take in a header that the log holds."""
        header = place.stored.header
        if header.key_change is not None and self._ring is not None:
            try:
                self._ring.follow(header.block, header.key_change)
            except ProofError as error:
                self._about_header(DamageKind.KEY, place, f"the change of key is wrong: {error}")
            else:
                if not self._ring.reigns[-1].is_by_old_key:
                    message = (
                        "the key was changed on the root key's word alone: the old one is lost"
                    )
                    self._about_header(DamageKind.KEY_LOST, place, message)
        reign = None if self._ring is None else self._ring.reign(header.block + 1)
        if reign is not None and not reign.certificate.covers(header.sealed_wall_ns):
            message = "the header was sealed when the certificate of its key was not good"
            self._about_header(DamageKind.KEY, place, message)
        self._check_time(place)
        self._last = place
        if header.kind is BlockKind.BLOCK:
            self.found.covered_sequence = header.last_sequence
        self._timestamps.follow(header, self.found.covered_sequence)

    def _check_time(self, place: _Place) -> None:
        last = self._last
        if last is None:
            return
        before, now = last.stored.header, place.stored.header
        passed = now.sealed_wall_ns - before.sealed_wall_ns
        if passed < 0:
            message = f"the sealer's clock went back by {-passed / _NANOSECONDS:,.3f} s"
            self._about_header(DamageKind.CLOCK, place, message)
        elif passed > SILENCE_NS and not _is_orderly_end(before):
            message = (
                f"nothing was recorded for {passed / _NANOSECONDS:,.0f} s before it, and the "
                "recorder had not said that it would stop"
            )
            self._about_header(DamageKind.SILENCE, place, message)

    def _check_end(self) -> None:
        last = self._last
        if last is None or _is_orderly_end(last.stored.header):
            return
        passed = self._trust.now_ns - last.stored.header.sealed_wall_ns
        if passed > SILENCE_NS:
            message = (
                f"it is the newest, {passed / _NANOSECONDS:,.0f} s old, and does not say that "
                "recording ended: what came afterwards is not here"
            )
            self._about_header(DamageKind.SILENCE, last, message)

    def _uncovered(self, place: _Place) -> None:
        header = place.stored.header
        if not self._is_uncovered:
            self._is_uncovered = True
            message = "from here on no checkpoint covers what was recorded"
            self._about_header(DamageKind.UNCOVERED, place, message)
        if header.kind is BlockKind.BLOCK:
            self.found.uncovered_events += header.event_count

    def _missing(self, first: int, end: int, seen: bytearray, size: int) -> int:
        """Tell of the headers from `first` on that no segment has; return the next to look at."""
        last = first
        while last + 1 < end and not seen[last + 1]:
            last += 1
        place = self._told(first, size)
        several = f"headers {first} to {last} are" if last > first else f"header {first} is"
        self.damages.append(
            Damage(
                kind=DamageKind.MISSING,
                message=f"{several} in the signed log and in no segment{place}",
                origin=self._origin,
                segment="",
                byte_offset=0,
                block=first,
            )
        )
        return last + 1

    def _told(self, index: int, size: int) -> str:
        """Say what the log itself tells of a header that is gone."""
        entry = self._entry(index, size)
        if entry is None:
            return ""
        header = msgspec.json.decode(entry, type=BlockHeader)
        return f"; segment {header.segment}, event {header.first_sequence}"

    def _entry(self, index: int, size: int) -> bytes | None:
        """Return an entry that the signed tree holds and that is a header, if the log tells it."""
        try:
            entry = self._published.entry(index, size)
            if self._leaves is None or leaf_hash(entry) != self._leaves.hashes[index]:
                return None
            msgspec.json.decode(entry, type=BlockHeader)
        except (DamagedError, OSError, msgspec.MsgspecError):
            return None
        return entry

    # The signatures.

    def _check_signatures(self, note: Note, checkpoint: Checkpoint) -> None:
        if self._ring is None:
            return
        self.found.keys = tuple(reign.keys[0] for reign in self._ring.reigns)
        try:
            self._ring.check(note, checkpoint)
        except ProofError as error:
            self._about_file(DamageKind.CHECKPOINT, CHECKPOINT, f"it is not good: {error}")
        for witness in self._trust.witnesses:
            try:
                self.found.cosigned[witness.name] = cosigned_at(note, witness)
            except ProofError as error:
                self._about_file(DamageKind.WITNESS, CHECKPOINT, f"it is not witnessed: {error}")

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

    def _about_header(self, kind: DamageKind, place: _Place, message: str) -> None:
        self.damages.append(
            Damage(
                kind=kind,
                message=message,
                origin=self._origin,
                segment=place.segment,
                byte_offset=place.stored.position,
                block=place.stored.header.block,
            )
        )


def _is_orderly_end(header: BlockHeader) -> bool:
    return header.kind is BlockKind.CLOSE and header.reason is CloseReason.SHUTDOWN
