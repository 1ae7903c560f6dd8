"""Running a witness: its key, its memory, the logs that it knows, and the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

from gateway.evidence.errors import ArchiveError
from gateway.evidence.log.keys import decode_vkey
from gateway.evidence.log.signing import load_signer
from gateway.witness.app import make_app
from gateway.witness.memory import Memory
from gateway.witness.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gateway.evidence.log.keys import PublicKey


def serve(*, key_file: Path, name: str, memory: Path, log_keys: Sequence[str], listen: str) -> None:
    """Serve until SIGTERM or SIGINT; raises EvidenceError and OSError before it begins."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal():
        raise ArchiveError(f"{listen!r} is no address to listen on: give HOST:PORT")
    logs: dict[str, list[PublicKey]] = {}
    for key in map(decode_vkey, log_keys):
        logs.setdefault(key.name, []).append(key)
    signer = load_signer(key_file, name, is_cosigner=True)
    kept = Memory(memory)
    try:
        app = make_app(Witness(signer, logs, kept))
        uvicorn.run(app, host=host.strip("[]"), port=int(port), log_level="warning")
    finally:
        kept.close()
