"""Recordings as a gateway with encryption makes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.evidence.encryption.folder import KeyFolder, erasure_now
from gateway.evidence.encryption.recipients import create_identity, parse_recipient
from gateway.server.encrypting import EncryptingJournal
from tests.gateway.server.test_recorder import Disk
from workbench.archive import open_archive

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.event import Event
    from tests.workbench.archive.recording import Recording
    from workbench.archive import Archive


class Encrypted:
    """An archive whose content is sealed, with its keys beside it."""

    def __init__(self, folder: Path, *recordings: Recording) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.archive = folder / "archive"
        self.identity = folder / "identity"
        self.keys = KeyFolder(folder / "keys")
        self.keys.create()
        recipient = parse_recipient(create_identity(self.identity))
        self.events: list[Event] = []
        for recording in recordings:
            disk = Disk()
            EncryptingJournal(disk, self.keys, [recipient]).append(recording.events)
            self.events += disk.events
            replace(recording, events=disk.events).write(self.archive, is_ended=True)

    def open(self, *, with_keys: bool, cache: Path | None = None) -> Archive:
        """Open the archive, with or without the keys."""
        if not with_keys:
            return open_archive(self.archive, cache=cache or self.folder / "cache")
        return open_archive(self.archive, cache=cache, keys=self.keys.path, identity=self.identity)

    def erase(self, *sessions: str) -> None:
        """Erase the keys of sessions."""
        self.keys.erase([erasure_now(session, "case 7") for session in sessions])
