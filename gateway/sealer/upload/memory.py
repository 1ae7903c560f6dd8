"""What was put into the bucket: a file beside the journal, outside of the evidence.

When it is lost, everything is offered to the bucket again, which has it already; nothing is put
twice. So it need not be synced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.errors import UNREADABLE_JSON

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "uploaded.jsonl"


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """One version in the bucket, as it was read back."""

    path: str
    version: str
    sha256: str
    byte_count: int
    until: str
    """Until when nobody can delete it, RFC 3339."""


class UploadMemory:
    """Remembers the newest version put of each file."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME
        self._puts: dict[str, Put] = {}
        self._load()

    def find(self, path: str) -> Put | None:
        """Return what was put last of a file."""
        return self._puts.get(path)

    def add(self, put: Put) -> None:
        """Remember a version."""
        self._puts[put.path] = put
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(put) + b"\n")

    def _load(self) -> None:
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        for line in lines:
            try:
                put = msgspec.json.decode(line, type=Put)
            except UNREADABLE_JSON:
                continue  # Cut short by a crash.
            self._puts[put.path] = put
        # Written anew, with one line for each file and a whole last one.
        content = b"".join(msgspec.json.encode(put) + b"\n" for put in self._puts.values())
        temporary = self._path.with_suffix(".new")
        temporary.write_bytes(content)
        temporary.rename(self._path)
