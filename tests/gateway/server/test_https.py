"""A document comes from the host that was named, whole, small and soon, or not at all."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from gateway.server import https
from gateway.server.https import FetchError, fetch_document, trusting
from tests.gateway.server.https_server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.gateway.server.https_server import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A server with a few pages."""
    with serving(tmp_path) as site:
        site.pages["/good?x=1"] = (200, b"{}")
        site.pages["/"] = (200, b"root")
        site.pages["/moved"] = (302, f"{site.url}/good?x=1".encode())
        site.pages["/huge"] = (200, b"x" * (https.DOCUMENT_BYTES_MAX + 1))
        yield site


@pytest.mark.parametrize(("path", "expected"), [("/good?x=1", b"{}"), ("", b"root")])
def test_a_document_is_fetched(site: Site, path: str, expected: bytes) -> None:
    """From a server that the given authority vouches for."""
    assert fetch_document(site.url + path, trusting(site.ca)) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/moved", "answers 302"), ("/none", "answers 404"), ("/huge", "more than 1048576 bytes")],
)
def test_anything_else_is_no_document(site: Site, path: str, expected: str) -> None:
    """A redirect is not followed: it could lead anywhere."""
    with pytest.raises(FetchError, match=expected):
        fetch_document(site.url + path, trusting(site.ca))


def test_a_server_that_nobody_vouches_for_is_not_asked(site: Site) -> None:
    """Its certificate must be known, as one for this host."""
    with pytest.raises(FetchError, match="certificate verify failed"):
        fetch_document(f"{site.url}/good", trusting(None))
    with pytest.raises(FetchError, match=r"[Hh]ostname mismatch|not valid for"):
        fetch_document(f"{site.url.replace('127.0.0.1', 'localhost')}/", trusting(site.ca))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "127.0.0.1", "https:///x", "https://127.0.0.1:port/", "https://["]
)
def test_what_is_no_https_url_is_told(url: str) -> None:
    """Nothing is asked without TLS."""
    with pytest.raises(FetchError):
        fetch_document(url, trusting(None))


def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Soon enough for whoever waits."""
    monkeypatch.setattr(https, "TIMEOUT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(FetchError, match="timed out"):
            fetch_document(url, trusting(None))
