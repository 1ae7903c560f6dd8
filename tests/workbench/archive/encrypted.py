"""Recordings as a gateway with encryption makes them, and one that must be readable for ever.

`python -m tests.workbench.archive.encrypted` writes the latter where it does not exist yet.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.evidence.encryption.folder import KeyFolder, erasure_now
from gateway.evidence.encryption.recipients import create_identity, parse_recipient
from gateway.evidence.event import EventKind
from gateway.server.encrypting import EncryptingJournal
from gateway.wire.api_keys import ApiKey
from gateway.wire.records.encode import BatchOptions
from tests.gateway.server.test_recorder import Disk
from tests.workbench.archive.recording import Client, Place, Recording, batch, control
from workbench.archive import open_archive

if TYPE_CHECKING:
    from gateway.evidence.event import Event
    from workbench.archive import Archive

GOLDEN = Path(__file__).parents[2] / "golden" / "encrypted-v1"
"""An archive with its keys and, as no gateway has it, their identity; the key of `s3` is erased."""

ALICE = Client(session="s1")
BOB = Client(session="s2", subject="bob")
CARD = b'{"card":"4111"}'


def everything() -> Recording:
    """Record what of each kind there is that encryption touches."""
    recording = Recording()
    for client in (ALICE, BOB):
        recording.add(EventKind.SESSION_OPEN, client)
    recording.produce(ALICE, Place(first=5), batch(CARD, b"b"), batch(b"c", first=2))
    recording.end_block()
    whole = batch(CARD, b"b", first=5)
    transaction = BatchOptions(producer_id=9, is_transactional=True)
    aborted = batch(b"d", first=7, options=transaction)
    recording.deliver(BOB, Place(first=6), whole, aborted, control(8, 9, is_abort=True))
    recording.deliver(ALICE, Place(first=5), whole)
    recording.end_segment()
    recording.deliver(BOB, Place(first=5), whole, batch(b"e" * 99, b"f", first=9)[:-5])
    recording.commit(BOB, Place(first=7))
    metadata = {"group_id": "g", "protocols": [{"name": "range", "metadata": "QUFB"}]}
    recording.ask(BOB, ApiKey.JOIN_GROUP, metadata, response={"member_id": "m"})
    recording.produce(BOB, Place(topic="leak", first=0), batch(CARD))
    for client in (ALICE, BOB):
        recording.add(EventKind.SESSION_CLOSE, client, detail={"reason": "client_closed"})
    return recording


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


def write_golden(folder: Path) -> None:
    """Write an archive with three sessions and erase the key of the last."""
    recording = everything()
    recording.deliver(Client(session="s3"), Place(first=5), batch(CARD, first=5))
    encrypted = Encrypted(folder, recording)
    encrypted.erase("s3")
    for lock in folder.rglob("*.lock"):
        lock.unlink()


if __name__ == "__main__":
    if GOLDEN.exists():
        sys.exit(f"{GOLDEN} exists and must stay as it is")
    write_golden(GOLDEN)
