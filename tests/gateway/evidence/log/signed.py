"""Signed archives for tests: a root, a recorder's keys, a witness, and a clock that is told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from gateway.evidence.block import CloseReason
from gateway.evidence.log.certificates import Certificate
from gateway.evidence.log.folder import CHECKPOINT, LogFolder, log_directory
from gateway.evidence.log.keys import Algorithm, PublicKey
from gateway.evidence.log.note import decode_note
from gateway.evidence.log.signing import Signer, sign_note
from gateway.evidence.log.trust import Trust
from gateway.evidence.log.writer import LogSigning
from gateway.evidence.segment import SealOptions
from gateway.evidence.writer import ArchiveWriter
from tests.gateway.evidence.samples import ORIGIN, SECOND_NS, START_NS, rows

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.log.note import Note

YEAR_S = 365 * 24 * 3600
START_S = START_NS // SECOND_NS
LOG = "example.com/gateway-1"


def ed25519(name: str, number: int, *, is_cosigner: bool = False) -> Signer:
    """Return a signer whose key is the same every time."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    algorithm = Algorithm.COSIGNATURE_ED25519 if is_cosigner else Algorithm.ED25519
    return Signer(PublicKey(name, algorithm, private.public_key().public_bytes_raw()), private)


def ml_dsa(name: str, number: int) -> Signer:
    """Return a signer that is safe against quantum computers."""
    private = MLDSA44PrivateKey.from_seed_bytes(bytes([number]) * 32)
    content = private.public_key().public_bytes_raw()
    return Signer(PublicKey(name, Algorithm.ML_DSA_44, content), private)


ROOT = ed25519("example.com/root", 1)
OTHER_ROOT = ed25519("example.com/root", 99)
WITNESS = ed25519("witness.example/w1", 2, is_cosigner=True)
RECORDER = ed25519(LOG, 3)


def certificate(
    *signers: Signer, root: Signer = ROOT, after_s: int = START_S - 60, before_s: int | None = None
) -> Note:
    """Let the root key certify keys."""
    until = START_S + YEAR_S if before_s is None else before_s
    keys = tuple(signer.public for signer in signers)
    log = keys[0].name
    text = Certificate(log=log, keys=keys, not_before_s=after_s, not_after_s=until).text()
    return sign_note(text, [root])


def signing(folder: Path, *signers: Signer, **more: object) -> LogSigning:
    """Return how a log is signed, by the recorder's key where none is named."""
    chosen = signers or (RECORDER,)
    made = LogSigning(
        log=LOG,
        signers=chosen,
        certificate=certificate(*chosen),
        root=ROOT.public,
        memory=folder / "signed-checkpoint",
        clock=lambda: START_NS,
    )
    return replace(made, **more)  # type: ignore[arg-type] # any field


@dataclass(slots=True)
class Recorder:
    """Records into an archive as a gateway and its sealer would, second by second."""

    folder: Path
    origin: str = ORIGIN
    how: LogSigning | None = None
    now_s: int = 0
    first_id: int = 0
    sequence: int = 0
    ids: count[int] = field(default_factory=count)

    @property
    def archive(self) -> Path:
        """The archive."""
        return self.folder / "archive"

    def options(self) -> SealOptions:
        """Return the sealer's options."""
        return SealOptions(
            log=self.how or signing(self.folder),
            clock=lambda: START_NS + self.now_s * SECOND_NS,
            new_segment_id=lambda: f"{next(self.ids):032x}",
        )

    def record(
        self, *segments: int, reason: CloseReason = CloseReason.SHUTDOWN, gap_s: int = 0
    ) -> None:
        """Record so many blocks of two events into each of some segments, ten seconds a block."""
        writer = ArchiveWriter(self.archive, self.origin, self.options())
        self.sequence = max(self.sequence, writer.next_sequence)
        self.now_s += gap_s
        for number, blocks in enumerate(segments, start=1):
            for _ in range(blocks):
                self.now_s += 10
                writer.append(rows(self.sequence, 2, payload=b"payload"))
                self.sequence += 2
                writer.checkpoint()
            writer.seal(reason if number == len(segments) else CloseReason.TIME)
        writer.close()

    @property
    def log(self) -> LogFolder:
        """The folder of its log."""
        return LogFolder(log_directory(self.archive, self.origin))

    def cosign(self, witness: Signer = WITNESS) -> Note:
        """Let a witness cosign the newest checkpoint, as its writer would; return that."""
        writer = ArchiveWriter(self.archive, self.origin, self.options())
        writer.close(cosign=lambda: self.submit(witness))
        return decode_note(self.log.read(CHECKPOINT))

    def submit(self, witness: Signer) -> None:
        """Let a witness cosign what stands there, whatever the list of files says."""
        note = decode_note(self.log.read(CHECKPOINT))
        signed = note.signed_also([witness.sign(note.text, time_s=START_S + self.now_s)])
        self.log.write([(CHECKPOINT, signed.encode())])

    def trust(self, *witnessed: Note, is_witnessed: bool = True) -> Trust:
        """Return what an auditor knows who looks at the archive right now."""
        return Trust(
            root=ROOT.public,
            witnesses=(WITNESS.public,) if is_witnessed else (),
            witnessed=witnessed,
            now_ns=START_NS + (self.now_s + 5) * SECOND_NS,
        )
