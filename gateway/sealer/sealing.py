"""Making segments of a journal: the loop of the sealer, and its end, which is recovery too."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.block import CloseReason
from gateway.evidence.errors import ArchiveError
from gateway.evidence.event import Event, EventKind
from gateway.evidence.failpoints import Failpoint, reach
from gateway.evidence.files import make_directory, sync_directory
from gateway.evidence.journal import (
    JournalEntry,
    JournalWriter,
    first_sequence_of,
    journal_files,
    lock_journal,
)
from gateway.evidence.lock import FileLock
from gateway.evidence.rows import Row, torn_event
from gateway.evidence.segment import SealOptions
from gateway.evidence.writer import ArchiveWriter
from gateway.sealer.intents import OpenIntents
from gateway.sealer.keys import SigningOptions, load_signing
from gateway.sealer.sealed import sealed_rows
from gateway.sealer.tail import JournalTail, TailedEntry
from gateway.sealer.timestamping import TimestampOptions
from gateway.sealer.torn import TornBytes
from gateway.sealer.upload.options import UploaderOptions
from gateway.sealer.witnessing import WitnessOptions

if TYPE_CHECKING:
    from collections.abc import Callable

# A block is what a torn write can cost a reader, and what the sealer holds in memory.
BLOCK_BYTES: Final = 1024 * 1024
BLOCK_SECONDS: Final = 1.0
SEGMENT_SECONDS: Final = 300.0
# A checkpoint is signed every 5 s at least; a busy disk may make it late by a few.
CHECKPOINT_SECONDS: Final = 2.0
UNSYNCED_BYTES_MAX: Final = 16 * 1024 * 1024
# An event weighs more in memory than its bytes; this bounds blocks of tiny ones.
BLOCK_EVENTS_MAX: Final = 16_384
# The kernel closes the descriptors of a killed process one after the other.
WRITER_GONE_SECONDS: Final = 2.0


class SealerOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which journal is sealed into which archive, and signed with which keys.

    `lock_wait_seconds` is how long to wait for the sealer of an earlier run to end.
    """

    archive: Path
    journal: Path
    origin: str
    durability: str = "written"
    signing: SigningOptions | None = None
    witnesses: tuple[WitnessOptions, ...] = ()
    timestamps: TimestampOptions | None = None
    upload: UploaderOptions | None = None
    lock_wait_seconds: float = 60.0


