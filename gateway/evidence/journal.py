"""The journal: crash-safe, append-only files of events, written by one process and short-lived.

A file is a header and then entries; docs/segment-format.md gives the bytes. What `append` has
returned for survives kill -9 of the process; a `gateway.evidence.synced.SyncedJournalWriter` also
makes it survive a loss of power. The longest valid prefix of a file counts; whatever
follows it is a `TornTail`.
"""

from __future__ import annotations

import os
import struct
import time
from typing import TYPE_CHECKING, Final

import google_crc32c
import msgspec

from gateway.evidence.errors import UNREADABLE_JSON, ArchiveError, DamagedError, JournalError
from gateway.evidence.event import Event
from gateway.evidence.failpoints import Failpoint, reach
from gateway.evidence.files import check_name, make_directory, sync_directory, write_all
from gateway.evidence.lock import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

JOURNAL_FORMAT: Final = 1
MAGIC: Final = b"SWJRNL\r\n"
SUFFIX: Final = ".journal"
FILE_BYTES_MAX: Final = 64 * 1024 * 1024
# One event must fit a zstd frame that seekable readers accept (1 GiB) and an Arrow binary column (2
# GiB); Kafka's own limit for a request is 100 MiB, for a Fetch answer 50 MiB and one batch.
ENTRY_BYTES_MAX: Final = 512 * 1024 * 1024
# 64 listeners with names of 63 characters need half of it.
_HEADER_BYTES_MAX: Final = 16_384
_LENGTH_CRC: Final = struct.Struct("<II")
_ENTRY: Final = struct.Struct("<IIQ")
_SEQUENCE: Final = struct.Struct("<Q")
_READ_BYTES: Final = 1024 * 1024


