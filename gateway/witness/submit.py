"""Asking a witness for its cosignature of a log, and keeping that with the log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gateway.evidence.errors import ArchiveError, DamagedError, ProofError
from gateway.evidence.log.checkpoint import decode_checkpoint
from gateway.evidence.log.keys import verify_note
from gateway.evidence.log.merkle import consistency_path
from gateway.evidence.log.note import Note, decode_note
from gateway.evidence.log.replace import replace_checkpoint
from gateway.evidence.log.tiles import TileNodes
from gateway.witness.post import OK, Answer, post
from gateway.witness.witness import CONFLICT, SIZE, Submission

if TYPE_CHECKING:
    from gateway.evidence.log.checkpoint import Checkpoint
    from gateway.evidence.log.folder import LogFolder
    from gateway.evidence.log.keys import PublicKey

_ANSWER_BYTES_MAX: Final = 64 * 1024


def submit(folder: LogFolder, url: str, witness: PublicKey) -> int:
    """Have the newest checkpoint cosigned, add the cosignature to it, and return its size.

    Raises what `cosigned` does.
    """
    note, signed = cosigned(folder, url, witness)
    # Where a newer checkpoint has come meanwhile, that one is to be cosigned next.
    replace_checkpoint(folder, signed.encode(), old=note.encode())
    return decode_checkpoint(note.text).size


def cosigned(folder: LogFolder, url: str, witness: PublicKey) -> tuple[Note, Note]:
    """Return the newest checkpoint as it stands, and the same with the witness's cosignature.

    Raises ArchiveError when there is nothing to sign, ProofError when the witness refuses or
    answers with something else than its cosignature, and OSError when it cannot be reached.
    """
    newest = folder.newest()
    if newest is None:
        raise ArchiveError(f"{folder.directory} has no checkpoint that could be cosigned")
    note, checkpoint = newest
    status, kind, body = _post(url, _submission(folder, note, checkpoint, 0))
    if (status, kind) == (CONFLICT, SIZE):
        seen = _size(body)
        if seen > checkpoint.size:
            raise ProofError(f"{witness.name} saw a longer log: {seen} headers, not these")
        status, kind, body = _post(url, _submission(folder, note, checkpoint, seen))
    if status != OK:
        reason = body.decode("utf-8", "replace").strip()
        raise ProofError(f"{witness.name} does not cosign ({status}): {reason}")
    signed = decode_note(note.text.encode() + b"\n" + body)
    # Only witnesses state a time: a recorder's own signature stands there already.
    if signed.text != note.text or not verify_note(signed, [witness]).get(witness):
        raise ProofError(f"{url} answered with another cosignature than that of {witness.vkey}")
    ours = [each for each in signed.signatures if witness.made(each)]
    return note, note.signed_also(ours)


def _submission(folder: LogFolder, note: Note, checkpoint: Checkpoint, old: int) -> Submission:
    try:
        path = consistency_path(old, checkpoint.size, TileNodes(checkpoint.size, folder.read))
    except DamagedError as error:
        raise ArchiveError(f"the log is damaged, verify it: {error}") from error
    return Submission(old, tuple(path), note)


def _size(body: bytes) -> int:
    match = re.fullmatch(rb"(0|[1-9][0-9]{0,18})\n?", body)
    if match is None:
        raise ProofError(f"the witness tells a size that is none: {body[:40]!r}")
    return int(match[1])


def _post(url: str, submission: Submission) -> Answer:
    if not url.startswith(("http://", "https://")):
        raise ArchiveError(f"{url!r} is no witness's address: that begins with https:// or http://")
    place = f"{url.rstrip('/')}/add-checkpoint"
    return post(place, submission.encode(), kind="text/plain", bytes_max=_ANSWER_BYTES_MAX)
