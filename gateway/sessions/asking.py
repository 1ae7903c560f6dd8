"""Asking a gateway that runs."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import msgspec

from gateway.server.control import NAME, ControlRequest, reachable

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_SECONDS = 30.0


class NoAnswerError(Exception):
    """The gateway cannot be asked, or refuses; the text says why and what to do."""


def ask(journal: Path, request: ControlRequest) -> dict[str, list[object]]:
    """Ask the gateway whose journal lies in a folder; raises NoAnswerError."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(TIMEOUT_SECONDS)
        with reachable(journal / NAME) as place:
            connection.connect(place)
        connection.sendall(msgspec.json.encode(request) + b"\n")
        with connection.makefile("rb") as stream:
            line = stream.readline()
        answer = msgspec.json.decode(line, type=dict[str, object])
    except (OSError, msgspec.DecodeError) as error:
        raise NoAnswerError(
            f"no gateway answers at {journal / NAME} ({error}): does it run, and as this user?"
        ) from None
    finally:
        connection.close()
    if "error" in answer:
        raise NoAnswerError(f"the gateway refuses: {answer['error']}")
    return {key: value for key, value in answer.items() if isinstance(value, list)}
