"""A journal that somebody waits for: what `sync` has returned for survives a loss of power."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.evidence.errors import JournalError
from gateway.evidence.failpoints import Failpoint, reach
from gateway.evidence.files import sync_content, sync_directory
from gateway.evidence.journal import FILE_BYTES_MAX, JournalWriter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class _Unsynced:
    """What has to reach the disk, and the last sequence number that is then durable."""

    through: int
    current: int
    left: list[int]
    has_new_name: bool


class SyncedJournalWriter(JournalWriter):
    """Appends like a `JournalWriter`, and syncs on another thread than the one that appends.

    A file that is full stays open until it was synced; the name of a new one is synced with the
    first events in it. Each file's header states the `durability` of each listener, for the sealer.
    """

    def __init__(
        self,
        directory: Path,
        *,
        origin: str,
        boot_id: str,
        next_sequence: int,
        file_bytes_max: int = FILE_BYTES_MAX,
        durability: Mapping[str, str] | None = None,
    ) -> None:
        self._syncing = threading.Lock()
        # Held for moments only: the thread that appends must never wait for the disk.
        self._changing = threading.Lock()
        self._left: list[int] = []
        self._has_new_name = False
        super().__init__(
            directory,
            origin=origin,
            boot_id=boot_id,
            next_sequence=next_sequence,
            file_bytes_max=file_bytes_max,
        )
        self._durability = durability or {}

    def sync(self) -> int:
        """Make durable what was appended before the call, and return the last sequence number.

        Raises JournalError, and then again for ever: after one failed sync the kernel may drop what
        it could not write, and a later sync says that all is well.
        """
        with self._syncing:
            if self._failure is not None:
                raise JournalError(self._failure)
            try:
                return self._sync(self._take_unsynced())
            except OSError as error:
                raise self._fail(error) from error

    def close(self) -> None:
        """Sync and close all files and let another writer in; raises JournalError."""
        with self._syncing:
            try:
                _sync_and_close(self._take_unsynced().left)
            except OSError as error:
                raise self._fail(error) from error
            finally:
                super().close()

    def _sync(self, unsynced: _Unsynced) -> int:
        _sync_and_close(unsynced.left)
        if unsynced.current >= 0:
            sync_content(unsynced.current)
        if unsynced.has_new_name:
            sync_directory(self._directory)
        reach(Failpoint.JOURNAL_SYNCED)
        return unsynced.through

    def _take_unsynced(self) -> _Unsynced:
        # First the number: what is appended from here on may be synced too, but is not promised.
        through = self.next_sequence - 1
        with self._changing:
            left, self._left = self._left, []
            has_new_name, self._has_new_name = self._has_new_name, False
            return _Unsynced(through, self._fd, left, has_new_name)

    def _open_file(self) -> None:
        super()._open_file()
        with self._changing:
            self._has_new_name = True

    def _leave_file(self) -> None:
        with self._changing:
            self._left.append(self._fd)
            self._fd = -1


def _sync_and_close(fds: list[int]) -> None:
    with ExitStack() as closing:
        for fd in fds:
            closing.callback(os.close, fd)
        for fd in fds:
            sync_content(fd)
