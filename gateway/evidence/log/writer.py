"""Writing a log: leaves as headers are written, and checkpoints over what is durable."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from gateway.evidence.errors import ArchiveError, DamagedError, ProofError
from gateway.evidence.failpoints import Failpoint, reach
from gateway.evidence.log.certificates import (
    Certificate,
    ChangeStatement,
    KeyChange,
    check_certificate,
    vkeys,
)
from gateway.evidence.log.checkpoint import Checkpoint
from gateway.evidence.log.folder import ROOT, LogFolder, checkpoint_path, encode_root
from gateway.evidence.log.keys import decode_vkey, verify_note
from gateway.evidence.log.merkle import EMPTY_ROOT, check_consistency, consistency_path
from gateway.evidence.log.replace import replace_checkpoint
from gateway.evidence.log.signing import sign_note
from gateway.evidence.log.tiles import LOST_ENTRY, GrowingTree, TileNodes, is_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from gateway.evidence.log.keys import PublicKey
    from gateway.evidence.log.note import Note
    from gateway.evidence.log.signing import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSigning:
    """Under which name and with which keys a log is signed."""

    log: str
    signers: Sequence[Signer]
    """An Ed25519 key, and perhaps one that is safe against quantum computers."""
    certificate: Note
    root: PublicKey
    previous: Signer | None = None
    """The key before, when this one takes over from it."""
    is_previous_lost: bool = False
    """Whether the key before cannot sign any more: then the root alone vouches for this one."""
    memory: Path
    """A file outside of the archive that holds the newest checkpoint that was ever signed.

    It keeps a writer from signing a second history when somebody puts back an older archive.
    """
    clock: Callable[[], int] = field(default=time.time_ns)

    def check(self) -> Certificate:
        """Return the certificate; raises ProofError when it is not for these keys and this log."""
        certificate = check_certificate(self.certificate, self.root)
        keys = tuple(signer.public for signer in self.signers)
        if (certificate.log, certificate.keys) != (self.log, keys):
            raise ProofError(f"the certificate is not for the log {self.log} and its keys")
        return certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What the first header of a segment says about the log."""

    log: str
    keys: tuple[str, ...]
    key_change: KeyChange | None


