"""The control socket: what an operator on this machine asks of a gateway that runs.

A line of JSON in, a line of JSON back, over a unix socket that only the gateway's own user can
open: `{"command": "list"}`, or `{"command": "kill", "reason": ...}` with `sessions`, or `subject`
and `issuer`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from gateway.server.log import LogEvent
from gateway.session import signals as on

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from structlog.typing import FilteringBoundLogger

    from gateway.server.pump import Pump

NAME = "control.sock"
REQUEST_BYTES_MAX = 1024 * 1024
REQUEST_SECONDS = 10.0
# The field for it in the system's structure has 104 bytes or a few more (unix(7)).
PATH_BYTES_MAX = 100
REASON_CHARACTERS_MAX = 1_000


class ControlRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked; a session is killed when it is named, or is this principal's."""

    command: Literal["list", "kill"]
    sessions: tuple[str, ...] = ()
    subject: str | None = None
    issuer: str | None = None
    reason: str = ""


class Control:
    """Answers at the control socket, beside the traffic."""

    def __init__(self, pumps: Collection[Pump], directory: Path, log: FilteringBoundLogger) -> None:
        self._pumps = pumps
        self._path = directory / NAME
        self._log = log
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen; where that cannot be, say so and go on without."""
        listening = socket.socket(socket.AF_UNIX)
        try:
            with reachable(self._path) as place:
                # One that is left of an earlier run: this journal has one gateway.
                self._path.unlink(missing_ok=True)
                mask = os.umask(0o177)
                try:
                    listening.bind(place)
                finally:
                    os.umask(mask)
            self._server = await asyncio.start_unix_server(
                self._answer, sock=listening, limit=REQUEST_BYTES_MAX
            )
        except OSError as error:
            listening.close()
            self._log.warning(LogEvent.CONTROL_UNAVAILABLE, reason=f"{self._path}: {error}")

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                line = await reader.readline()
            answer = self._perform(line, _who(writer.get_extra_info("socket")))
            writer.write(msgspec.json.encode(answer) + b"\n")
            await writer.drain()
        except (OSError, ValueError, TimeoutError):
            # Whoever asked is gone, asked for nothing, or for too much.
            writer.transport.abort()
        finally:
            writer.close()

    def _perform(self, line: bytes, who: str) -> dict[str, object]:
        try:
            asked = msgspec.json.decode(line, type=ControlRequest)
        except msgspec.DecodeError as error:
            return {"error": str(error)}
        if asked.command == "list":
            return {"sessions": [pump.describe() for pump in self._pumps]}
        if not asked.sessions and asked.subject is None:
            return {"error": "name sessions, or a subject"}
        chosen = [pump for pump in self._pumps if _is_meant(pump.describe(), asked)]
        for pump in chosen:
            pump.tell(on.Kill(f"by {who}: {asked.reason[:REASON_CHARACTERS_MAX]}"))
        return {"killed": [pump.describe()["session"] for pump in chosen]}


def _is_meant(session: dict[str, object], asked: ControlRequest) -> bool:
    if session["session"] in asked.sessions:
        return True
    is_issuers = asked.issuer is None or session["issuer"] == asked.issuer
    return asked.subject is not None and session["subject"] == asked.subject and is_issuers


def _who(connection: socket.socket) -> str:
    """Tell who is at the other end, as far as the system says it."""
    if not hasattr(socket, "SO_PEERCRED"):
        return "the gateway's user"
    kind = struct.Struct("3i")
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, kind.size)
    process, user, _ = kind.unpack(raw)
    return f"user {user}, process {process}"


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """Give a socket's place in a form that is short enough for the system, where there is one."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        short = Path(f"/proc/self/fd/{folder}")
        is_long = len(os.fsencode(path)) > PATH_BYTES_MAX
        yield str(short / path.name if is_long and short.exists() else path)
    finally:
        os.close(folder)
