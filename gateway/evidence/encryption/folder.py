"""The key folder: one small file for each session, and a log of those that were erased.

KEYS/<session>.age      the session's data key, an age file for its recipients
KEYS/erasures.jsonl     a line for each key that was erased: which, when, by whom, why
"""

from __future__ import annotations

import getpass
import os
import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec
import pyrage

from gateway.evidence.encryption.sealed import KEY_BYTES, DataKey
from gateway.evidence.errors import UNREADABLE_JSON, EncryptionError
from gateway.evidence.files import (
    check_name,
    make_directory,
    rename_anew,
    sync_directory,
    write_all,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyrage.x25519 import Identity, Recipient

KEY_FORMAT: Final = 1
SUFFIX: Final = ".age"
ERASURES: Final = "erasures.jsonl"


class _KeyFile(msgspec.Struct, frozen=True, kw_only=True):
    """What an age file of a key folder holds."""

    streamwitness_data_key: int
    session: str
    key: bytes


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the log of erasures."""

    session: str
    erased_at: str
    """RFC 3339, UTC."""
    by: str
    """USER@HOST, as the machine names them."""
    reason: str


def erasure_now(session: str, reason: str) -> Erasure:
    """Make the line of an erasure by the user of this process, now."""
    return Erasure(
        session=session,
        erased_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        by=f"{getpass.getuser()}@{platform.node()}",
        reason=reason,
    )


class KeyFolder:
    """The files of one key folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Make sure that the folder exists; one that is made is for its owner alone."""
        if not self.path.is_dir():
            make_directory(self.path)
            self.path.chmod(0o700)

    def keep(self, session: str, key: DataKey, recipients: Sequence[Recipient]) -> None:
        """Write a new session's key, durable when this returns; raises OSError."""
        content = _KeyFile(streamwitness_data_key=KEY_FORMAT, session=session, key=key.content)
        wrapped = pyrage.encrypt(msgspec.json.encode(content), recipients)
        path = self._file(session)
        unfinished = path.with_name(f"{path.name}.unfinished")
        fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            write_all(fd, [wrapped])
            os.fsync(fd)
        finally:
            os.close(fd)
        rename_anew(unfinished, path)

    def sessions(self) -> list[str]:
        """Return the sessions whose keys are here; raises OSError."""
        return sorted(path.name.removesuffix(SUFFIX) for path in self.path.glob(f"*{SUFFIX}"))

    def has(self, session: str) -> bool:
        """Say whether the key of a session is here."""
        return self._file(session).is_file()

    def unwrap(self, session: str, identity: Identity) -> DataKey:
        """Return the key of a session; raises EncryptionError."""
        path = self._file(session)
        try:
            plain = pyrage.decrypt(path.read_bytes(), [identity])
            found = msgspec.json.decode(plain, type=_KeyFile)
        except (OSError, pyrage.DecryptError, *UNREADABLE_JSON) as error:
            raise EncryptionError(f"{path} cannot be opened: {error}") from error
        said = (found.streamwitness_data_key, found.session, len(found.key))
        if said != (KEY_FORMAT, session, KEY_BYTES):
            raise EncryptionError(f"{path} holds no key of this session")
        return DataKey(session, found.key)

    def erasures(self) -> dict[str, Erasure]:
        """Return what was erased, by session; raises OSError.

        A line that cannot be read is passed over: that the key is gone does not depend on it.
        """
        path = self.path / ERASURES
        found = {}
        for line in path.read_bytes().splitlines() if path.exists() else []:
            try:
                erasure = msgspec.json.decode(line, type=Erasure)
            except UNREADABLE_JSON:
                continue
            found[erasure.session] = erasure
        return found

    def erase(self, erasures: Sequence[Erasure]) -> None:
        """Log and destroy keys, all of them or none; raises EncryptionError and OSError.

        The log comes first: a key must not go without a trace. Whoever is cut off in between
        erases again.
        """
        known = self.erasures()
        for erasure in erasures:
            self._check_present(erasure.session, known.get(erasure.session))
        self._log(erasures)
        for erasure in erasures:
            _destroy(self._file(erasure.session))
        sync_directory(self.path)

    def _log(self, erasures: Sequence[Erasure]) -> None:
        path = self.path / ERASURES
        # A line that a crash cut off gets its end, or it would spoil the next one.
        is_torn = path.exists() and not path.read_bytes().endswith(b"\n")
        lines = [msgspec.json.encode(erasure) + b"\n" for erasure in erasures]
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            write_all(fd, [b"\n" * is_torn, *lines])
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_directory(self.path)

    def _check_present(self, session: str, earlier: Erasure | None) -> None:
        if self.has(session):
            return
        when = "" if earlier is None else f": {earlier.by} erased it at {earlier.erased_at}"
        raise EncryptionError(f"{self.path} holds no key of session {session}{when}")

    def _file(self, session: str) -> Path:
        try:
            return self.path / f"{check_name(session, what='session')}{SUFFIX}"
        except ValueError as error:
            raise EncryptionError(str(error)) from error


def _destroy(path: Path) -> None:
    """Overwrite and remove; what that is worth depends on the disk (docs/operating.md)."""
    fd = os.open(path, os.O_WRONLY)
    try:
        write_all(fd, [bytes(os.fstat(fd).st_size)])
        os.fsync(fd)
    finally:
        os.close(fd)
    path.unlink()
