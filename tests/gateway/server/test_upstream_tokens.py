"""Tokens for the gateway itself: asked for once, kept while good, and never told."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from gateway.config.sasl import TokenSasl
from gateway.server.upstream_tokens import (
    SECRET_BYTES_MAX,
    CredentialError,
    TokenSource,
    read_secret,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GOOD = (200, b'{"access_token": "abc", "expires_in": 60}')


class Server:
    """An authorization server that answers as told."""

    def __init__(self) -> None:
        self.answers = [GOOD]
        self.asked: list[str] = []
        self.url = ""


@contextmanager
def serving() -> Iterator[Server]:
    """Serve on a free port."""
    state = Server()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            state.asked.append(f"{self.path} {form}")
            status, content = state.answers[min(len(state.asked), len(state.answers)) - 1]
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    state.url = f"http://127.0.0.1:{http.server_port}/token"
    threading.Thread(target=http.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        http.shutdown()
        http.server_close()


def source(server: Server, folder: Path) -> TokenSource:
    """Make a source of tokens from a server."""
    file = folder / "secret"
    file.write_text("s3cret\n")
    return TokenSource(
        TokenSasl(
            mechanism="OAUTHBEARER", token_url=server.url, client_id="g", client_secret_file=file
        )
    )


async def test_a_token_is_fetched_once_for_all(tmp_path: Path) -> None:
    """However many connections want one at the same time, and later."""
    with serving() as server:
        tokens = source(server, tmp_path)
        found = await asyncio.gather(*(tokens.token() for _ in range(5)))

        assert ["abc"] * 5 == [*found[:4], await tokens.token()]
        assert ["/token grant_type=client_credentials"] == server.asked


async def test_the_next_token_is_fetched_before_the_old_one_expires(tmp_path: Path) -> None:
    """A fifth of its life is left for those who were given it."""
    with serving() as server:
        server.answers = [(200, b'{"access_token": "a", "expires_in": 60}'), GOOD]
        tokens = source(server, tmp_path)
        now = asyncio.get_running_loop().time()
        first = await tokens.token()
        left = tokens._expires_at - tokens._renew_at
        tokens._renew_at = now

        assert ("a", "abc") == (first, await tokens.token())
        assert 12 == round(left)


async def test_an_outage_is_bridged_while_the_token_is_good(tmp_path: Path) -> None:
    """And told when it is not."""
    with serving() as server:
        server.answers = [(200, b'{"access_token": "a", "expires_in": 60}'), (503, b"")]
        tokens = source(server, tmp_path)
        now = asyncio.get_running_loop().time()
        first = await tokens.token()
        tokens._renew_at = now
        second = await tokens.token()
        tokens._expires_at = now

        assert ("a", "a") == (first, second)
        with pytest.raises(CredentialError, match=f"^{server.url} gave no token: HTTP 503$"):
            await tokens.token()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((401, b'{"error": "invalid_client"}'), "HTTP 401 invalid_client"),
        ((400, b'{"error": "see s3cret"}'), "HTTP 400"),
        ((400, b"no JSON"), "HTTP 400"),
        ((307, b""), "HTTP 307"),
        ((200, b"no JSON"), "its answer is no token"),
        ((200, b"[]"), "its answer is no token"),
        ((200, b'{"token": 1}'), "its answer is no token"),
        ((200, b'{"access_token": 1}'), "its answer is no token"),
        ((200, b'{"access_token": "a\\u0001b"}'), "its answer is no token"),
        ((200, b'{"access_token": ""}'), "its answer is no token"),
    ],
)
async def test_a_server_that_gives_no_token_is_told(
    tmp_path: Path, answer: tuple[int, bytes], told: str
) -> None:
    """By its URL and its code, without what it repeats; redirects are not followed."""
    with serving() as server:
        server.answers = [answer]
        with pytest.raises(CredentialError) as caught:
            await source(server, tmp_path).token()

    assert f"{server.url} gave no token: {told}" == str(caught.value)
    assert 1 == len(server.asked)


async def test_a_server_that_is_away_is_told(tmp_path: Path) -> None:
    """As a broker is."""
    server = Server()
    server.url = "http://127.0.0.1:1/token"
    with pytest.raises(CredentialError, match=r"127.0.0.1:1/token gave no token: .*refused"):
        await source(server, tmp_path).token()


def test_a_secret_ends_before_the_line_does(tmp_path: Path) -> None:
    """Editors end files with a line's end; blanks belong to the secret."""
    file = tmp_path / "secret"
    file.write_bytes(b" a b \r\n")

    assert " a b " == read_secret(file)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file"),
        (b"\xff\n", "is no text"),
        (b"\n", "holds no password"),
        (b"x" * (SECRET_BYTES_MAX + 1), "or more than one"),
    ],
)
def test_a_file_without_a_secret_is_named(tmp_path: Path, content: bytes | None, told: str) -> None:
    """And not shown."""
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CredentialError, match=f"secret .*{told}"):
        read_secret(file)
