"""One small document over HTTPS: bounded in size and time, from the host that was named."""

from __future__ import annotations

import ssl
from http.client import HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT_BYTES_MAX = 1024 * 1024
TIMEOUT_SECONDS = 5.0
OK = 200


class FetchError(Exception):
    """The document could not be had; the text says from where and why."""


def trusting(ca: Path | None) -> ssl.SSLContext:
    """Make the settings for connections: the system's authorities, or those of a file (PEM)."""
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def fetch_document(url: str, context: ssl.SSLContext) -> bytes:
    """Get a document, without following redirects: keys come from nowhere else.

    Blocks; raises FetchError.
    """
    try:
        place = urlsplit(url)
        host, port = place.hostname, place.port
    except ValueError as error:
        raise FetchError(f"{url}: {error}") from None
    if place.scheme != "https" or host is None:
        raise FetchError(f"{url} is no https URL")
    connection = HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)
    try:
        path = (place.path or "/") + (f"?{place.query}" if place.query else "")
        connection.request("GET", path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        if answer.status != OK:
            raise FetchError(f"{url} answers {answer.status}")
        document = answer.read(DOCUMENT_BYTES_MAX + 1)
    except (OSError, HTTPException) as error:
        raise FetchError(f"{url}: {str(error) or type(error).__name__}") from None
    finally:
        connection.close()
    if len(document) > DOCUMENT_BYTES_MAX:
        raise FetchError(f"{url} answers more than {DOCUMENT_BYTES_MAX} bytes")
    return document
