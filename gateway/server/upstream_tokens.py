"""Tokens with which the gateway logs in at the brokers, from an authorization server."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import ssl
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.config.sasl import TokenSasl

TIMEOUT_SECONDS = 10.0
ANSWER_BYTES_MAX = 256 * 1024
SECRET_BYTES_MAX = 4_096
# The rest of its life is for those who were given the token just before.
LIFE_SHARE = 0.8
# RFC 6749 section 5.1 only recommends to say how long a token lasts.
EXPIRES_IN_SECONDS = 300.0
_ERROR_CODE = re.compile(r"[a-z_]{1,40}")


class CredentialError(Exception):
    """The gateway's own credentials cannot be had; the message names the file or the server."""


def read_secret(file: Path) -> str:
    """Read a password from a file, without the line's end; raises CredentialError."""
    try:
        with file.open("rb") as stream:
            secret = stream.read(SECRET_BYTES_MAX + 1).decode().rstrip("\r\n")
    except OSError as error:
        raise CredentialError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CredentialError(f"{file} is no text") from None
    if not secret or len(secret) > SECRET_BYTES_MAX:
        raise CredentialError(f"{file} holds no password, or more than one")
    return secret


class TokenSource:
    """Keeps one token, and fetches the next before it expires, once for all who wait."""

    def __init__(self, options: TokenSasl) -> None:
        self._options = options
        self._token = ""
        self._renew_at = self._expires_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def token(self) -> str:
        """Return a token that is good for a while; raises CredentialError."""
        loop = asyncio.get_running_loop()
        async with self._fetching:
            if loop.time() < self._renew_at:
                return self._token
            asked_at = loop.time()
            try:
                token, seconds = await loop.run_in_executor(None, fetch_token, self._options)
            except CredentialError:
                if loop.time() < self._expires_at:
                    return self._token
                raise
            self._token = token
            self._renew_at = asked_at + seconds * LIFE_SHARE
            self._expires_at = asked_at + seconds
            return token


def fetch_token(options: TokenSasl) -> tuple[str, float]:
    """Ask for a token and tell how many seconds it lasts; blocks, and raises CredentialError."""
    secret = read_secret(options.client_secret_file)
    form = {"grant_type": "client_credentials"}
    if options.scope is not None:
        form["scope"] = options.scope
    login = f"{quote(options.client_id, safe='')}:{quote(secret, safe='')}".encode()
    headers = {
        "Authorization": f"Basic {base64.b64encode(login).decode()}",
        "Accept": "application/json",
    }
    try:
        context = ssl.create_default_context(cafile=options.ca)
        answer = _post(options.token_url, urlencode(form).encode(), headers, context)
        return _read_answer(answer)
    except HTTPError as error:
        with error:
            reason = f"HTTP {error.code} {_error_code(error.read(ANSWER_BYTES_MAX))}".strip()
        raise CredentialError(f"{options.token_url} gave no token: {reason}") from None
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        reason = str(error) if isinstance(error, OSError) else "its answer is no token"
        raise CredentialError(f"{options.token_url} gave no token: {reason}") from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The secret goes where the operator said, and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        """Follow no redirect."""


def _post(url: str, form: bytes, headers: dict[str, str], context: ssl.SSLContext) -> bytes:
    request = urllib.request.Request(url, form, headers)  # noqa: S310 - the operator's own address
    handlers: list[Callable[[], urllib.request.BaseHandler]] = [_NoRedirect]
    opener = urllib.request.build_opener(*handlers, urllib.request.HTTPSHandler(context=context))
    with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
        content: bytes = answer.read(ANSWER_BYTES_MAX + 1)
    return content


def _read_answer(content: bytes) -> tuple[str, float]:
    answer = json.loads(content)
    token = answer["access_token"]
    seconds = float(answer.get("expires_in", EXPIRES_IN_SECONDS))
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise ValueError("no token")
    return token, seconds


def _error_code(content: bytes) -> str:
    """Return the code that RFC 6749 section 5.2 gives, and nothing else of what came."""
    try:
        found = str(json.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        return ""
    return found if _ERROR_CODE.fullmatch(found) else ""