class JournalHeader(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a journal file says about itself.

    `durability` is what was promised about the events of each listener, and under the empty name of
    those without one; a file that says nothing was `written`.
    """

    format: int
    origin: str
    boot_id: str
    first_sequence: int
    created_ns: int
    durability: dict[str, str] = {}


class _AnyHeader(msgspec.Struct):
    """What the header of every version has."""

    format: int


class JournalEntry(msgspec.Struct, frozen=True):
    """One event as it stands in a journal; `end_position` is where the next entry starts.

    `event` is None when the entry's checksum is right but `raw` is no event that this version
    knows.
    """

    sequence: int
    event: Event | None
    end_position: int
    raw: memoryview


class TornTail(msgspec.Struct, frozen=True):
    """The bytes from `position` to the end of a file, which form no whole entry."""

    position: int
    data: bytes


class JournalWriter:
    """Appends events to the files of one directory; only one writer per directory can exist.

    A `lock` that the caller took is released with `close`. A file is made with the first event that
    goes into it, so none is ever empty of events.

    Every OSError becomes a JournalError and is final: what the kernel still holds of a failed write
    is unknown.
    """

    def __init__(
        self,
        directory: Path,
        *,
        origin: str,
        boot_id: str,
        next_sequence: int,
        file_bytes_max: int = FILE_BYTES_MAX,
        lock: FileLock | None = None,
    ) -> None:
        self._directory = directory
        self._origin = check_name(origin, what="origin")
        self._boot_id = check_name(boot_id, what="boot id")
        self._next_sequence = next_sequence
        self._file_bytes_max = file_bytes_max
        self._file_bytes = 0
        self._fd = -1
        self._durability: Mapping[str, str] = {}
        self._failure: str | None = None
        self._encode = msgspec.msgpack.Encoder().encode
        try:
            make_directory(directory)
            self._lock = lock or lock_journal(directory)
        except (OSError, ArchiveError) as error:
            raise self._fail(error) from error

    @property
    def next_sequence(self) -> int:
        """The sequence number that the next event will get."""
        return self._next_sequence

    @property
    def directory_bytes(self) -> int:
        """The bytes of all journal files not yet freed by the sealer; reads the directory."""
        total = 0
        for path in journal_files(self._directory):
            try:
                total += path.stat().st_size
            except FileNotFoundError:  # freed by the sealer since the directory was read
                continue
        return total

    def append(self, events: Sequence[Event]) -> int:
        """Write the events with one system call and return the last sequence number.

        Raises JournalError, and then again for ever: the caller must let nothing pass any more.
        """
        if self._failure is not None:
            raise JournalError(self._failure)
        if not events:
            return self._next_sequence - 1
        buffers: list[bytes | memoryview] = []
        sequence = self._next_sequence
        try:
            for event in events:
                buffers += self._entry(sequence, event)
                sequence += 1
            if self._fd >= 0 and self._file_bytes >= self._file_bytes_max:
                self._leave_file()
            if self._fd < 0:
                self._open_file()
            self._file_bytes += write_all(self._fd, buffers)
            reach(Failpoint.JOURNAL_APPENDED)
        except (OSError, ValueError, TypeError) as error:
            raise self._fail(error) from error
        self._next_sequence = sequence
        return sequence - 1

    def close(self) -> None:
        """Sync and close the file and let another writer in; raises JournalError."""
        try:
            if self._fd >= 0:
                self._close_last_file()
        except OSError as error:
            raise self._fail(error) from error
        finally:
            self._lock.release()
            self._failure = self._failure or f"the journal in {self._directory} is closed"

    def _entry(self, sequence: int, event: Event) -> tuple[bytes, bytes]:
        body = self._encode(event)
        if len(body) > ENTRY_BYTES_MAX:
            raise ValueError(f"an event of {len(body)} bytes is beyond {ENTRY_BYTES_MAX}")
        return _ENTRY.pack(len(body), _crc(sequence, body), sequence), body

    def _open_file(self) -> None:
        path = self._directory / f"{self._next_sequence:020d}-{self._boot_id}{SUFFIX}"
        header = msgspec.json.encode(
            JournalHeader(
                format=JOURNAL_FORMAT,
                origin=self._origin,
                boot_id=self._boot_id,
                first_sequence=self._next_sequence,
                created_ns=time.time_ns(),
                durability=dict(self._durability),
            )
        )
        checksum = google_crc32c.value(header)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._file_bytes = write_all(
            self._fd, [MAGIC, _LENGTH_CRC.pack(len(header), checksum), header]
        )
        reach(Failpoint.JOURNAL_CREATED)

    def _leave_file(self) -> None:
        # Neither the file nor the next one's name is synced: the mode `written` needs that for
        # nothing, the sealer frees the file in a moment, and everybody's traffic would wait for the
        # disk (30 to 260 ms measured for 64 MiB).
        fd, self._fd = self._fd, -1
        os.close(fd)

    def _close_last_file(self) -> None:
        fd, self._fd = self._fd, -1
        try:
            os.fsync(fd)
            sync_directory(self._directory)
        finally:
            os.close(fd)

    def _fail(self, error: Exception) -> JournalError:
        self._failure = f"cannot record in the journal {self._directory}: {error}"
        return JournalError(self._failure)


class JournalReader:
    """Reads one journal file, also while it is being written."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=_READ_BYTES)
        self._decoder = msgspec.msgpack.Decoder(Event)
        self._expected = 0
        self.path = path
        self.position = 0
        self.header: JournalHeader | None = None

    def read(self) -> JournalEntry | None:
        """Return the next whole entry, None when there is none (yet); bad bytes are none."""
        if self.header is None and not self._read_header():
            return None
        head = self._take(_ENTRY.size)
        if head is None:
            return None
        length, checksum, sequence = _ENTRY.unpack(head)
        body = self._take(length) if length <= ENTRY_BYTES_MAX else None
        if body is None or sequence != self._expected or _crc(sequence, body) != checksum:
            self._file.seek(self.position)
            return None
        self.position += _ENTRY.size + length
        self._expected = sequence + 1
        return JournalEntry(sequence, self._event(body), self.position, memoryview(body))

    def tail(self) -> TornTail | None:
        """Return what is left behind the last whole entry, None when nothing is."""
        self._file.seek(self.position)
        data = self._file.read()
        self._file.seek(self.position)
        return TornTail(self.position, data) if data else None

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read_header(self) -> bool:
        self._file.seek(0)
        head = self._take(len(MAGIC) + _LENGTH_CRC.size)
        if head is None or not head.startswith(MAGIC):
            return False
        length, checksum = _LENGTH_CRC.unpack_from(head, len(MAGIC))
        content = self._take(length) if length <= _HEADER_BYTES_MAX else None
        if content is None or google_crc32c.value(content) != checksum:
            return False
        self.header = self._decode_header(content)
        self._expected = self.header.first_sequence
        self.position = len(head) + length
        return True

    def _decode_header(self, content: bytes) -> JournalHeader:
        try:
            found = msgspec.json.decode(content, type=_AnyHeader).format
            if found == JOURNAL_FORMAT:
                return msgspec.json.decode(content, type=JournalHeader)
        except UNREADABLE_JSON as error:
            raise DamagedError(f"{self.path} has a header that cannot be read: {error}") from error
        raise DamagedError(
            f"{self.path} has journal format {found}; this version reads {JOURNAL_FORMAT}: "
            "start the version that wrote it once, so that it seals the file"
        )

    def _take(self, count: int) -> bytes | None:
        taken = self._file.read(count)
        if len(taken) == count:
            return taken
        self._file.seek(self.position)
        return None

    def _event(self, body: bytes) -> Event | None:
        try:
            return self._decoder.decode(body)
        except UNREADABLE_JSON:
            return None


def read_journal(path: Path) -> Iterator[JournalEntry | TornTail]:
    """Yield the entries of a file, and last the torn tail if there is one."""
    reader = JournalReader(path)
    try:
        while (entry := reader.read()) is not None:
            yield entry
        if (tail := reader.tail()) is not None:
            yield tail
    finally:
        reader.close()


def journal_files(directory: Path) -> list[Path]:
    """Return the journal files of the directory in the order of their sequence numbers."""
    return sorted(directory.glob(f"*{SUFFIX}"))


def lock_journal(directory: Path, *, wait_seconds: float = 0.0) -> FileLock:
    """Take the place of the journal's writer; raises ArchiveError when somebody has it."""
    what = "records into this journal"
    return FileLock(directory / "writer.lock", what=what, wait_seconds=wait_seconds)


def first_sequence_of(path: Path) -> int | None:
    """Return the sequence number that a journal file starts with by its name."""
    digits = path.name.partition("-")[0]
    return int(digits) if digits.isdecimal() else None


def _crc(sequence: int, body: bytes) -> int:
    checksum: int = google_crc32c.extend(google_crc32c.value(_SEQUENCE.pack(sequence)), body)
    return checksum
