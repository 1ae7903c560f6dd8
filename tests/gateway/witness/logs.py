"""Logs in folders that witnesses are asked about, and servers that ask nothing of the network."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from gateway.evidence.log.folder import CHECKPOINT, LogFolder
from gateway.evidence.log.note import decode_note
from gateway.evidence.log.writer import LogWriter
from gateway.witness.app import make_app
from gateway.witness.memory import Memory
from gateway.witness.witness import Witness
from tests.gateway.evidence.log.signed import LOG, RECORDER, WITNESS, signing
from tests.gateway.evidence.log.trees import entries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.evidence.log.note import Note


class GrowingLog:
    """A log that is signed at several sizes."""

    def __init__(self, folder: Path, *, salt: bytes = b"") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = LogFolder(folder / "log")
        self._writer = LogWriter(folder / "log", signing(folder), ())
        self._salt = salt

    def grow(self, size: int) -> Note:
        """Let it have that many entries, and return its checkpoint."""
        for entry in entries(size)[self._writer.size :]:
            self._writer.append(self._salt + entry)
        self._writer.checkpoint()
        return decode_note(self.folder.read(CHECKPOINT))


def witness(folder: Path) -> Witness:
    """Return a witness that knows the log."""
    return Witness(WITNESS, {LOG: [RECORDER.public]}, Memory(folder))


@contextmanager
def served(witness: Witness) -> Iterator[str]:
    """Serve a witness on a free port, and tell where."""
    config = uvicorn.Config(make_app(witness), host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
