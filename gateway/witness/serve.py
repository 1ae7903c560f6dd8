"""Running a witness: its key, its memory, the logs that it knows, and the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

from gateway.evidence.errors import ArchiveError
from gateway.evidence.log.key_place import load_key
from gateway.evidence.log.keys import decode_vkey
from gateway.witness.app import make_app
from gateway.witness.memory import Memory
from gateway.witness.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gateway.evidence.log.keys import PublicKey


def serve(*, key: str, name: str, memory: Path, log_keys: Sequence[str], listen: str) -> None:
    """Serve until SIGTERM or SIGINT; raises EvidenceError and OSError before it begins."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal():
        raise ArchiveError(f"{listen!r} is no address to listen on: give HOST:PORT")
    logs: dict[str, list[PublicKey]] = {}
    for log_key in map(decode_vkey, log_keys):
        logs.setdefault(log_key.name, []).append(log_key)
    signer = load_key(key, name, is_cosigner=True)
    kept = Memory(memory)
    try:
        app = make_app(Witness(signer, logs, kept))
        uvicorn.run(app, host=host.strip("[]"), port=int(port), log_level="warning")
    finally:
        kept.close()
