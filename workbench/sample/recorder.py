"""The gateway's side of the sample: a clock, the rows of its journal, and the archive of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.evidence.block import CloseReason
from gateway.evidence.event import Event, EventKind
from gateway.evidence.log.certificates import Certificate
from gateway.evidence.log.keys import Algorithm, PublicKey
from gateway.evidence.log.signing import Signer, sign_note
from gateway.evidence.log.writer import LogSigning
from gateway.evidence.rows import Row
from gateway.evidence.segment import SealOptions
from gateway.evidence.writer import ArchiveWriter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BEGIN: Final = datetime(2026, 3, 17, 5, 0, tzinfo=UTC)
ORIGIN: Final = "gateway-1"
BOOT_ID: Final = "5a3c0b6e9d1f4a7788e2c4d6f0a1b2c3"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STEP_NS: Final = 1_700_000
_ROWS_PER_BLOCK: Final = 400
_BLOCKS_PER_SEGMENT: Final = 5
_LOG: Final = f"streamwitness-sample/{ORIGIN}"
_CERTIFIED_SECONDS: Final = 7 * 24 * 3600


class Recorder:
    """Takes events in their order; every look at its clock moves it by a little."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.wall_ns = _nanoseconds(BEGIN)

    def move_to(self, moment: datetime) -> None:
        """Set the clock forward; it never goes back."""
        self.wall_ns = max(self.wall_ns, _nanoseconds(moment))

    def wait(self, milliseconds: int) -> None:
        """Let time pass."""
        self.wall_ns += milliseconds * 1_000_000

    def now_ns(self) -> int:
        """Tell the time."""
        self.wall_ns += _STEP_NS
        return self.wall_ns

    def add(self, event: Event) -> None:
        """Append an event to the journal."""
        self.rows.append(Row(len(self.rows), BOOT_ID, event))

    def note(self, kind: EventKind, detail: Mapping[str, object]) -> None:
        """Append an event about the gateway itself."""
        now = self.now_ns()
        self.add(
            Event(
                kind=kind,
                wall_ns=now,
                monotonic_ns=monotonic(now),
                detail=to_json({"version": "0.1.0", **detail}),
            )
        )


def monotonic(wall_ns: int) -> int:
    """Turn a wall clock into that of a machine that started an hour before the story."""
    return wall_ns - _nanoseconds(BEGIN - timedelta(hours=1))


def to_json(detail: Mapping[str, object]) -> str:
    """Write a detail column as the gateway does."""
    return msgspec.json.encode(detail).decode()


def write_archive(archive: Path, rows: Sequence[Row]) -> None:
    """Seal rows into segments whose bytes depend on nothing but the rows."""
    clock = count(rows[0].event.wall_ns, 1_000_000_000)
    identifiers = count()
    with TemporaryDirectory() as folder:
        options = SealOptions(
            log=_signing(Path(folder)),
            clock=lambda: next(clock),
            new_segment_id=lambda: f"{next(identifiers):032x}",
        )
        writer = ArchiveWriter(archive, ORIGIN, options)
        for block, start in enumerate(range(0, len(rows), _ROWS_PER_BLOCK), start=1):
            writer.append(rows[start : start + _ROWS_PER_BLOCK])
            if block % _BLOCKS_PER_SEGMENT == 0:
                writer.seal(CloseReason.TIME)
        writer.close()


def _signing(folder: Path) -> LogSigning:
    """Return how the sample's log is signed: with keys that everybody knows, so by nobody."""
    root, recorder = (_signer(name) for name in (f"{_LOG}/root", _LOG))
    begin_s = int(BEGIN.timestamp())
    certificate = Certificate(
        log=_LOG,
        keys=(recorder.public,),
        not_before_s=begin_s,
        not_after_s=begin_s + _CERTIFIED_SECONDS,
    )
    return LogSigning(
        log=_LOG,
        signers=[recorder],
        certificate=sign_note(certificate.text(), [root]),
        root=root.public,
        memory=folder / "signed-checkpoint",
        clock=lambda: _nanoseconds(BEGIN),
    )


def _signer(name: str) -> Signer:
    private = Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())
    content = private.public_key().public_bytes_raw()
    return Signer(PublicKey(name, Algorithm.ED25519, content), private)


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
