"""Deciding about a checkpoint: cosigned, or refused with the status that C2SP tlog-witness says."""

from __future__ import annotations

import base64
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.evidence.errors import ProofError
from gateway.evidence.log.checkpoint import Checkpoint, decode_checkpoint
from gateway.evidence.log.keys import verify_note
from gateway.evidence.log.merkle import EMPTY_ROOT, PATH_LENGTH_MAX, check_consistency
from gateway.evidence.log.note import Note, decode_base64, decode_note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.evidence.log.keys import PublicKey
    from gateway.evidence.log.signing import Signer
    from gateway.witness.memory import Memory

# A checkpoint with sixteen of the largest signatures, and a proof.
REQUEST_BYTES_MAX: Final = 128 * 1024
TEXT: Final = "text/plain; charset=utf-8"
SIZE: Final = "text/x.tlog.size"

OK, BAD, FORBIDDEN, UNKNOWN, CONFLICT, UNPROVED = 200, 400, 403, 404, 409, 422


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str = TEXT


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint with the proof that its log grew from the size that the witness saw last."""

    old_size: int
    path: tuple[bytes, ...]
    note: Note

    def encode(self) -> bytes:
        """Return the body of the request."""
        lines = [f"old {self.old_size}", *(base64.b64encode(each).decode() for each in self.path)]
        return "\n".join([*lines, "", ""]).encode() + self.note.encode()


class Witness:
    """Cosigns the logs that it knows, by name and keys; safe to use from several threads."""

    def __init__(
        self, signer: Signer, logs: Mapping[str, Sequence[PublicKey]], memory: Memory
    ) -> None:
        self._signer = signer
        self._logs = logs
        self._memory = memory
        # Between the look at what was seen and keeping what is new nobody may come.
        self._one_by_one = threading.Lock()

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one request; raises OSError and ProofError when the memory fails."""
        try:
            submission = decode_submission(body)
            checkpoint = decode_checkpoint(submission.note.text)
        except ProofError as error:
            return _refused(BAD, str(error))
        if checkpoint.log not in self._logs:
            return _refused(UNKNOWN, f"the log {checkpoint.log} is not known here")
        try:
            is_signed = bool(verify_note(submission.note, self._logs[checkpoint.log]))
        except ProofError:
            is_signed = False
        if not is_signed:
            return _refused(FORBIDDEN, f"no key of the log {checkpoint.log} signed it")
        if submission.old_size > checkpoint.size:
            return _refused(BAD, "the old size is beyond the new one")
        with self._one_by_one:
            return self._cosign(submission, checkpoint)

    def newest(self, log: str) -> Answer:
        """Return what was cosigned last of a log, for whoever audits it."""
        found = self._memory.newest(log)
        if found is None:
            return _refused(UNKNOWN, f"nothing of the log {log} was seen here")
        return Answer(OK, found[0].encode())

    def _cosign(self, submission: Submission, checkpoint: Checkpoint) -> Answer:
        found = self._memory.newest(checkpoint.log)
        seen = Checkpoint(checkpoint.log, 0, EMPTY_ROOT) if found is None else found[1]
        if submission.old_size != seen.size:
            return Answer(CONFLICT, f"{seen.size}\n".encode(), SIZE)
        if seen.size == checkpoint.size and seen.root != checkpoint.root:
            return _refused(CONFLICT, f"another tree of {seen.size} leaves was cosigned")
        try:
            check_consistency(
                seen.size, checkpoint.size, seen.root, checkpoint.root, submission.path
            )
        except ProofError as error:
            return _refused(UNPROVED, str(error))
        signature = self._signer.sign(checkpoint.text())
        self._memory.keep(checkpoint.log, submission.note.signed_also([signature]))
        return Answer(OK, signature.line().encode())


def decode_submission(body: bytes) -> Submission:
    """Return what is in the body of a request; raises ProofError."""
    head, separator, note = body.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise ProofError("the proof has lines that are not ASCII") from error
    match = re.fullmatch(r"old (0|[1-9][0-9]{0,18})", first)
    if match is None or not separator or len(lines) > PATH_LENGTH_MAX:
        raise ProofError("the request does not start with the old size and a proof")
    return Submission(int(match[1]), tuple(map(decode_base64, lines)), decode_note(note))


def _refused(status: int, reason: str) -> Answer:
    return Answer(status, f"{reason}\n".encode())
