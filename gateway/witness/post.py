"""Asking somebody else over HTTP, who may answer anything, or never come to an end."""

from __future__ import annotations

import io
import time
import urllib.request
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.evidence.errors import ProofError

if TYPE_CHECKING:
    import socket

    from _typeshed import WriteableBuffer

OK: Final = 200
# To connect, and then again for the whole answer.
TIMEOUT_SECONDS: Final = 10.0


class Answer(NamedTuple):
    """What was answered; `kind` is the content type as the server writes it."""

    status: int
    kind: str
    body: bytes


def post(url: str, content: bytes, *, kind: str, bytes_max: int) -> Answer:
    """Post something, and return the answer with its body as far as `bytes_max`.

    Redirects are answers like others. Raises ProofError when what comes is no HTTP, and OSError
    when nobody is reached or the whole answer is not there in time; nothing else, whatever comes.
    """
    request = urllib.request.Request(url, content, {"Content-Type": kind})  # noqa: S310 - the operator's own address
    try:
        with _opener().open(request, timeout=TIMEOUT_SECONDS) as answer:
            kind = str(answer.headers["Content-Type"])
            return Answer(answer.status, kind, answer.read(bytes_max))
    except (HTTPException, ValueError) as error:
        raise ProofError(f"{url} does not answer as HTTP: {error!r}") from error


def _opener() -> urllib.request.OpenerDirector:
    # Only what is needed: the library's own opener follows redirects to wherever they lead.
    opener = urllib.request.OpenerDirector()
    for handler in (urllib.request.ProxyHandler(), _Http(), _Https()):
        opener.add_handler(handler)
    opener.add_handler(urllib.request.UnknownHandler())
    return opener


class _Http(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> HTTPResponse:
        return self.do_open(partial(_connection, HTTPConnection), request)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> HTTPResponse:
        return self.do_open(partial(_connection, HTTPSConnection), request)


def _connection(kind: type[HTTPConnection], host: str, *, timeout: float) -> HTTPConnection:
    connection = kind(host, timeout=timeout)
    connection.response_class = _TimedResponse
    return connection


class _TimedResponse(HTTPResponse):
    """Has a time for all of it; the socket's own counts anew with every byte."""

    def __init__(self, sock: socket.socket, debuglevel: int = 0, method: str | None = None) -> None:
        super().__init__(sock, debuglevel, method)
        self.fp = io.BufferedReader(_Timed(sock, self.fp))


class _Timed(io.RawIOBase):
    def __init__(self, sock: socket.socket, file: io.BufferedReader) -> None:
        self._socket = sock
        self._file = file
        self._deadline = time.monotonic() + TIMEOUT_SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"the answer was not whole after {TIMEOUT_SECONDS:.0f} s")
        self._socket.settimeout(left)
        return self._file.raw.readinto(memoryview(buffer))

    def close(self) -> None:
        self._file.close()
        super().close()