class LogWriter:
    """Grows one log and signs its checkpoints; its caller is the only writer of the folder.

    A leaf counts from `append`, but nothing of it is published or signed before `checkpoint`, which
    the caller calls only when the headers appended so far are durable.
    """

    def __init__(self, directory: Path, signing: LogSigning, keys: Sequence[str]) -> None:
        """Carry on the log in the folder; `keys` are those that its last segment names.

        Raises ArchiveError when the log cannot be carried on, and OSError.
        """
        self._folder = LogFolder(directory)
        self._memory = LogFolder(signing.memory.parent)
        self._signing = signing
        self._keys = tuple(keys)
        self._tree = GrowingTree()
        self._is_root_written = False
        try:
            self._certificate = signing.check()
            self._newest, self._is_published = self._newest_signed()
        except ProofError as error:
            raise ArchiveError(f"the log in {directory} cannot be carried on: {error}") from error
        self._load()

    @property
    def size(self) -> int:
        """The number of leaves, published or not."""
        return self._tree.size

    @property
    def covered_size(self) -> int:
        """The size of the newest checkpoint."""
        return 0 if self._newest is None else self._newest.size

    @property
    def is_loaded(self) -> bool:
        """Whether the tiles lead to the newest checkpoint; otherwise `rebuild` is next."""
        return self._newest is None or (self._tree.size, self._tree.root()) == (
            self._newest.size,
            self._newest.root,
        )

    @property
    def is_key_told(self) -> bool:
        """Whether a header names the keys that sign now; before that nobody knows them."""
        return self._keys == vkeys([signer.public for signer in self._signing.signers])

    def rebuild(self, lines: Iterable[bytes]) -> None:
        """Take the leaves that the newest checkpoint covers from the headers themselves.

        Raises ArchiveError when they do not lead to its root: somebody changed one or the other.
        """
        self._tree = GrowingTree()
        for line in islice(lines, self.covered_size):
            self._tree.append(line)
        if not self.is_loaded:
            raise ArchiveError(
                f"neither the tiles in {self._folder.directory} nor the headers of the segments "
                f"lead to the newest checkpoint, of size {self.covered_size}: verify the archive, "
                "keep it as it is, and record under another instance"
            )

    def append(self, line: bytes) -> None:
        """Take in the line of the next header."""
        self._tree.append(line)

    def lose(self, block: int) -> None:
        """Take in that headers before the given one are lost, none of which was ever covered."""
        while self._tree.size < block:
            self._tree.append(LOST_ENTRY % self._tree.size)

    def last_entry(self) -> bytes:
        """Return the newest entry, of which there must be one; raises DamagedError and OSError."""
        return self._tree.last_entry(self._folder.read)

    def opening(self) -> Opening:
        """Return what the next header says, which opens a segment; the keys are those from then on.

        Raises ArchiveError when the log was signed by another key which does not hand over.
        """
        signing = self._signing
        keys = vkeys([signer.public for signer in signing.signers])
        change = None if keys == self._keys else self._change()
        self._keys = keys
        return Opening(log=signing.log, keys=keys, key_change=change)

    def checkpoint(self, *, is_kept: bool = False) -> Note | None:
        """Publish and sign everything appended so far; return None when that was done before.

        With `is_kept` the checkpoint is also kept under its size. Raises OSError, and ArchiveError
        when the certificate has run out.
        """
        size = self._tree.size
        assert size >= self.covered_size, "a log only grows"
        if size == self.covered_size and self._is_published and not is_kept:
            return None
        if not self._certificate.covers(self._signing.clock()):
            raise ArchiveError(
                f"the certificate of the key that signs {self._signing.log} is not good now: "
                "certify a new key with the root key"
            )
        newest = Checkpoint(self._signing.log, size, self._tree.root())
        # First what the checkpoint is about: it is what others go by.
        files = self._files()
        self._folder.write(files)
        reach(Failpoint.TILES_PUBLISHED)
        self._check_growth(newest)
        note = sign_note(newest.text(), self._signing.signers)
        reach(Failpoint.CHECKPOINT_SIGNED)
        self._memory.write([(self._signing.memory.name, note.encode())])
        reach(Failpoint.CHECKPOINT_REMEMBERED)
        replace_checkpoint(self._folder, note.encode())
        if is_kept:
            # Never ahead of the newest, for that is what an archive that was put back looks like.
            self._folder.write([(checkpoint_path(size), note.encode())])
        reach(Failpoint.CHECKPOINT_PUBLISHED)
        self._folder.drop_partial(path for path, _ in files if is_whole(path))
        self._newest = newest
        self._is_published = True
        return note

    def _check_growth(self, newest: Checkpoint) -> None:
        """Raise ArchiveError unless the tiles as they now lie there begin with what was signed.

        A log that signs two histories is worth nothing any more, so it rather stops.
        """
        nodes = TileNodes(newest.size, self._folder.read)
        old = self._newest or Checkpoint(newest.log, 0, EMPTY_ROOT)
        try:
            path = consistency_path(old.size, newest.size, nodes)
            check_consistency(old.size, newest.size, old.root, newest.root, path)
        except (ProofError, DamagedError) as error:
            raise ArchiveError(f"the log {newest.log} would contradict itself: {error}") from error

    def _files(self) -> list[tuple[str, bytes]]:
        files = list(self._tree.publish())
        if not self._is_root_written:
            files.append((ROOT, encode_root(self._signing.root)))
            self._is_root_written = True
        return files

    def _newest_signed(self) -> tuple[Checkpoint | None, bool]:
        """Return the newest checkpoint, and whether the archive has it; raises ProofError.

        A crash may have come when it was remembered and not in the archive yet.
        """
        archived = self._folder.newest()
        found = [archived, self._memory.newest(self._signing.memory.name)]
        checkpoints = [self._own(*each) for each in found if each is not None]
        newest = max(checkpoints, key=lambda each: each.size, default=None)
        is_published = newest is None or (archived is not None and archived[1] == newest)
        return newest, is_published

    def _own(self, note: Note, checkpoint: Checkpoint) -> Checkpoint:
        """Return a checkpoint that is ours; raises ProofError.

        Nothing is carried on that others signed: they would get our signature under their history.
        """
        signing = self._signing
        if checkpoint.log != signing.log:
            raise ProofError(f"it is the log {checkpoint.log}, not {signing.log}")
        ours = [signing.signers[0].public]
        if signing.previous is not None:
            ours.append(signing.previous.public)
        if not signing.is_previous_lost and not verify_note(note, ours):
            raise ProofError(
                "its newest checkpoint is not signed by the key given here: give the file of the "
                "key before as well, so that it hands over"
            )
        return checkpoint

    def _load(self) -> None:
        with contextlib.suppress(DamagedError, FileNotFoundError):
            self._tree = GrowingTree.load(self.covered_size, self._folder.read)

    def _change(self) -> KeyChange:
        signing = self._signing
        old = decode_vkey(self._keys[0]) if self._keys else None
        signers = [signing.signers[0]]
        if old is not None and not signing.is_previous_lost:
            if signing.previous is None or signing.previous.public != old:
                raise ArchiveError(
                    f"the log {signing.log} is signed by the key {old.vkey}, and now by another: "
                    "give the file of the key before as well, so that it signs the change"
                )
            signers.insert(0, signing.previous)
        statement = ChangeStatement(
            log=signing.log, index=self._tree.size, old=old, new=signing.signers[0].public
        )
        return KeyChange(
            certificate=signing.certificate.encode().decode(),
            statement=sign_note(statement.text(), signers).encode().decode(),
        )
