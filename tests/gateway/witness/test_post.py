"""Whatever a server answers, or does not, ends soon: as an answer, or as one of two errors."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ProofError
from gateway.witness import post as module
from gateway.witness.post import Answer, post

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
PAUSE_SECONDS = 0.1
ELSEWHERE = b"HTTP/1.1 302 Found\r\nContent-Type: text/plain\r\nLocation: "


class Server:
    """Answers each request with the same bytes, and keeps what it was sent."""

    def __init__(self, content: bytes, slowly: bytes) -> None:
        self.asked: list[bytes] = []
        self._content = content
        self._slowly = slowly
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def serve(self) -> None:
        """Answer one request."""
        connection, _ = self._socket.accept()
        with connection, suppress(OSError):
            question = b""
            while not question.endswith(b"question"):
                question += connection.recv(65_536)
            self.asked.append(question)
            connection.sendall(self._content)
            for byte in self._slowly:
                time.sleep(PAUSE_SECONDS)
                connection.sendall(bytes([byte]))

    def close(self) -> None:
        """Answer no more."""
        self._socket.close()


@contextmanager
def answering(content: bytes, *, slowly: bytes = b"") -> Iterator[Server]:
    """Answer one request, with a last part that comes byte by byte."""
    server = Server(content, slowly)
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server
    thread.join()
    server.close()


def ask(url: str) -> Answer:
    """Post something."""
    return post(url, b"question", kind="text/x", bytes_max=10)


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (HEAD + b"\r\nyes", Answer(200, "text/plain", b"yes")),
        (HEAD + b"\r\n" + b"y" * 50, Answer(200, "text/plain", b"y" * 10)),
        (b"HTTP/1.1 503 Later\r\n\r\nno", Answer(503, "None", b"no")),
    ],
)
def test_an_answer_is_what_it_is(content: bytes, answer: Answer) -> None:
    """With every status, and never longer than asked for."""
    with answering(content) as server:
        found = ask(server.url)

    assert answer == found
    assert b"Content-Type: text/x\r\n" in server.asked[0]
    assert server.asked[0].endswith(b"\r\n\r\nquestion")


@pytest.mark.parametrize("where", [b"/", b"http://[", b"http://..example/", b"file:///etc/passwd"])
def test_nobody_is_sent_elsewhere(where: bytes) -> None:
    """To another place, or to one that is none: the answer is that there would be one."""
    with answering(ELSEWHERE + where + b"\r\n\r\n") as server:
        found = ask(server.url)

    assert Answer(302, "text/plain", b"") == found
    assert 1 == len(server.asked)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 503 Later\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"A: b\r\n" * 200 + b"\r\n",
    ],
)
def test_what_is_no_http_is_told(content: bytes) -> None:
    """In whichever part of the answer."""
    with answering(content) as server, pytest.raises(ProofError, match="does not answer as HTTP"):
        ask(server.url)


def test_what_is_no_address_is_told() -> None:
    """Such as a name in which two dots stand side by side; and where nobody listens, as it is."""
    with pytest.raises(ProofError, match="does not answer as HTTP"):
        ask("http://..example/")
    with pytest.raises(OSError, match="refused"):
        ask("http://127.0.0.1:1/")


@pytest.mark.parametrize("head", [b"", HEAD + b"\r\n"])
def test_an_answer_that_never_ends_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    """Every byte comes in time, but not all of them: of the head, or of the body."""
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 5 * PAUSE_SECONDS)
    with answering(head, slowly=HEAD) as server, pytest.raises(TimeoutError):
        post(server.url, b"question", kind="text/x", bytes_max=1_000)

    assert 1 == len(server.asked)
