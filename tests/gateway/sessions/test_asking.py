"""A gateway that cannot be asked, or that refuses, is told with its place."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from gateway.server.control import NAME, ControlRequest, reachable
from gateway.sessions.asking import NoAnswerError, ask

if TYPE_CHECKING:
    from pathlib import Path


def _asked(folder: Path, answer: bytes) -> dict[str, list[object]]:
    """Ask a gateway that answers as told."""
    with socket.socket(socket.AF_UNIX) as listening:
        with reachable(folder / NAME) as place:
            listening.bind(place)
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            return ask(folder, ControlRequest("list"))
        finally:
            thread.join()


def test_the_answer_is_given_back(tmp_path: Path) -> None:
    """As the gateway gave it."""
    assert {"sessions": [{"session": "s"}]} == _asked(
        tmp_path, b'{"sessions": [{"session": "s"}]}\n'
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(b'{"error": "no"}\n', "refuses: no"), (b"", "no gateway answers"), (b"x", "no gateway")],
)
def test_what_is_no_answer_is_told(tmp_path: Path, answer: bytes, expected: str) -> None:
    """With what to look for."""
    with pytest.raises(NoAnswerError, match=expected):
        _asked(tmp_path, answer)


def test_nobody_is_there(tmp_path: Path) -> None:
    """The place is named."""
    with pytest.raises(NoAnswerError, match=NAME):
        ask(tmp_path, ControlRequest("list"))
