"""The digest by which equal records are found, in whatever topic they stand."""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_LENGTH: Final = struct.Struct(">i")
_NULL: Final = _LENGTH.pack(-1)
_NO_HEADERS: Final = _LENGTH.pack(0)


def content_digest(
    key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes | None]] = ()
) -> bytes:
    """Return the SHA-256 over a record's key, value and headers.

    Each part is preceded by its length as four bytes, big-endian, -1 for null; the headers by their
    number. Two records have one digest exactly when a consumer cannot tell their contents apart.
    """
    named = tuple(headers)
    parts = _framed(key) + _framed(value) + (_LENGTH.pack(len(named)) if named else _NO_HEADERS)
    for name, header_value in named:
        parts += _framed(name.encode(errors="surrogateescape")) + _framed(header_value)
    return hashlib.sha256(parts).digest()


def _framed(part: bytes | None) -> bytes:
    return _NULL if part is None else _LENGTH.pack(len(part)) + part
