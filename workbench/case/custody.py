"""The custody log: who did what with the evidence of a case, and when, one line an entry.

Each line is a JSON object and carries the SHA-256 of the line before it, its end included, so
`tail -n 1 custody.jsonl | sha256sum` tells the head, to which all earlier lines lead. Lines are
hashed as they are stored and only ever appended.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec

from gateway.evidence.errors import UNREADABLE_JSON, ArchiveError
from gateway.evidence.files import sync_directory, write_all
from gateway.evidence.lock import FileLock
from workbench.case.checking import CustodyFlaw, check_lines
from workbench.case.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CUSTODY: Final = "custody.jsonl"
LOCK: Final = "custody.lock"
# Writing takes milliseconds: who holds the lock for longer hangs.
_LOCK_WAIT_SECONDS: Final = 10.0

_Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Action(StrEnum):
    """What was done; docs/custody.md explains each."""

    CASE_CREATED = "case_created"
    ARCHIVE_OPENED = "archive_opened"
    EXPORTED = "exported"
    REPORT_BUILT = "report_built"
    PACKAGED = "packaged"
    HANDED_OVER = "handed_over"
    NOTED = "noted"
    SIGNED = "signed"


class Actor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who acted: the name that was given, and what the operating system says."""

    name: str | None
    user: str
    host: str


class Thing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was acted on; a path within the case is relative to it."""

    name: str
    sha256: _Digest | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the log."""

    format: Literal[1] = 1
    sequence: Annotated[int, msgspec.Meta(ge=0)]
    time: str
    actor: Actor
    action: Action
    thing: Thing | None
    details: dict[str, object]
    tool: str
    previous_sha256: _Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """What a custody log holds."""

    entries: tuple[Entry, ...]
    """Those before the first flaw."""
    digests: tuple[str, ...]
    """The SHA-256 of each of their lines in hex."""
    flaw: CustodyFlaw | None

    @property
    def head(self) -> str | None:
        """The hash of the last line, to which all before it lead; None without any."""
        return self.digests[-1] if self.digests else None


class CustodyLog:
    """Appends to the custody log of a case, in the name of one actor."""

    def __init__(self, folder: Path, name: str | None) -> None:
        self._folder = folder
        self._name = name

    def read(self) -> Custody:
        """Return what the log holds; raises CaseError when it cannot be read."""
        path = self._folder / CUSTODY
        try:
            content = path.read_bytes()
        except OSError as error:
            message = f"the custody log cannot be read: {error}; take it from a copy of the case"
            raise CaseError(message) from error
        return decode_custody(content)

    def append(
        self,
        action: Action,
        thing: Thing | None = None,
        details: Mapping[str, object] | None = None,
    ) -> Entry:
        """Write an entry durably and return it; raises CaseError, and then nothing was written.

        Only the first entry of a case begins a log; a log that is not sound is not added to.
        """
        try:
            lock = FileLock(
                self._folder / LOCK, what="writes the custody log", wait_seconds=_LOCK_WAIT_SECONDS
            )
        except (ArchiveError, OSError) as error:
            raise CaseError(f"nothing was recorded: {error}") from error
        try:
            return self._append(action, thing, dict(details or {}))
        except OSError as error:
            raise CaseError(f"the custody log cannot be written: {error}") from error
        finally:
            lock.release()

    def _append(self, action: Action, thing: Thing | None, details: dict[str, object]) -> Entry:
        is_first = action is Action.CASE_CREATED
        before = decode_custody(b"") if is_first else self.read()
        if before.flaw is not None or bool(before.entries) == is_first:
            told = before.flaw or "it has no entries"
            raise CaseError(
                f"nothing was recorded, for the custody log is not sound: {told}; keep it as it "
                "is, and begin a new case with a note that says so"
            )
        entry = Entry(
            sequence=len(before.entries),
            time=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            actor=_actor(self._name),
            action=action,
            thing=thing,
            details=details,
            tool=f"streamwitness {version('streamwitness')}",
            previous_sha256=before.head or NOTHING_BEFORE,
        )
        flags = os.O_WRONLY | os.O_APPEND | (os.O_CREAT | os.O_EXCL if is_first else 0)
        fd = os.open(self._folder / CUSTODY, flags, 0o600)
        try:
            write_all(fd, [msgspec.json.encode(entry) + b"\n"])
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_directory(self._folder)
        return entry


NOTHING_BEFORE: Final = "0" * 64


def decode_custody(content: bytes) -> Custody:
    """Return the entries of a log up to its first flaw."""
    lines = content.split(b"\n")
    torn = lines.pop()
    digests = [hashlib.sha256(line + b"\n").hexdigest() for line in lines]
    entries: list[Entry] = []
    flaw = None
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(msgspec.json.decode(line, type=Entry))
        except UNREADABLE_JSON as error:
            flaw = CustodyFlaw(number, f"it cannot be read as an entry: {error}")
            break
    if flaw is None and torn:
        flaw = CustodyFlaw(len(lines) + 1, "it has no end: writing it was broken off")
    links = [(entry.sequence, entry.previous_sha256) for entry in entries]
    flaw = check_lines(links, [NOTHING_BEFORE, *digests]) or flaw
    sound = len(entries) if flaw is None else flaw.line - 1
    return Custody(entries=tuple(entries[:sound]), digests=tuple(digests[:sound]), flaw=flaw)


def _actor(name: str | None) -> Actor:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        user = f"uid {os.getuid()}"
    return Actor(name=name, user=user, host=platform.node())