class Sealer:
    """Seals one journal; any OSError is final for the process."""

    def __init__(self, options: SealerOptions) -> None:
        make_directory(options.journal)
        self._options = options
        # The archive has a lock of its own, but two sealers of one journal that write to different
        # archives would each free what the other has not sealed. It is also held for longer: until
        # the journal is freed.
        self._lock = FileLock(
            options.journal / "sealer.lock",
            what="seals this journal",
            wait_seconds=options.lock_wait_seconds,
        )
        starts = [first_sequence_of(path) for path in journal_files(options.journal)]
        try:
            self._writer = ArchiveWriter(
                options.archive,
                options.origin,
                SealOptions(
                    durability=options.durability,
                    log=load_signing(options.signing, options.journal, options.origin),
                ),
                kept_from=min((start for start in starts if start is not None), default=None),
                lock_wait_seconds=options.lock_wait_seconds,
            )
        except BaseException:
            self._lock.release()
            raise
        self._tail = JournalTail(options.journal)
        self._intents = self._open_intents()
        self._next_sequence = max(self._writer.next_sequence, self._intents.next_sequence)
        self._rows: list[Row] = []
        self._rows_bytes = 0
        self._rows_since = 0.0
        self._segment_since = 0.0
        self._unsynced_bytes = 0
        self._is_signed = True
        self._signed_at = 0.0
        self._torn = TornBytes()

    @property
    def next_sequence(self) -> int:
        """The sequence number behind the last event that was read."""
        return self._next_sequence

    def step(self) -> bool:
        """Read until a block is full; return False when the journal has no more for now."""
        while self._rows_bytes < BLOCK_BYTES and len(self._rows) < BLOCK_EVENTS_MAX:
            tailed = self._tail.read()
            if tailed is None:
                self._rest()
                return False
            self._take(tailed)
        self._flush(CloseReason.SIZE)
        return True

    def finish(self, reason: CloseReason, cosign: Callable[[], object] = lambda: None) -> bool:
        """Seal the rest; when nobody records any more, also recover and free the whole journal.

        Returns whether that was so; call nothing else afterwards. `cosign` is called once, when the
        last checkpoint stands.
        """
        self._drain(reason)
        try:
            place = lock_journal(self._options.journal, wait_seconds=WRITER_GONE_SECONDS)
        except ArchiveError:
            self._close(reason, cosign)
            return False
        self._drain(reason)
        self._tail.leave()
        journal = JournalWriter(
            self._options.journal,
            origin=self._options.origin,
            boot_id=uuid.uuid4().hex,
            next_sequence=self.next_sequence,
            lock=place,
        )
        self._record_losses(journal)
        reach(Failpoint.LOSSES_RECORDED)
        journal.close()
        self._drain(reason)
        self._tail.leave()
        self._close(reason, cosign)
        return True

    def _open_intents(self) -> OpenIntents:
        """Return what is open by what was sealed, which the journal need not hold any more."""
        intents = OpenIntents(self._options.journal)
        span = {"first": intents.next_sequence, "end": self._writer.next_sequence}
        for row in sealed_rows(self._options.archive, self._options.origin, **span):
            intents.follow(row)
        return intents

    def _close(self, reason: CloseReason, cosign: Callable[[], object]) -> None:
        self._writer.close(reason, cosign)
        self._free()
        self._tail.close()
        self._lock.release()

    def _take(self, tailed: TailedEntry) -> None:
        sequence = tailed.entry.sequence
        event = tailed.entry.event or _undecodable(tailed.entry)
        row = Row(sequence, tailed.boot_id, event, tailed.durability)
        if row.event.kind is EventKind.TORN:
            self._torn.follow(row.event)
        self._next_sequence = max(self._next_sequence, sequence + 1)
        if sequence < self._writer.next_sequence:
            return
        if self._rows and sequence != self._rows[-1].sequence + 1:
            self._check_not_twice(sequence)
            self._flush(CloseReason.SIZE)
        if not self._rows:
            self._rows_since = time.monotonic()
        self._rows.append(row)
        self._rows_bytes += len(tailed.entry.raw)

    def _check_not_twice(self, sequence: int) -> None:
        if sequence <= self._rows[-1].sequence:
            raise ArchiveError(
                f"event {sequence} stands in the journal {self._options.journal} twice: move away "
                "the file that was copied there"
            )

    def _drain(self, reason: CloseReason) -> None:
        while self.step():
            pass
        self._flush(reason)
        self._sign()

    def _rest(self) -> None:
        """Do what is due when the journal has nothing more to read."""
        if self._rows and time.monotonic() - self._rows_since >= BLOCK_SECONDS:
            is_idle = all(row.event.kind is EventKind.HEARTBEAT for row in self._rows)
            self._flush(CloseReason.IDLE if is_idle else CloseReason.TIME)
        if self._unsynced_bytes:
            self._sync()
        self._seal_when_old()
        self._sign_when_due()
        self._free()

    def _flush(self, reason: CloseReason) -> None:
        if not self._rows:
            return
        if not self._writer.is_segment_open:
            self._segment_since = time.monotonic()
        self._writer.append(self._rows, reason)
        for row in self._rows:
            self._intents.follow(row)
        self._unsynced_bytes += self._rows_bytes
        self._rows = []
        self._rows_bytes = 0
        self._is_signed = False
        if self._unsynced_bytes >= UNSYNCED_BYTES_MAX:
            self._sync()
        self._seal_when_old()
        self._sign_when_due()

    def _seal_when_old(self) -> None:
        age = time.monotonic() - self._segment_since
        if self._writer.is_segment_open and age >= SEGMENT_SECONDS:
            self._writer.seal(CloseReason.TIME)

    def _sync(self) -> None:
        # First the blocks, then what is open by them: what a failing system leaves of the blocks is
        # never behind what was saved, and a start reads back how far it is ahead.
        self._writer.sync()
        self._intents.save()
        self._unsynced_bytes = 0

    def _sign_when_due(self) -> None:
        if not self._is_signed and time.monotonic() - self._signed_at >= CHECKPOINT_SECONDS:
            self._sign()

    def _sign(self) -> None:
        self._sync()
        self._writer.checkpoint()
        self._is_signed = True
        self._signed_at = time.monotonic()
        self._free()

    def _free(self) -> None:
        """Delete the journal files of which a checkpoint covers everything."""
        sealed = [
            read
            for read in self._tail.read_files
            if (read.last_sequence is None or read.last_sequence < self._writer.covered_sequence)
            and self._torn.is_recorded(read)
        ]
        if not sealed:
            return
        # A file that a crash left without entries goes before the one that tells of its torn bytes.
        for read in sorted(sealed, key=lambda read: read.last_sequence is not None):
            reach(Failpoint.JOURNAL_FREEING)
            read.path.unlink()
            reach(Failpoint.JOURNAL_FREED)
            self._tail.forget(read)
        sync_directory(self._options.journal)

    def _record_losses(self, journal: JournalWriter) -> None:
        """Append what a writer that died left open: torn bytes, and intents without an answer.

        Both are taken from the journal alone, so a recovery that dies itself is simply repeated.
        """
        now = {"wall_ns": time.time_ns(), "monotonic_ns": time.monotonic_ns()}
        for event in self._torn.missing(self._tail.read_files, **now):
            journal.append([event])
        unknown = self._intents.unknown_outcomes(**now)
        if unknown:
            journal.append(unknown)


def recover(options: SealerOptions) -> int:
    """Seal what an earlier run left in the journal and return the next sequence number.

    Raises ArchiveError when a gateway or a sealer still runs on this journal or archive.
    """
    sealer = Sealer(options)
    if not sealer.finish(CloseReason.RECOVERY):
        raise ArchiveError(f"another process records into the journal {options.journal}: stop it")
    return sealer.next_sequence


def encode_options(options: SealerOptions) -> str:
    """Return the options as the sealer's process takes them."""
    return msgspec.json.encode(options, enc_hook=str).decode()


def decode_options(text: str) -> SealerOptions:
    """Return the options in a text; raises ValueError."""
    return msgspec.json.decode(
        text, type=SealerOptions, dec_hook=lambda path_type, value: path_type(value)
    )


def _undecodable(entry: JournalEntry) -> Event:
    return torn_event(
        entry.raw,
        wall_ns=time.time_ns(),
        monotonic_ns=time.monotonic_ns(),
        detail='{"undecodable":true}',
    )
